"""Two studies compared, whatever both asked: each through its own exclusions, then by the paradigm's way."""

from collections.abc import Callable

from analysis.findings import Study, study_responses
from analysis.paradigms import PairStudy, RatingStudy, study_pairs, study_ratings
from analysis.replication import FIRST, SECOND, Replication, compare_studies
from analysis.replication_pairs import compare_pairs
from analysis.replication_ratings import compare_ratings
from analysis.responses import Paradigm, Responses
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError

AnyStudy = Study | PairStudy | RatingStudy
ASKED = {
    "yes_no": "who composed single clips",
    "pairs": "which clip of a pair is the human one",
    "ratings": "how good clips are",
}
STUDY: dict[Paradigm, Callable[[Responses, AnalysisConfig], AnyStudy]] = {
    "yes_no": study_responses,
    "pairs": study_pairs,
    "ratings": study_ratings,
}
COMPARE = {"yes_no": compare_studies, "pairs": compare_pairs, "ratings": compare_ratings}


def compare_responses(
    first: Responses, second: Responses, config: AnalysisConfig, *, same_clips: bool
) -> tuple[Replication, tuple[AnyStudy, AnyStudy]]:
    """Return two studies compared, and both studies.

    Raises
    ------
    ResponsesError
        If they asked different questions, or the rules leave one too little.
    """
    if first.paradigm != second.paradigm:
        raise ResponsesError(
            f"The studies asked different questions and cannot be compared: {FIRST}, the first, asked "
            f"{ASKED[first.paradigm]}, {SECOND} {ASKED[second.paradigm]}. The way of asking changes every "
            "number: name two exports that asked the same."
        )
    a, b = (STUDY[one.paradigm](one, config) for one in (first, second))
    found = COMPARE[first.paradigm](
        a.exclusions.kept,
        b.exclusions.kept,
        same_clips=same_clips,
        bound=config.equivalence_bound,
        level=config.confidence_level,
    )
    return found, (a, b)
