"""Shares and means of many small units pulled towards their mean, so that few answers do not make a record.

A clip that 3 of 3 listeners called human is not the best of all. Each unit's answers are binomial around its
own share, the shares come from one beta distribution; its mean and spread are estimated by moments (Kleinman
1973), and a unit's share is the mean of its posterior. The interval takes that distribution as known.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.clusters import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Shares, or means, of K units, each of shape (K,), with the interval of their posterior.

    Where units do not differ beyond chance, all have the common mean and `low` and `high` are NaN: that they
    are estimated to be alike is no knowledge of any one of them.
    """

    share: FloatArray
    low: FloatArray
    high: FloatArray


def shrink_shares(hits: IntArray, trials: IntArray, level: float) -> Shrunk:
    """Return K units' shares, pulled towards the common mean the more the fewer trials they have."""
    mean = float(hits.sum() / trials.sum())
    alike = measure_likeness(hits, trials)
    if alike == 0 or mean in (0, 1):
        return _repeat(mean, len(hits))
    strength = 1 / alike - 1
    posterior = stats.beta(mean * strength + hits, (1 - mean) * strength + trials - hits)
    low, high = posterior.interval(level)
    return Shrunk(np.asarray(posterior.mean()), np.asarray(low), np.asarray(high))


def shrink_means(means: FloatArray, counts: IntArray, squares: float, level: float) -> Shrunk:
    """Return K units' means, pulled towards the common mean the more the fewer values they have.

    `squares` is the sum of squared distances of all values from their unit's mean. Values are normal around
    their unit's mean and these around the common one; both variances by moments (Searle, Casella & McCulloch
    1992, ch. 3).
    """
    units, total = len(means), counts.sum()
    common = float(np.average(means, weights=counts))
    within = squares / max(1, total - units)
    share_of = total - (counts**2).sum() / total
    between = (counts * (means - common) ** 2).sum() - (units - 1) * within
    variance = max(0.0, float(between / share_of)) if share_of > 0 else 0.0
    if variance == 0:
        return _repeat(common, units)
    weight = variance / (variance + within / counts)
    reach = stats.norm.ppf((1 + level) / 2) * np.sqrt(weight * within / counts)
    middle = common + weight * (means - common)
    return Shrunk(middle, middle - reach, middle + reach)


def _repeat(mean: float, n: int) -> Shrunk:
    return Shrunk(np.full(n, mean), np.full(n, np.nan), np.full(n, np.nan))


def measure_likeness(hits: IntArray, trials: IntArray) -> float:
    """Return the correlation of two answers to one unit, 0 to below 1 (Kleinman 1973, by moments)."""
    mean, units, total = hits.sum() / trials.sum(), len(hits), trials.sum()
    between = total - (trials**2).sum() / total - (units - 1)
    if mean in (0, 1) or between <= 0:
        return 0.0
    spread = (trials * (hits / trials - mean) ** 2).sum() / (mean * (1 - mean))
    return float(np.clip((spread - (units - 1)) / between, 0, 0.99))
