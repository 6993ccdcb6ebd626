"""Whether listeners become better in the course of a session."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Estimate
from analysis.outcomes import CORRECT, Outcome, average_groups
from analysis.regression import Regression, regress
from study_core.types import HUMAN_SYSTEMS

SHORTEST = 5
"""Of shorter sessions there is no curve."""
BINS = 10
"""The curve has at most so many points."""
PER_TRIALS = 10
"""The trend is given per so many trials."""
UNORDERED = "the order of the trials is not in the data (column trial_index)"


@dataclass(frozen=True, slots=True)
class Learning:
    """An outcome (the share correct, or how ratings tell) over the session.

    Attributes
    ----------
    curve
        `first`, `last` (places of the trials in the session), `n_trials`, the outcome under its name, `low`,
        `high`.
    trend
        Change of the outcome per ten trials, systems held equal; None where there is none.
    because
        Why there is none of this; empty where there is.
    outcome
        Its name, as in `analysis.outcomes`.
    """

    curve: pd.DataFrame | None = None
    trend: Estimate | None = None
    because: str = ""
    outcome: str = CORRECT.name


def measure_learning(table: pd.DataFrame, level: float, outcome: Outcome = CORRECT) -> Learning:
    """Return the outcome by place in the session, with its trend."""
    if "trial_index" not in table or table["trial_index"].isna().any():
        return Learning(because=UNORDERED, outcome=outcome.name)
    place = rank_trials(table)
    if place.max() < SHORTEST:
        return Learning(because=f"no listener has {SHORTEST} judgments", outcome=outcome.name)
    edges = np.unique(np.linspace(0, place.max(), min(BINS, int(place.max())) + 1).round())
    bins = pd.Series(np.searchsorted(edges, place.to_numpy(), side="left"), table.index)
    points = average_groups(table, bins, outcome, level)
    first, last = edges[points["group"] - 1].astype("int64") + 1, edges[points["group"]].astype("int64")
    curve = points.drop(columns=["group", "n_listeners"])
    curve.insert(0, "first", first)
    curve.insert(1, "last", last)
    found = trace(table, outcome, place / PER_TRIALS)
    if isinstance(found, str):
        return Learning(curve, because=found, outcome=outcome.name)
    return Learning(curve, found.estimate("term", level), outcome=outcome.name)


def trace(table: pd.DataFrame, outcome: Outcome, term: "pd.Series[float]") -> Regression | str:
    """Return how the outcome goes with a number per judgment, named "term", or why that cannot be had.

    Systems are held equal; of a gap, the ratings go with the number too, and "term" is what human clips have
    of it beyond generated ones.
    """
    terms = pd.DataFrame({"term": term})
    if outcome.is_gap:
        terms = cross_human(table, terms)
    return regress(outcome.value(table), add_systems(table, terms), table)


def cross_human(table: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Return the terms where the clip is human less where it is not, and beside them those of any clip."""
    side = np.where(table["system"].isin(HUMAN_SYSTEMS), 0.5, -0.5)
    return terms.mul(side, axis=0).join(terms.add_prefix("any "))


def rank_trials(table: pd.DataFrame) -> "pd.Series[int]":
    """Return each judgment's place among its listener's judgments, from 1."""
    return table.groupby("participant_id")["trial_index"].rank(method="first").astype("int64")


def add_systems(table: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """Return the terms with a column of 0 and 1 per system, so that systems are held equal."""
    return terms.join(pd.get_dummies(table["system"], prefix="system", dtype=float))
