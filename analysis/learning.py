"""Whether listeners become better in the course of a session."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates
from analysis.estimates import Estimate, estimate_rate
from analysis.regression import regress
from study_core.types import HUMAN_SYSTEMS

SHORTEST = 5
"""Of shorter sessions there is no curve."""
BINS = 10
"""The curve has at most so many points."""
PER_TRIALS = 10
"""The trend is given per so many trials."""


@dataclass(frozen=True, slots=True)
class Learning:
    """Share correct over the session.

    Attributes
    ----------
    curve
        `first`, `last` (places of the trials in the session), `n_trials`, `correct`, `low`, `high`.
    trend
        Change of the share correct per ten trials, systems held equal; None where there is none.
    because
        Why there is none of this; empty where there is.
    """

    curve: pd.DataFrame | None = None
    trend: Estimate | None = None
    because: str = ""


def measure_learning(table: pd.DataFrame, level: float) -> Learning:
    """Return the share correct by place in the session, with its trend."""
    if "trial_index" not in table or table["trial_index"].isna().any():
        return Learning(because="the order of the trials is not in the data (column trial_index)")
    place = rank_trials(table)
    if place.max() < SHORTEST:
        return Learning(because=f"no listener has {SHORTEST} judgments")
    correct = is_correct(table)
    edges = np.unique(np.linspace(0, place.max(), min(BINS, int(place.max())) + 1).round())
    bins = np.searchsorted(edges, place.to_numpy(), side="left")
    labels = pd.Series([f"{b:03d}" for b in bins], table.index)
    rates = measure_rates(table.assign(system=labels, judged_human=correct))
    points = [estimate_rate(rates, name, level) for name in rates.systems]
    used = [int(name) for name in rates.systems]
    curve = pd.DataFrame(
        {
            "first": [int(edges[b - 1]) + 1 for b in used],
            "last": [int(edges[b]) for b in used],
            "n_trials": rates.n_trials,
            "correct": [point.value for point in points],
            "low": [point.low for point in points],
            "high": [point.high for point in points],
        }
    )
    terms = add_systems(table, pd.DataFrame({"place": place / PER_TRIALS}))
    found = regress(correct, terms, table)
    if isinstance(found, str):
        return Learning(curve, because=found)
    return Learning(curve, found.estimate("place", level))


def measure_drift(rated: pd.DataFrame, level: float) -> Estimate | None:
    """Return the change of the mean rating per ten trials, systems held equal; None where there is none."""
    if "trial_index" not in rated or rated["trial_index"].isna().any() or rank_trials(rated).max() < SHORTEST:
        return None
    terms = add_systems(rated, pd.DataFrame({"place": rank_trials(rated) / PER_TRIALS}))
    found = regress(rated["rating"], terms, rated)
    return None if isinstance(found, str) else found.estimate("place", level)


def rank_trials(table: pd.DataFrame) -> "pd.Series[int]":
    """Return each judgment's place among its listener's judgments, from 1."""
    return table.groupby("participant_id")["trial_index"].rank(method="first").astype("int64")


def is_correct(table: pd.DataFrame) -> "pd.Series[int]":
    """Return 1 for a right answer, 0 for a wrong one."""
    if "chose_first" in table:
        return 1 - table["judged_human"]
    return ((table["judged_human"] == 1) == table["system"].isin(HUMAN_SYSTEMS)).astype("int64")


def add_systems(table: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Return the terms with a column of 0 and 1 per system, so that systems are held equal."""
    return terms.join(pd.get_dummies(table["system"], prefix="system", dtype=float))
