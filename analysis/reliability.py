"""Whether listeners answer the same clip alike when they hear it again."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.clusters import FloatArray, measure_means
from analysis.estimates import Estimate, estimate_function, estimate_rate
from study_core.types import HUMAN

ALIKE = 1e-9
"""Below this, a distance is none."""


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
        Agreement beyond what each answer's frequency gives by chance, a distance counting by its square: of
        two answers Cohen's (1960) kappa, of ratings his weighted one (1968).
    because
        Why there is none of this; empty where there is.
    """

    n_repeats: int
    n_listeners: int
    agreement: Estimate | None
    kappa: Estimate | None
    because: str = ""


def estimate_reliability(responses: pd.DataFrame, level: float, answer: str = "judged_human") -> Reliability:
    """Return how often an answer repeats the listener's earlier answer to the same clip, or pair of clips.

    Answers, which stand in the column `answer`, are taken in the order of `trial_index`, or of the rows; a
    third is compared with the second.
    """
    ordered = responses.sort_values("trial_index", kind="stable") if "trial_index" in responses else responses
    same = [name for name in ("participant_id", "clip_id", HUMAN_CLIP) if name in ordered]
    earlier = ordered.groupby(same, sort=False)[answer].shift()
    again = ordered[earlier.notna()].assign(system=HUMAN)
    if again.empty:
        return Reliability(0, 0, None, None, "nobody heard a clip twice")
    first, second = earlier[earlier.notna()].to_numpy(np.float64), again[answer].to_numpy(np.float64)
    agreed = (first == second).astype(np.float64)
    agreement = estimate_rate(measure_means(again, agreed), HUMAN, level)
    n_listeners = int(again["participant_id"].nunique())
    return Reliability(len(again), n_listeners, agreement, _estimate_kappa(again, first, second, level))


def _estimate_kappa(again: pd.DataFrame, first: FloatArray, second: FloatArray, level: float) -> Estimate:
    """Return kappa, 1 - D / E of the squared distances D found and E of chance (Fleiss & Cohen 1973).

    By the delta method it is to first order a mean over the repeats.
    """
    distance, p, q = (first - second) ** 2, float(first.mean()), float(second.mean())
    found, chance = float(distance.mean()), float(first.var() + second.var() + (p - q) ** 2)
    if chance == 0:
        return Estimate(value=0.0, because="all answers were alike, so agreement says nothing")
    kappa = 1 - found / chance
    squares = first**2 + second**2
    moved = squares - squares.mean() - 2 * q * (first - p) - 2 * p * (second - q)
    rows = kappa - (distance - found) / chance + found * moved / chance**2
    if np.ptp(rows) < ALIKE:
        return Estimate(value=kappa, because="every answer was repeated alike")
    return estimate_function(measure_means(again, rows), kappa, np.ones(1), level)
