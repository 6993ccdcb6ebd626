"""What is looked at beside the declared estimates where a study asked for one of two clips, or ratings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.clusters import measure_means
from analysis.cues import Cues, find_cues
from analysis.estimates import Estimate
from analysis.exploration import shrink_clips
from analysis.learning import Learning, measure_drift, measure_learning
from analysis.moderators import Moderator, measure_moderators
from analysis.pairs import FACTORS, estimate_pairs
from analysis.paradigms import PairStudy, RatingStudy
from analysis.plan import Deviation, list_deviations
from analysis.ratings import subtract_means
from analysis.reasons import Reasons, count_reasons
from analysis.sensitivity import Question, Sensitivity, check_sensitivity
from analysis.shrinkage import shrink_means
from study_core.types import HUMAN, HUMAN_SYSTEMS

GUESSING = 0.5


@dataclass(frozen=True, slots=True)
class PairExploration:
    """A study of pairs with all of it; the fields are those of `analysis.exploration.Exploration`."""

    study: PairStudy
    clips: pd.DataFrame
    sensitivity: Sensitivity
    learning: Learning
    moderators: tuple[Moderator, ...]
    cues: Cues
    reasons: Reasons
    deviations: tuple[Deviation, ...] | None


@dataclass(frozen=True, slots=True)
class RatingExploration:
    """A study of ratings with all of it.

    Attributes
    ----------
    clips
        The findings' clips with `shrunk`, `low`, `high`: their means pulled towards their system's.
    drift
        Change of the mean rating per ten trials, systems held equal; None where there is none.
    """

    study: RatingStudy
    clips: pd.DataFrame
    sensitivity: Sensitivity
    drift: Estimate | None
    cues: Cues
    deviations: tuple[Deviation, ...] | None


def explore_pairs(study: PairStudy, features: pd.DataFrame | None = None) -> PairExploration:
    """Return everything that is looked at in a study of pairs."""
    config, kept, level = study.config, study.exclusions.kept, study.config.confidence_level
    return PairExploration(
        study,
        shrink_clips(study.findings.clips, level),
        check_sensitivity(study.responses.table, study.exclusions, config, PAIRS),
        measure_learning(kept, level),
        measure_moderators(kept, study.responses.moderators, study.exclusions.before, level),
        find_cues(kept, features, level),
        count_reasons(kept, config.reasons),
        _compare_plan(study),
    )


def explore_ratings(study: RatingStudy, features: pd.DataFrame | None = None) -> RatingExploration:
    """Return everything that is looked at in a study of ratings."""
    kept, level = study.exclusions.kept, study.config.confidence_level
    rated = kept[kept["rating"].notna()]
    return RatingExploration(
        study,
        _shrink_rated(study.findings.clips, rated, level),
        check_sensitivity(study.responses.table, study.exclusions, study.config, RATINGS),
        measure_drift(rated, level),
        find_cues(rated, features, level, outcome="rating"),
        _compare_plan(study),
    )


def _estimate_pairs(rows: pd.DataFrame, level: float) -> Iterator[tuple[str, Estimate, int]]:
    """Yield how far each generator's share correct lies above guessing."""
    for pair in estimate_pairs(rows, level):
        low, high = (None if end is None else end - GUESSING for end in (pair.correct.low, pair.correct.high))
        yield (
            pair.system,
            replace(pair.correct, value=pair.correct.value - GUESSING, low=low, high=high),
            pair.n_trials,
        )


def _estimate_ratings(rows: pd.DataFrame, level: float) -> Iterator[tuple[str, Estimate, int]]:
    """Yield how far each generator's mean rating lies above that of the human clips."""
    rated = rows[rows["rating"].notna()]
    if rated.empty or not rated["system"].eq(HUMAN).any():
        return
    means = measure_means(rated, rated["rating"].to_numpy(np.float64))
    for i, system in enumerate(means.systems):
        if system not in HUMAN_SYSTEMS:
            yield system, subtract_means(means, system, HUMAN, level), int(means.n_trials[i])


PAIRS = Question(
    "share of human clips found, less that of guessing",
    True,
    _estimate_pairs,
    lambda rows: 1 - rows["judged_human"].astype("float64"),
    GUESSING,
    {who: column for column, who in FACTORS.items()},
)
RATINGS = Question(
    "difference of mean ratings to human clips",
    False,
    _estimate_ratings,
    lambda rows: rows["rating"].astype("float64"),
    None,
    {"clip": "clip_id", "listener": "participant_id"},
)


def _shrink_rated(clips: pd.DataFrame, rated: pd.DataFrame, level: float) -> pd.DataFrame:
    tables = []
    for system, rows in clips.groupby("system", sort=False):
        of_system = rated[rated["system"] == system]
        own = of_system.groupby("clip_id")["rating"].agg(["mean", "size"]).loc[rows["clip_id"]]
        left = of_system["rating"] - of_system.groupby("clip_id")["rating"].transform("mean")
        found = shrink_means(own["mean"].to_numpy(), own["size"].to_numpy(), float((left**2).sum()), level)
        tables.append(rows.assign(shrunk=found.share, low=found.low, high=found.high))
    return pd.concat(tables, ignore_index=True)


def _compare_plan(study: PairStudy | RatingStudy) -> tuple[Deviation, ...] | None:
    plan = study.responses.plan
    return None if plan is None else list_deviations(plan, study.config)
