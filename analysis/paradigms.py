"""Studies that asked otherwise than "human or computer?": which of two clips, or how good on a few levels."""

from dataclasses import dataclass

from analysis.equivalence import ACCURACY_BOUNDS, Claim, check_equivalence
from analysis.exclusions import Exclusions, apply_rules
from analysis.pairs import Pair, estimate_pairs
from analysis.ratings import Rating, estimate_ratings
from analysis.responses import Responses
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError


@dataclass(frozen=True, slots=True)
class PairStudy:
    """What a study of pairs found, with and without its exclusions."""

    responses: Responses
    config: AnalysisConfig
    exclusions: Exclusions
    pairs: tuple[Pair, ...]
    without_exclusions: tuple[Pair, ...]
    claims: tuple[Claim, ...]
    """Equivalence of each generator's share correct to .5 with the loose and the strict bounds."""


@dataclass(frozen=True, slots=True)
class RatingStudy:
    """What a study of ratings found, with and without its exclusions."""

    responses: Responses
    config: AnalysisConfig
    exclusions: Exclusions
    ratings: tuple[Rating, ...]
    without_exclusions: tuple[Rating, ...]


def study_pairs(responses: Responses, config: AnalysisConfig) -> PairStudy:
    """Return the findings of a table of pairs; raise ResponsesError where the rules leave none."""
    exclusions, level = _exclude(responses, config), config.confidence_level
    pairs = estimate_pairs(exclusions.kept, level)
    claims = tuple(
        Claim(pair.system, "accuracy", name, check_equivalence(pair.correct, bound, level, center=0.5))
        for pair in pairs
        for name, bound in ACCURACY_BOUNDS.items()
    )
    before = estimate_pairs(exclusions.before, level)
    return PairStudy(responses, config, exclusions, pairs, before, claims)


def study_ratings(responses: Responses, config: AnalysisConfig) -> RatingStudy:
    """Return the findings of a table of ratings; raise ResponsesError where the rules leave none."""
    exclusions, level = _exclude(responses, config), config.confidence_level
    ratings = estimate_ratings(exclusions.kept, level)
    before = estimate_ratings(exclusions.before, level)
    return RatingStudy(responses, config, exclusions, ratings, before)


def _exclude(responses: Responses, config: AnalysisConfig) -> Exclusions:
    exclusions = apply_rules(responses.table, config)
    if exclusions.kept.empty:
        raise ResponsesError(
            f"{responses.source} cannot be analyzed: the declared exclusions leave no judgment of "
            f"{len(exclusions.before)}. See `analysis:` in config.yaml."
        )
    return exclusions
