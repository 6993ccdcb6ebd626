"""What listeners can be asked: a record per paradigm, with its question, its form, its data and its analysis.

`yes_no`: one clip, human or computer? `two_afc`: a pair of a human and a generated clip, which is the human
one? `rating`: one clip, how good is it? A rating study does not say that computers compose until its end, so
it has no practice with feedback and no score: there is nothing to be right about.
"""

from dataclasses import dataclass
from typing import Literal

from study_core.participation import Paradigm as Name
from study_core.participation import Text, TrialsConfig
from study_server.answer_forms import AnswerForm, OneClipForm, PairForm, RatingForm
from study_server.i18n import mark as _


@dataclass(frozen=True, slots=True)
class Paradigm:
    """A way to ask about clips."""

    name: Name
    question: str
    """What is asked on every page."""
    problem: str
    """What is said where the answer is incomplete."""
    form: type[AnswerForm]
    columns: tuple[str, ...]
    """The columns of the data set that hold its answers, and no other paradigm's."""
    analysis: Literal["yes_no", "pairs", "ratings"]
    """What `study analyze` takes such a data set for."""
    is_scored: bool = True
    """Whether an answer is right or wrong."""


PARADIGMS: dict[Name, Paradigm] = {
    paradigm.name: paradigm
    for paradigm in (
        Paradigm(
            name="yes_no",
            question=_("Who composed it?"),
            problem=_("Choose who composed it and how sure you are."),
            form=OneClipForm,
            columns=("judged_human",),
            analysis="yes_no",
        ),
        Paradigm(
            name="two_afc",
            question=_("Which one did a human compose?"),
            problem=_("Choose A or B and how sure you are."),
            form=PairForm,
            columns=("second_stimulus_id", "second_clip_id", "second_system", "chose_first"),
            analysis="pairs",
        ),
        Paradigm(
            name="rating",
            question=_("How good is this music?"),
            problem=_("Choose a rating."),
            form=RatingForm,
            columns=("rating",),
            analysis="ratings",
            is_scored=False,
        ),
    )
}
RATING_LABELS = _("bad"), _("excellent")
"""The ends of the scale, as in mean opinion scores (ITU-T P.800)."""


def find_question(trials: TrialsConfig) -> Text:
    """Return what a study asks on every page; of ratings, the researcher's own question if there is one."""
    own = trials.rating_ask if trials.paradigm == "rating" else None
    return own or PARADIGMS[trials.paradigm].question


def find_labels(trials: TrialsConfig) -> tuple[Text, Text]:
    """Return what the lowest and the highest rating mean."""
    return trials.rating_labels or RATING_LABELS
