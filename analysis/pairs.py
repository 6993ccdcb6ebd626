"""Two-alternative trials: which of two clips, one human and one generated, is the human one.

Listeners, generated clips and human clips are three samples, crossed. The variance of a mean is the two-way
one of `analysis.clusters` with a third way (Cameron, Gelbach & Miller 2011, eq. 2.13): sums over clusters by
one, less those by two, plus those by three factors, divided by the share of pairs of trials with nothing in
common.

With H the share of "first" where the first clip was human, and F where the second was (Macmillan & Creelman
2005, ch. 7),

    d' = (z(H) - z(F)) / sqrt(2),

which a lean to one side leaves alone; without such a lean it is sqrt(2) z(share correct).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from analysis.clusters import FloatArray
from analysis.estimates import (
    BOUND,
    CANCEL,
    MINIMUM_CLUSTERS,
    NO_ERROR,
    Estimate,
    clopper_pearson_interval,
    estimate_by_t,
    t_quantile,
    wilson_interval,
)
from analysis.fooling import Contrast, contrast_systems

FACTORS = {"participant_id": "listener", "clip_id": "generated clip", "human_clip_id": "human clip"}
METHOD = "three-way clustered, t"


@dataclass(frozen=True, slots=True)
class Pair:
    """How well one generator was told from human clips in pairs.

    Attributes
    ----------
    correct
        Share of pairs in which the human clip was found; .5 is guessing, 1 minus it the fooling rate.
    d_prime
        Sensitivity, freed of a lean to one side.
    first_bias
        Share of pairs in which the first (left) clip was chosen, whatever it held; .5 is none.
    """

    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    correct: Estimate
    d_prime: Estimate
    first_bias: Estimate


@dataclass(frozen=True, slots=True)
class Means:
    """Means of G groups of trials, shape (G,), with their covariance (G, G) and its parts by factor."""

    mean: FloatArray
    covariance: FloatArray
    independent: FloatArray
    by_factor: Mapping[str, FloatArray]
    n_clusters: Mapping[str, int]
    n_own: Mapping[str, npt.NDArray[np.int64]]
    """Of each group, shape (G,); `n_clusters` are those of all groups together."""

    def variance(self, gradient: FloatArray) -> float:
        """Return the variance of a function of the means, at least that of independent trials."""
        return max(float(gradient @ self.covariance @ gradient), self.naive_variance(gradient))

    def naive_variance(self, gradient: FloatArray) -> float:
        """Return the variance that treats trials as independent."""
        return float(gradient @ self.independent @ gradient)

    def degrees_of_freedom(self, gradient: FloatArray) -> float:
        """Return Satterthwaite's degrees of freedom, at least those of the fewest clusters."""
        spread = sum(
            float(gradient @ part @ gradient) ** 2 / (self.n_clusters[name] - 1)
            for name, part in self.by_factor.items()
        )
        fewest = min(self.n_clusters.values()) - 1.0
        return max(fewest, self.variance(gradient) ** 2 / spread) if spread else fewest


def estimate_pairs(trials: pd.DataFrame, level: float) -> tuple[Pair, ...]:
    """Return share correct, d' and side bias of every generator, by name.

    Parameters
    ----------
    trials
        A row per pair: `participant_id`, `clip_id` and `system` of its generated clip, `human_clip_id`,
        `judged_human` (1 where the generated clip was taken for the human one) and `chose_first` (0 or 1).
    """
    return tuple(
        _estimate_pair(str(system), rows, level) for system, rows in trials.groupby("system", sort=True)
    )


def estimate_correct(trials: pd.DataFrame, level: float) -> Estimate:
    """Return the share of all pairs in which the human clip was found."""
    return estimate_share(trials, 1 - trials["judged_human"].to_numpy(np.float64), level)


def contrast_pairs(trials: pd.DataFrame, level: float) -> tuple[Contrast, ...]:
    """Return the difference of every two generators' shares correct, p adjusted after Holm."""

    def subtract(first: str, second: str) -> Estimate:
        rows = trials[trials["system"].isin((first, second))]
        is_second = (rows["system"] == second).to_numpy().astype(np.float64)
        means = measure_groups(rows, 1 - rows["judged_human"].to_numpy(np.float64), is_second)
        return weigh_means(means, np.array([1.0, -1.0]), level)

    return contrast_systems(sorted(map(str, trials["system"].unique())), subtract)


def weigh_means(means: Means, gradient: FloatArray, level: float) -> Estimate:
    """Return a weighted sum of shares, shape (G,), with its interval, or why it has none."""
    value = float(gradient @ means.mean)
    if np.isin(means.mean[gradient != 0], (0, 1)).any():
        return Estimate(value=value, method=METHOD, because="all answers about one of them were alike")
    return _estimate_function(means, value, gradient, level)


def _estimate_function(means: Means, value: float, gradient: FloatArray, level: float) -> Estimate:
    """Return a function of means with its t interval by the delta method, or why it has none."""
    because = _find_shortage(means, gradient)
    if because:
        return Estimate(value=value, method=METHOD, because=because)
    error, freedom = means.variance(gradient) ** 0.5, means.degrees_of_freedom(gradient)
    naive = float(stats.norm.ppf((1 + level) / 2)) * means.naive_variance(gradient) ** 0.5
    told = estimate_by_t(value, error, freedom, level, method=METHOD)
    return replace(told, naive_low=value - naive, naive_high=value + naive)


def _estimate_pair(system: str, rows: pd.DataFrame, level: float) -> Pair:
    correct = 1 - rows["judged_human"].to_numpy(np.float64)
    first = rows["chose_first"].to_numpy(np.float64)
    clips = rows["clip_id"].nunique()
    return Pair(
        system,
        len(rows),
        rows["participant_id"].nunique(),
        clips,
        estimate_share(rows, correct, level),
        _estimate_d_prime(rows, first, correct == first, level),
        estimate_share(rows, first, level),
    )


def measure_groups(rows: pd.DataFrame, values: FloatArray, groups: FloatArray) -> Means:
    """Return the means of values by group (numbers from 0), with their three-way covariance."""
    n_groups = int(groups.max()) + 1
    inside = np.eye(n_groups)[groups.astype(np.int64)]
    n = inside.sum(axis=0)
    mean = inside.T @ values / n
    residuals = inside * (values - inside @ mean)[:, None] / n
    total, related = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups))
    by_factor, n_clusters, n_own = {}, {}, {}
    for size in range(1, len(FACTORS) + 1):
        for names in combinations(FACTORS, size):
            cluster = rows.groupby(list(names), sort=False).ngroup().to_numpy()
            alike, part = _sum_products(cluster, inside / n), _sum_products(cluster, residuals)
            total, related = total - (-1) ** size * part, related - (-1) ** size * alike
            if size == 1:
                by_factor[names[0]], n_clusters[names[0]] = part, int(cluster.max()) + 1
                own = np.unique(np.stack([groups, cluster]), axis=1)[0].astype(np.int64)
                n_own[names[0]] = np.bincount(own, minlength=n_groups)
    unrelated = np.where(related < 1 - np.finfo(float).eps * values.size, 1 - related, 1.0)
    parts = {name: part / unrelated for name, part in by_factor.items()}
    return Means(mean, total / unrelated, part / unrelated, parts, n_clusters, n_own)


def _sum_products(cluster: npt.NDArray[np.integer], rows: FloatArray) -> FloatArray:
    """Return the sum over clusters of u u', u the sum of a cluster's rows; shape (G, G)."""
    sums = np.stack([np.bincount(cluster, column) for column in rows.T])
    return np.asarray(sums @ sums.T, np.float64)


def estimate_share(rows: pd.DataFrame, values: FloatArray, level: float) -> Estimate:
    """Return the share of pairs whose value, shape (rows,), is 1; the others' is 0."""
    means = measure_groups(rows, values, np.zeros(values.size))
    share, hits, n = float(means.mean[0]), int(values.sum()), values.size
    naive = wilson_interval(hits, n, level)
    plain = Estimate(value=share, naive_low=naive[0], naive_high=naive[1], method=METHOD)
    if share in (0, 1):
        units = min(means.n_clusters.values())
        low, high = clopper_pearson_interval(round(share) * units, units, level)
        return replace(plain, low=low, high=high, method=BOUND)
    unit = np.ones(1)
    because = _find_shortage(means, unit)
    if because:
        return replace(plain, because=because)
    error, freedom = means.variance(unit) ** 0.5, means.degrees_of_freedom(unit)
    half = t_quantile(level, freedom) * error / (share * (1 - share))
    low, high = expit(logit(share) + np.array([-half, half]))
    return replace(plain, low=float(low), high=float(high), standard_error=error, degrees_of_freedom=freedom)


def _estimate_d_prime(
    rows: pd.DataFrame,
    first: FloatArray,
    human_first: npt.NDArray[np.bool_],
    level: float,
) -> Estimate:
    """Return d' from the shares of "first" where the human clip came second and first."""
    groups = human_first.astype(np.float64)
    if np.ptp(groups) == 0:
        return Estimate(value=0.0, method=METHOD, because="the human clip was always on the same side")
    means = measure_groups(rows, first, groups)
    n = np.bincount(groups.astype(np.int64))
    corrected = bool(np.isin(means.mean, (0, 1)).any())
    z = stats.norm.ppf((means.mean * n + 0.5 * corrected) / (n + corrected))
    plain = Estimate(value=float(z[1] - z[0]) / np.sqrt(2), method=METHOD)
    if corrected:
        return replace(plain, method="log-linear correction", because="all answers on one side were alike")
    gradient = np.array([-1.0, 1.0]) / stats.norm.pdf(z) / np.sqrt(2)
    return _estimate_function(means, plain.value, gradient, level)


def _find_shortage(means: Means, gradient: FloatArray) -> str:
    used = gradient != 0
    few = [FACTORS[name] for name, own in means.n_own.items() if own[used].min() < MINIMUM_CLUSTERS]
    if few:
        return f"there is only one {' and one '.join(few)}"
    return CANCEL if means.variance(gradient) < NO_ERROR**2 else ""
