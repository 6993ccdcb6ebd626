"""What is looked at beside the declared estimates where a study asked for one of two clips, or ratings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from analysis.clusters import measure_means
from analysis.cues import FOUND_OUT, Cues, find_cues
from analysis.estimates import Estimate
from analysis.exploration import shrink_clips
from analysis.factors import Factor, divide
from analysis.learning import Learning, measure_learning
from analysis.moderators import Moderator, measure_moderators
from analysis.outcomes import CORRECT, GAP, RATING
from analysis.pairs import FACTORS, estimate_correct
from analysis.paradigms import PairStudy, RatingStudy
from analysis.plan import Deviation, list_deviations
from analysis.ratings import subtract_means
from analysis.reasons import Reasons, count_reasons
from analysis.sensitivity import Question, Sensitivity, check_sensitivity
from analysis.shrinkage import shrink_means
from study_core.types import HUMAN, HUMAN_SYSTEMS

GUESSING = 0.5
AnyStudy = TypeVar("AnyStudy", PairStudy, RatingStudy)


@dataclass(frozen=True, slots=True)
class AskedExploration(Generic[AnyStudy]):
    """A study with all of it; the fields are those of `analysis.exploration.Exploration`.

    Attributes
    ----------
    clips
        Of ratings, their means are pulled towards their system's.
    learning
        Of ratings, whether they came to tell human clips from generated ones better.
    moderators
        Of ratings, of how they tell the two apart first, then of how high they are.
    drift
        Of ratings, change of their mean per ten trials, systems held equal; None where there is none.
    """

    study: AnyStudy
    clips: pd.DataFrame
    sensitivity: Sensitivity
    learning: Learning
    moderators: tuple[Moderator, ...]
    cues: Cues
    reasons: Reasons
    factors: tuple[Factor, ...]
    deviations: tuple[Deviation, ...] | None
    drift: Estimate | None = None


PairExploration = AskedExploration[PairStudy]
RatingExploration = AskedExploration[RatingStudy]
Asked = PairExploration | RatingExploration


def explore_pairs(study: PairStudy, features: pd.DataFrame | None = None) -> PairExploration:
    """Return everything that is looked at in a study of pairs."""
    config, exclusions, level = study.config, study.exclusions, study.config.confidence_level
    kept, responses = exclusions.kept, study.responses
    return AskedExploration(
        study,
        shrink_clips(study.findings.clips, level),
        check_sensitivity(responses.table, exclusions, config, PAIRS),
        measure_learning(kept, level),
        measure_moderators(kept, responses.moderators, exclusions.before, level),
        find_cues(kept, features, level, outcome=FOUND_OUT),
        count_reasons(kept, config.reasons),
        tuple(divide(kept, name, CORRECT, level) for name in responses.factors),
        list_deviations(responses.plan, config, exclusions.before),
    )


def explore_ratings(study: RatingStudy, features: pd.DataFrame | None = None) -> RatingExploration:
    """Return everything that is looked at in a study of ratings."""
    config, exclusions, level = study.config, study.exclusions, study.config.confidence_level
    kept, responses = exclusions.kept, study.responses
    return AskedExploration(
        study,
        _shrink_rated(study.findings.clips, kept, level),
        check_sensitivity(responses.table, exclusions, config, RATINGS),
        measure_learning(kept, level, GAP),
        measure_moderators(kept, responses.moderators, exclusions.before, level, (GAP, RATING)),
        find_cues(kept, features, level, outcome=RATING.name),
        count_reasons(kept, config.reasons),
        tuple(divide(kept, name, RATING, level) for name in responses.factors),
        list_deviations(responses.plan, config, exclusions.before),
        measure_learning(kept, level, RATING).trend,
    )


def _estimate_pairs(rows: pd.DataFrame, level: float) -> Iterator[tuple[str, Estimate, int]]:
    """Yield how far each generator's share correct lies above guessing."""
    for system, own in rows.groupby("system", sort=True):
        correct = estimate_correct(own, level)
        low, high = (None if end is None else end - GUESSING for end in (correct.low, correct.high))
        yield str(system), replace(correct, value=correct.value - GUESSING, low=low, high=high), len(own)


def _estimate_ratings(rows: pd.DataFrame, level: float) -> Iterator[tuple[str, Estimate, int]]:
    """Yield how far each generator's mean rating lies above that of the human clips."""
    if not rows["system"].eq(HUMAN).any():
        return
    means = measure_means(rows, rows["rating"].to_numpy(np.float64))
    for i, system in enumerate(means.systems):
        if system not in HUMAN_SYSTEMS:
            yield system, subtract_means(means, system, HUMAN, level), int(means.n_trials[i])


def _suppose_picks(_: pd.DataFrame) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield missing answers as right and as wrong; which side was chosen is not asked again."""
    yield "human clip found", {"judged_human": 0, "chose_first": 0}
    yield "human clip missed", {"judged_human": 1, "chose_first": 0}


def _suppose_ratings(table: pd.DataFrame) -> Iterator[tuple[str, dict[str, float]]]:
    yield "highest rating", {"rating": float(table["rating"].max())}
    yield "lowest rating", {"rating": float(table["rating"].min())}


PAIRS = Question(
    "share of human clips found beyond guessing",
    True,
    _estimate_pairs,
    lambda rows: 1 - rows["judged_human"].astype("float64"),
    GUESSING,
    {who: column for column, who in FACTORS.items()},
    _suppose_picks,
)
RATINGS = Question(
    "difference of mean ratings to human clips",
    False,
    _estimate_ratings,
    lambda rows: rows["rating"].astype("float64"),
    None,
    {"clip": "clip_id", "listener": "participant_id"},
    _suppose_ratings,
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
