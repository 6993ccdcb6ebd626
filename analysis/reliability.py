"""Whether listeners answer the same clip alike when they hear it again."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import FloatArray, measure_means
from analysis.estimates import Estimate, estimate_function, estimate_rate
from study_core.types import HUMAN


@dataclass(frozen=True, slots=True)
class Reliability:
    """Agreement of listeners with themselves.

    Attributes
    ----------
    n_repeats, n_listeners
        Second hearings, and listeners who had any.
    agreement
        Share of second answers equal to the first.
    kappa
        The same beyond what each answer's frequency gives by chance (Cohen 1960).
    because
        Why there is none of this; empty where there is.
    """

    n_repeats: int
    n_listeners: int
    agreement: Estimate | None
    kappa: Estimate | None
    because: str = ""


def estimate_reliability(responses: pd.DataFrame, level: float) -> Reliability:
    """Return how often an answer repeats the listener's earlier answer to the same clip.

    Answers are taken in the order of `trial_index`, or of the rows; a third is compared with the second.
    """
    ordered = responses.sort_values("trial_index", kind="stable") if "trial_index" in responses else responses
    earlier = ordered.groupby(["participant_id", "clip_id"], sort=False)["judged_human"].shift()
    again = ordered[earlier.notna()].assign(system=HUMAN)
    if again.empty:
        return Reliability(0, 0, None, None, "nobody heard a clip twice")
    first, second = earlier[earlier.notna()].to_numpy(np.float64), again["judged_human"].to_numpy(np.float64)
    agreed = (first == second).astype(np.float64)
    agreement = estimate_rate(measure_means(again, agreed), HUMAN, level)
    n_listeners = int(again["participant_id"].nunique())
    return Reliability(len(again), n_listeners, agreement, _estimate_kappa(again, first, second, level))


def _estimate_kappa(again: pd.DataFrame, first: FloatArray, second: FloatArray, level: float) -> Estimate:
    """Return kappa; by the delta method it is to first order a mean over the repeats."""
    agreed = (first == second).astype(np.float64)
    p, q, share = float(first.mean()), float(second.mean()), float(agreed.mean())
    chance = p * q + (1 - p) * (1 - q)
    if chance == 1:
        return Estimate(value=0.0, because="all answers were alike, so agreement says nothing")
    kappa = (share - chance) / (1 - chance)
    moved = (first - p) * (2 * q - 1) + (second - q) * (2 * p - 1)
    rows = kappa + ((agreed - share) * (1 - chance) - moved * (1 - share)) / (1 - chance) ** 2
    if np.ptp(rows) == 0:
        return Estimate(value=kappa, because="every answer was repeated alike")
    return estimate_function(measure_means(again, rows), kappa, np.ones(1), level)
