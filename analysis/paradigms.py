"""Studies that asked otherwise than "human or computer?": which of two clips, or how good on a few levels."""

from dataclasses import dataclass

import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.clusters import order_systems
from analysis.confidence import Confidence, estimate_confidence
from analysis.detection import Accuracy, count_correct
from analysis.equivalence import ACCURACY_BOUNDS, Claim, check_equivalence
from analysis.estimates import Estimate
from analysis.exclusions import Exclusions
from analysis.findings import exclude, list_lost, summarize_clips
from analysis.fooling import Contrast
from analysis.pair_model import PairModel, fit_pairs
from analysis.pairs import Pair, contrast_pairs, estimate_correct, estimate_pairs
from analysis.ratings import Rating, contrast_ratings, describe_spread, estimate_ratings, fit_ratings
from analysis.reliability import Reliability, estimate_reliability
from analysis.responses import Responses
from analysis.spread import Spread
from study_core.config import AnalysisConfig
from study_core.types import HUMAN, HUMAN_SYSTEMS


@dataclass(frozen=True, slots=True)
class PairFindings:
    """The estimates of one table of pairs.

    Attributes
    ----------
    contrasts
        Differences between generators of the share in which the human clip was found.
    claims
        Equivalence of each generator's share to guessing, .5. The declared bound of a difference of rates is
        twice as wide: of shares .45 and .55, one is .10 above the other.
    accuracy
        Share found over all generators.
    listeners
        `participant_id`, `n_trials`, `n_correct`.
    clips
        `clip_id`, `system`, `n_trials`, `judged_human` (share): of a pair, one clip was taken for human and
        the other was not.
    models
        What the average listener hears, a model per generator.
    """

    pairs: tuple[Pair, ...]
    contrasts: tuple[Contrast, ...]
    claims: tuple[Claim, ...]
    accuracy: Accuracy
    listeners: pd.DataFrame
    clips: pd.DataFrame
    confidence: Confidence
    models: tuple[PairModel, ...]
    reliability: Reliability


@dataclass(frozen=True, slots=True)
class PairStudy:
    """What a study of pairs found; of the pairs before exclusions, the shares and d' only."""

    responses: Responses
    config: AnalysisConfig
    exclusions: Exclusions
    findings: PairFindings
    without_exclusions: tuple[Pair, ...]
    lost_systems: tuple[str, ...]

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators, in the order of the report."""
        return tuple(pair.system for pair in self.findings.pairs)


@dataclass(frozen=True, slots=True)
class RatingFindings:
    """The estimates of one table of ratings.

    Attributes
    ----------
    contrasts
        Differences between generators of the mean rating.
    claims
        Equivalence of each generator's probability to be rated above a human clip to .5.
    clips
        `clip_id`, `system`, `n_trials`, `mean`.
    listeners
        `participant_id`, `n_trials`, `mean`, `sd`: how each used the scale.
    spread
        How much listeners and clips differ, from the cumulative mixed model.
    """

    ratings: tuple[Rating, ...]
    contrasts: tuple[Contrast, ...]
    claims: tuple[Claim, ...]
    clips: pd.DataFrame
    listeners: pd.DataFrame
    spread: Spread
    reliability: Reliability


@dataclass(frozen=True, slots=True)
class RatingStudy:
    """What a study of ratings found; of those before exclusions, the systems' ratings only."""

    responses: Responses
    config: AnalysisConfig
    exclusions: Exclusions
    findings: RatingFindings
    without_exclusions: tuple[Rating, ...]
    lost_systems: tuple[str, ...]

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators, in the order of the report."""
        return tuple(one.system for one in self.findings.ratings if one.system not in HUMAN_SYSTEMS)


def study_pairs(responses: Responses, config: AnalysisConfig) -> PairStudy:
    """Return the findings of a table of pairs; raise ResponsesError where the rules leave too little."""
    exclusions, level = exclude(responses, config), config.confidence_level
    kept = exclusions.kept
    pairs = estimate_pairs(kept, level)
    findings = PairFindings(
        pairs,
        contrast_pairs(kept, level),
        tuple(claim for pair in pairs for claim in _list_claims(pair.system, pair.correct, config)),
        Accuracy(estimate_correct(kept, level), base_rate=0.5),
        count_correct(kept),
        summarize_clips(part_pairs(kept)),
        estimate_confidence(kept, (), level),
        tuple(fit_pairs(kept[kept["system"] == pair.system], level) for pair in pairs),
        estimate_reliability(exclusions.heard_again, level),
    )
    before = estimate_pairs(exclusions.before, level)
    return PairStudy(responses, config, exclusions, findings, before, list_lost(exclusions))


def part_pairs(kept: pd.DataFrame) -> pd.DataFrame:
    """Return two rows per pair, of its human and its generated clip: which of them was taken for human."""
    human = kept.assign(clip_id=kept[HUMAN_CLIP], system=HUMAN, judged_human=1 - kept["judged_human"])
    return pd.concat([human, kept], ignore_index=True)


def study_ratings(responses: Responses, config: AnalysisConfig) -> RatingStudy:
    """Return the findings of a table of ratings; raise ResponsesError where the rules leave too little."""
    exclusions, level = exclude(responses, config), config.confidence_level
    rated, before = exclusions.kept, exclusions.before
    model = fit_ratings(rated)
    ratings = estimate_ratings(rated, level, model, responses.highest)
    claims = tuple(
        claim
        for one in ratings
        if one.system not in HUMAN_SYSTEMS and one.superiority is not None
        for claim in _list_claims(one.system, one.superiority, config)
    )
    findings = RatingFindings(
        ratings,
        contrast_ratings(rated, level),
        claims,
        _order(_average(rated, ["clip_id", "system"]).drop(columns="sd")),
        _average(rated, ["participant_id"]),
        describe_spread(rated, model),
        estimate_reliability(exclusions.heard_again, level, "rating"),
    )
    without = estimate_ratings(before, level, fit_ratings(before), responses.highest)
    return RatingStudy(responses, config, exclusions, findings, without, list_lost(exclusions))


def _list_claims(system: str, share: Estimate, config: AnalysisConfig) -> list[Claim]:
    """Return the tests of a share against .5: the declared bound halved, the loose and the strict one."""
    bounds = {"declared": config.equivalence_bound / 2, **ACCURACY_BOUNDS}
    return [
        Claim(system, "accuracy", name, check_equivalence(share, bound, config.confidence_level, center=0.5))
        for name, bound in bounds.items()
    ]


def _average(rated: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return number, mean and SD of ratings by the columns."""
    found = rated.groupby(by, sort=True)["rating"].agg(["size", "mean", "std"]).reset_index()
    found.columns = pd.Index([*by, "n_trials", "mean", "sd"])
    return found


def _order(clips: pd.DataFrame) -> pd.DataFrame:
    """Return clips in the order of their systems, human ones first."""
    places = {name: place for place, name in enumerate(order_systems(clips["system"].unique()))}
    order = clips["system"].map(places).argsort(kind="stable")
    return clips.iloc[order].reset_index(drop=True)
