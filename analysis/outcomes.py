"""What a judgment is worth, whatever was asked: 1 if it is right, or its rating; and its mean over trials."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.clusters import FloatArray, Rates, measure_means, measure_rates
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, estimate_function, estimate_rate, unit_gradient
from analysis.pairs import estimate_share
from study_core.types import HUMAN, HUMAN_SYSTEMS

GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is asked of judgments by group: who, when, beside what.

    Attributes
    ----------
    name, words
        Of a column, and in a sentence.
    value
        Returns a number per judgment.
    average
        Returns the outcome of judgments, with its interval at a level; None where they have none.
    guessing
        What it is where nothing is heard; None where nobody can say.
    in_points
        Whether it is a share.
    is_gap
        Whether it is not the mean of the values, but that of human clips less that of generated ones.
    """

    name: str
    words: str
    value: Callable[[pd.DataFrame], FloatArray]
    average: Callable[[pd.DataFrame, float], Estimate | None]
    guessing: float | None
    in_points: bool = False
    is_gap: bool = False


def average_groups(
    table: pd.DataFrame, groups: "pd.Series[str]", outcome: Outcome, level: float
) -> pd.DataFrame:
    """Return `group`, `n_listeners`, `n_trials`, the outcome under its name, `low` and `high` (or None)."""
    rows = []
    for group, own in table.groupby(groups, sort=True):
        found = outcome.average(own, level)
        if found is not None:
            counts = own["participant_id"].nunique(), len(own)
            rows.append((group, *counts, found.value, found.low, found.high))
    names = ["group", "n_listeners", "n_trials", outcome.name, "low", "high"]
    return pd.DataFrame(rows, columns=names).astype({"low": object, "high": object})


def estimate_mean(means: Rates, systems: tuple[str, ...], gradient: FloatArray, level: float) -> Estimate:
    """Return a weighted sum of systems' mean ratings, or why it has no interval."""
    value = float(gradient @ means.share)
    for system in systems:
        i, unit = means.index(system), unit_gradient(means, system)
        if min(means.n_listeners[i], means.n_clips[i]) < MINIMUM_CLUSTERS:
            who = "clip" if means.n_clips[i] < MINIMUM_CLUSTERS else "listener"
            return Estimate(value=value, because=f"there is only one {who} with ratings of {system}")
        if means.naive_variance(unit) == 0:
            return Estimate(value=value, because=f"the ratings of {system} are all alike or cancel out")
    return estimate_function(means, value, gradient, level)


def _average_correct(rows: pd.DataFrame, level: float) -> Estimate:
    correct = _mark_correct(rows)
    if HUMAN_CLIP in rows:
        return estimate_share(rows, correct, level)
    return estimate_rate(measure_means(rows.assign(system=HUMAN), correct), HUMAN, level)


def _average_taken(rows: pd.DataFrame, level: float) -> Estimate:
    return estimate_rate(measure_rates(rows.assign(system=HUMAN)), HUMAN, level)


def _average_rating(rows: pd.DataFrame, level: float) -> Estimate:
    means = measure_means(rows.assign(system=HUMAN), rows["rating"].to_numpy(np.float64))
    return estimate_mean(means, (HUMAN,), np.ones(1), level)


def _average_gap(rows: pd.DataFrame, level: float) -> Estimate | None:
    kinds = np.where(rows["system"].isin(HUMAN_SYSTEMS), HUMAN, GENERATED)
    means = measure_means(rows.assign(system=kinds), rows["rating"].to_numpy(np.float64))
    if len(means.systems) == 1:
        return None
    return estimate_mean(means, (HUMAN, GENERATED), np.array([1.0, -1.0]), level)


def _take_answers(rows: pd.DataFrame) -> FloatArray:
    return rows["judged_human"].to_numpy(np.float64)


def _mark_correct(rows: pd.DataFrame) -> FloatArray:
    """Return 1 for a right answer, 0 for a wrong one."""
    judged_human = _take_answers(rows)
    if HUMAN_CLIP in rows:
        return 1 - judged_human
    return np.asarray(judged_human == rows["system"].isin(HUMAN_SYSTEMS), np.float64)


def _take_ratings(rows: pd.DataFrame) -> FloatArray:
    return rows["rating"].to_numpy(np.float64)


TAKEN = Outcome("judged_human", "share judged human", _take_answers, _average_taken, None, in_points=True)
CORRECT = Outcome("correct", "share correct", _mark_correct, _average_correct, 0.5, in_points=True)
RATING = Outcome("rating", "mean rating", _take_ratings, _average_rating, None)
GAP = Outcome("gap", "lead of human clips", _take_ratings, _average_gap, 0.0, is_gap=True)
OUTCOMES = {outcome.name: outcome for outcome in (TAKEN, CORRECT, RATING, GAP)}
