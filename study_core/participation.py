"""config.yaml's sections on who takes part, and what participants go through."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from study_core.languages import LANGUAGES, Tongue
from study_core.section import Section
from study_core.types import HUMAN, HUMAN_SYSTEMS

NAMED_QUESTIONS = ("age_band", "musical_training", "pokemon_games", "gave_it_away")
SCALE_PREFIX = "training_"
"""Of the ids of the musical training scale's items."""
SCREENING_TRIALS = 6
Text = str | dict[str, str]
"""A text for all languages, or one per language; a language that is missing gets the first."""
PositiveInt = Annotated[int, Field(gt=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Paradigm = Literal["yes_no", "two_afc", "rating"]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")]


class TrialsConfig(Section):
    """What one participant hears, and is asked about it."""

    paradigm: Paradigm = "yes_no"
    per_participant: dict[str, Annotated[int, Field(ge=1)]] = Field(default={HUMAN: 10, "lstm": 5, "gan": 5})
    longest_run: PositiveInt = 4
    listen_s: Annotated[float, Field(ge=0)] = 5
    confidence_levels: Annotated[int, Field(ge=2, le=7)] = 4
    rating_levels: Literal[5, 7] = 5
    rating_ask: Text | None = None
    rating_labels: tuple[Text, Text] | None = None
    break_after: PositiveInt | None = 10
    repeats: Annotated[int, Field(ge=0)] = 0
    catch: tuple[str, ...] = ()
    catch_wrong: PositiveInt = 2
    lease_minutes: PositiveInt = 60

    @model_validator(mode="after")
    def _repeat_and_catch_what_is_heard(self) -> Self:
        unheard = sorted(set(self.catch) - set(self.per_participant) | {HUMAN} & set(self.catch))
        if unheard:
            raise ValueError(
                f"catch names {', '.join(unheard)}; it takes generators of per_participant "
                f"({', '.join(sorted(set(self.per_participant) - {HUMAN}))})"
            )
        judged = sum(n for system, n in self.per_participant.items() if system not in self.catch)
        unit = "pairs" if self.clips_per_page > 1 else "clips"
        if unit == "pairs":
            judged -= self.n_human
        if 2 * self.repeats > judged:
            raise ValueError(f"repeats {self.repeats} of {judged} {unit}, but at most half come again")
        return self

    @model_validator(mode="after")
    def _pair_human_with_generated_clips(self) -> Self:
        n_generated = sum(self.per_participant.values()) - self.n_human
        if self.paradigm == "two_afc" and self.n_human != n_generated:
            raise ValueError(
                f"two_afc pairs each human clip with a generated one, but per_participant has {self.n_human} "
                f"human and {n_generated} generated clips"
            )
        return self

    @property
    def n_human(self) -> int:
        """Clips by people that one participant hears."""
        return sum(n for system, n in self.per_participant.items() if system in HUMAN_SYSTEMS)

    @property
    def clips_per_page(self) -> int:
        """Clips that are heard on one page, and answered together: two of a pair."""
        return 2 if self.paradigm == "two_afc" else 1

    @property
    def n_pages(self) -> int:
        """Pages of one session's trials: clips, or pairs."""
        return sum(self.per_participant.values()) // self.clips_per_page + self.repeats


class ScreeningConfig(Section):
    """Which headphone screenings come before the trials, and what passes them."""

    tests: tuple[Literal["antiphase", "huggins"], ...] = ()
    antiphase_pass: Annotated[int, Field(ge=1, le=SCREENING_TRIALS)] = 5
    huggins_pass: Annotated[int, Field(ge=1, le=SCREENING_TRIALS)] = 6
    attempts: Annotated[int, Field(ge=1, le=5)] = 2
    on_fail: Literal["end", "go_on"] = "end"

    @model_validator(mode="after")
    def _name_tests_once(self) -> Self:
        if len(set(self.tests)) < len(self.tests):
            raise ValueError(f"tests names one twice: {', '.join(self.tests)}")
        return self

    def find_pass_mark(self, test: str) -> int:
        """Return how many of the six answers of a test must be right."""
        return self.antiphase_pass if test == "antiphase" else self.huggins_pass


class PracticeConfig(Section):
    """Clips with feedback before the trials; they are set aside and never part of the trials."""

    trials: Annotated[int, Field(ge=0, le=6)] = 2


class OwnQuestion(Section):
    """A question of the researcher's own."""

    id: Name
    type: Literal["single", "multiple", "number", "text", "scale"]
    ask: Text
    options: dict[Name, Text] = Field(default={})
    """Of `single` and `multiple`: what is stored, and what participants read."""
    minimum: int | None = None
    """Of `number` and `scale`; a scale without one begins at 1."""
    maximum: int | None = None
    """Of `number` and `scale`; a scale without one ends at 7."""
    labels: tuple[Text, Text] = ("", "")
    """Of `scale`: what its lowest and its highest point mean."""
    required: bool = True

    @model_validator(mode="after")
    def _ask_what_can_be_answered(self) -> Self:
        if self.id.startswith(SCALE_PREFIX):
            raise ValueError(f"{self.id}: ids that begin with {SCALE_PREFIX} are those of musical_training")
        if (self.type in ("single", "multiple")) != (len(self.options) >= 2):  # noqa: PLR2004 (a choice)
            raise ValueError(f"{self.id}: a question of type {self.type} has {len(self.options)} options")
        lowest, highest = self.minimum, self.maximum
        if self.type == "scale":
            lowest, highest = lowest if lowest is not None else 1, highest if highest is not None else 7
            if not 2 <= highest - lowest + 1 <= 11:  # noqa: PLR2004 (what fits on a phone)
                raise ValueError(f"{self.id}: a scale has 2 to 11 points")
        if lowest is not None and highest is not None and lowest > highest:
            raise ValueError(f"{self.id}: minimum is above maximum")
        return self


class QuestionsConfig(Section):
    """What is asked before and after the trials: named questions and the researcher's own."""

    before: tuple[str, ...] = ("age_band", "pokemon_games", "musical_training")
    after: tuple[str, ...] = ("gave_it_away",)
    own: tuple[OwnQuestion, ...] = ()

    @model_validator(mode="after")
    def _ask_what_is_known(self) -> Self:
        own = [question.id for question in self.own]
        asked = [*self.before, *self.after]
        doubled = [name for name, n in Counter([*NAMED_QUESTIONS, *own]).items() if n > 1]
        doubled += [name for name, n in Counter(asked).items() if n > 1]
        if doubled:
            raise ValueError(f"there twice: {', '.join(doubled)}")
        unknown = [name for name in asked if name not in (*NAMED_QUESTIONS, *own)]
        if unknown:
            raise ValueError(
                f"no such question: {', '.join(unknown)}; there are {', '.join([*NAMED_QUESTIONS, *own])}"
            )
        return self


class DebriefingConfig(Section):
    """What participants see at the end."""

    reveal: bool = True
    share_card: bool = False


class RecruitmentConfig(Section):
    """Whom the study wants, and when it has enough of them."""

    target_participants: PositiveInt = 40
    contact: str = "the researcher who gave you this link"
    minutes: PositiveInt = 10
    reward: str | None = None
    consent: str | None = None
    languages: Annotated[tuple[Tongue, ...], Field(min_length=1)] = LANGUAGES
    listed: bool = False
    id_parameter: str | None = "PROLIFIC_PID"
    keep_ids_days: PositiveInt = 90
    completion_code: str | None = None
    completion_url: WebAddress | None = None
    screened_out_code: str | None = None
    screened_out_url: WebAddress | None = None
    failed_attention_code: str | None = None
    failed_attention_url: WebAddress | None = None
