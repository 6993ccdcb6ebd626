"""The form of a clip's or a pair's page, as a browser sends it and in the store's words."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from study_core.participation import TrialsConfig
from study_server.services import Answer

LONGEST_S = 24 * 3600
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Level = Annotated[int, Field(ge=1)]
SECOND = "second_"
"""What the names of the facts about a pair's second clip begin with."""


class AnswerForm(BaseModel):
    """What every such form tells: how the clip was listened to, and whether its tune is known."""

    knows_tune: bool = False
    heard_s: Seconds | None = None
    n_plays: Count | None = None
    stalls: Count | None = None
    load_errors: Count | None = None
    coverage: Share | None = None
    output_latency_s: Seconds | None = None
    answer_time_s: Seconds | None = None
    hidden_count: Count | None = None

    def fits(self, trials: TrialsConfig) -> bool:
        """Tell whether the answer is one that the page offers."""
        raise NotImplementedError

    def to_answers(self, language: str) -> tuple[Answer, ...]:
        """Return the answer to each of the page's clips."""
        raise NotImplementedError


class SureForm(AnswerForm):
    """What also tells how sure the listener is."""

    confidence: Level

    def fits(self, trials: TrialsConfig) -> bool:
        """Tell whether there is such a level of confidence."""
        return self.confidence <= trials.confidence_levels


class OneClipForm(SureForm):
    """Who composed one clip."""

    answer: Literal["human", "computer"]

    def to_answers(self, language: str) -> tuple[Answer, ...]:
        """Return the answer to the clip."""
        facts = self.model_dump(exclude={"answer"})
        return (Answer(judged_human=self.answer == "human", language=language, **facts),)


class PairForm(SureForm):
    """Which of two clips is the human one."""

    answer: Literal["first", "second"]
    second_heard_s: Seconds | None = None
    second_n_plays: Count | None = None
    second_stalls: Count | None = None
    second_load_errors: Count | None = None
    second_coverage: Share | None = None

    def to_answers(self, language: str) -> tuple[Answer, ...]:
        """Return the answers to both clips: one human, one not; facts about the page stand in both."""
        facts = self.model_dump(exclude={"answer"})
        own = {name.removeprefix(SECOND): facts.pop(name) for name in [*facts] if name.startswith(SECOND)}
        chose_first = self.answer == "first"
        return (
            Answer(judged_human=chose_first, language=language, **facts),
            Answer(judged_human=not chose_first, language=language, **facts | own),
        )


class RatingForm(AnswerForm):
    """How good a clip is."""

    rating: Level

    def fits(self, trials: TrialsConfig) -> bool:
        """Tell whether there is such a rating."""
        return self.rating <= trials.rating_levels

    def to_answers(self, language: str) -> tuple[Answer, ...]:
        """Return the answer to the clip."""
        return (Answer(language=language, **self.model_dump()),)
