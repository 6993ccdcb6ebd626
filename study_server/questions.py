"""What is asked before and after the trials: named questions, and the researcher's own.

`musical_training` is the Musical Training subscale of the Goldsmiths Musical Sophistication Index
(Müllensiefen, Gingras, Musil & Stewart 2014, doi 10.1371/journal.pone.0089642): seven items of seven points,
two of them reversed; the sum runs from 7 to 49. The English items are the published ones; for a study whose
result rests on the score in another language, put the published translation into `translations/`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from study_core.participation import OwnQuestion, QuestionsConfig, Text
from study_server.i18n import mark as _

LONGEST_ANSWER = 2000
JOINT = ";"
YEARS = ("0", "1", "2", "3", "4-5", "6-9", _("10 or more"))
AGREEMENT = (
    _("Completely disagree"),
    _("Strongly disagree"),
    _("Disagree"),
    _("Neither agree nor disagree"),
    _("Agree"),
    _("Strongly agree"),
    _("Completely agree"),
)
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64")
REVERSED_ITEMS = ("training_complimented", "training_not_musician")
Kind = Literal["single", "multiple", "number", "text", "scale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; its texts are in English, or one per language."""

    question_id: str
    kind: Kind
    ask: Text
    options: tuple[tuple[str, Text], ...] = ()
    """What is stored, and what is read."""
    minimum: int | None = None
    maximum: int | None = None
    labels: tuple[Text, Text] = ("", "")
    is_required: bool = True

    def read(self, given: list[str]) -> str | None:
        """Return what is stored for the values of a form, or None where they are no answer."""
        values = [value.strip() for value in given if value.strip()]
        if not values:
            return None if self.is_required else ""
        if self.kind == "text":
            return values[0][:LONGEST_ANSWER]
        if self.kind == "number":
            return self._read_number(values[0])
        known = {stored for stored, _text in self.options}
        is_sound = set(values) <= known and (self.kind == "multiple" or len(values) == 1)
        return JOINT.join(dict.fromkeys(values)) if is_sound else None

    def _read_number(self, text: str) -> str | None:
        if not re.fullmatch(r"-?\d{1,9}", text) or not text.isascii():
            return None
        lowest = self.minimum if self.minimum is not None else int(text)
        highest = self.maximum if self.maximum is not None else int(text)
        return str(int(text)) if lowest <= int(text) <= highest else None


@dataclass(frozen=True, slots=True)
class Page:
    """Questions that are asked together."""

    heading: str
    lead: str
    questions: tuple[Question, ...]


def list_pages(
    config: QuestionsConfig, when: Literal["before", "after"], *, are_clips_rated: bool = False
) -> list[Page]:
    """Return the pages of questions before or after the trials; the scale has a page of its own.

    Who rated clips was not asked what they take for human, and so is not asked what gave it away.
    """
    named = NAMED | {"gave_it_away": AFTER_RATINGS} if are_clips_rated else NAMED
    own = {question.id: _take(question) for question in config.own}
    heading = _("A few questions about you") if when == "before" else _("One last thing")
    pages: list[Page] = []
    for name in getattr(config, when):
        if name == "musical_training":
            pages.append(Page(_("You and music"), _("What fits you best?"), TRAINING))
            continue
        question = named.get(name) or own[name]
        if pages and pages[-1].heading == heading:
            pages[-1] = Page(heading, "", (*pages[-1].questions, question))
        else:
            pages.append(Page(heading, "", (question,)))
    return pages


def score_training(answers: Mapping[str, str]) -> int | None:
    """Return the sum of the seven items, 7 to 49, or None where one is missing."""
    points = [answers.get(question.question_id, "") for question in TRAINING]
    if not all(points):
        return None
    reverse = (question.question_id in REVERSED_ITEMS for question in TRAINING)
    return sum(8 - int(p) if is_reversed else int(p) for p, is_reversed in zip(points, reverse, strict=True))


def _take(own: OwnQuestion) -> Question:
    """Return the researcher's question; a scale's points are options like any."""
    options = tuple(own.options.items())
    if own.type == "scale":
        lowest = own.minimum if own.minimum is not None else 1
        highest = own.maximum if own.maximum is not None else 7
        options = tuple((str(point), str(point)) for point in range(lowest, highest + 1))
    return Question(
        question_id=own.id,
        kind=own.type,
        ask=own.ask,
        options=options,
        minimum=own.minimum,
        maximum=own.maximum,
        labels=own.labels,
        is_required=own.required,
    )


def _rate(question_id: str, ask: str, steps: Iterable[str]) -> Question:
    """Return an item of seven steps, stored as 1 to 7."""
    options = tuple((str(point), step) for point, step in enumerate(steps, start=1))
    return Question(question_id=question_id, kind="single", ask=ask, options=options)


TRAINING = (
    _rate(
        "training_practice_years",
        _("I engaged in regular, daily practice of a musical instrument (including voice) for … years."),
        YEARS,
    ),
    _rate(
        "training_peak_hours",
        _("At the peak of my interest, I practiced … hours per day on my primary instrument."),
        ("0", "0.5", "1", "1.5", "2", "3-4", _("5 or more")),
    ),
    _rate(
        "training_complimented",
        _("I have never been complimented for my talents as a musical performer."),
        AGREEMENT,
    ),
    _rate(
        "training_theory_years",
        _("I have had formal training in music theory for … years."),
        ("0", "0.5", "1", "2", "3", "4-6", _("7 or more")),
    ),
    _rate(
        "training_lessons_years",
        _(
            "I have had … years of formal training on a musical instrument (including voice) during my "
            "lifetime."
        ),
        ("0", "0.5", "1", "2", "3-5", "6-9", _("10 or more")),
    ),
    _rate(
        "training_instruments",
        _("I can play … musical instruments."),
        ("0", "1", "2", "3", "4", "5", _("6 or more")),
    ),
    _rate("training_not_musician", _("I would not consider myself a musician."), AGREEMENT),
)
NAMED = {
    question.question_id: question
    for question in (
        Question(
            question_id="age_band",
            kind="single",
            ask=_("How old are you?"),
            options=(
                ("under_18", _("Under 18")),
                *((age.replace("-", "_"), age) for age in AGES),
                ("65_or_more", _("65 or more")),
                ("not_said", _("I prefer not to say")),
            ),
        ),
        Question(
            question_id="pokemon_games",
            kind="number",
            ask=_("About how many Pokémon games have you played? Write 0 if none."),
            minimum=0,
            maximum=200,
        ),
        Question(
            question_id="gave_it_away",
            kind="text",
            ask=_("What gave it away? What did you listen for when you decided?"),
            is_required=False,
        ),
    )
}
AFTER_RATINGS = Question(
    question_id="gave_it_away",
    kind="text",
    ask=_("What did you listen for when you rated the clips?"),
    is_required=False,
)
