"""A number with its interval, or the plain reason why it has none."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from analysis.clusters import FloatArray, Rates

TWO_WAY = "two-way clustered, t"
"""Interval from the two-way clustered variance and a t reference."""
BOUND = "bound"
"""Exact bound where all answers are equal; see `estimate_rate`."""
MINIMUM_CLUSTERS = 2
NO_ERROR = 1e-9
"""A standard error below this is none."""
CANCEL = "the answers cancel out exactly, which leaves nothing to measure chance by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its interval, and the interval that treats judgments as independent.

    Where an interval cannot be estimated, `low` and `high` are None and `because` says why; never NaN.
    `method` names how it was had; `warnings` are sentences on why not to trust it.
    """

    value: float
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    degrees_of_freedom: float | None = None
    naive_low: float | None = None
    naive_high: float | None = None
    method: str = TWO_WAY
    because: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def excludes_zero(self) -> bool:
        """Tell whether the interval lies on one side of 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def p(self) -> float | None:
        """Two-sided p of the value being 0."""
        if not self.standard_error or self.degrees_of_freedom is None:
            return None
        return float(2 * stats.t.sf(abs(self.value) / self.standard_error, self.degrees_of_freedom))


def estimate_by_t(
    value: float,
    error: float,
    freedom: float,
    level: float,
    *,
    method: str = TWO_WAY,
    warnings: tuple[str, ...] = (),
) -> Estimate:
    """Return a value with the t interval of its standard error."""
    half = t_quantile(level, freedom) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        standard_error=error,
        degrees_of_freedom=freedom,
        method=method,
        warnings=warnings,
    )


def estimate_rate(rates: Rates, system: str, level: float) -> Estimate:
    """Return a system's share of judgments "human" with an interval inside 0 to 1.

    The t interval is taken on the logit scale. docs/decisions/0007 has how often it missed the truth in
    simulated studies; `benchmarks/calibration.py` repeats them.

    Where all answers are equal there is nothing to cluster. Then the exact interval (Clopper & Pearson 1934)
    on as many answers as there are listeners or clips, whichever is fewer, is a bound that holds however
    alike the answers of one listener or clip are; `method` calls it so.
    """
    i = rates.index(system)
    share, n = float(rates.share[i]), int(rates.n_trials[i])
    naive_low, naive_high = wilson_interval(int(rates.n_judged_human[i]), n, level)
    plain = Estimate(value=share, naive_low=naive_low, naive_high=naive_high)
    if share in (0, 1):
        units = int(min(rates.n_listeners[i], rates.n_clips[i]))
        low, high = clopper_pearson_interval(round(share) * units, units, level)
        return replace(plain, low=low, high=high, method=BOUND)
    gradient = unit_gradient(rates, system)
    reason = explain_missing_interval(rates, gradient)
    if reason:
        return replace(plain, because=reason)
    error, freedom = float(np.sqrt(rates.variance(gradient))), rates.degrees_of_freedom(gradient)
    half = t_quantile(level, freedom) * error / (share * (1 - share))
    low, high = expit(logit(share) + np.array([-half, half]))
    return replace(plain, low=float(low), high=float(high), standard_error=error, degrees_of_freedom=freedom)


def estimate_function(rates: Rates, value: float, gradient: FloatArray, level: float) -> Estimate:
    """Return a function of the shares with a t interval by the delta method; gradient has shape (S,)."""
    reason = explain_missing_interval(rates, gradient)
    if reason:
        return Estimate(value=value, because=reason)
    error, freedom = float(np.sqrt(rates.variance(gradient))), rates.degrees_of_freedom(gradient)
    naive = float(stats.norm.ppf((1 + level) / 2) * np.sqrt(rates.naive_variance(gradient)))
    told = estimate_by_t(value, error, freedom, level)
    return replace(told, naive_low=value - naive, naive_high=value + naive)


def unit_gradient(rates: Rates, system: str) -> FloatArray:
    """Return the gradient of one system's share: 1 at its place, 0 elsewhere."""
    gradient = np.zeros(len(rates.systems))
    gradient[rates.index(system)] = 1
    return gradient


def explain_missing_interval(rates: Rates, gradient: FloatArray) -> str:
    """Return why a function of the shares has no interval, or nothing where it has one."""
    for i in np.flatnonzero(gradient):
        name = rates.systems[i]
        if rates.n_clips[i] < MINIMUM_CLUSTERS:
            return f"there is only one {name} clip, and one clip cannot stand for its system"
        if rates.n_listeners[i] < MINIMUM_CLUSTERS:
            return f"only one listener judged {name} clips"
        if rates.share[i] in (0, 1):
            answer = "human" if rates.share[i] else "computer"
            return f'all {rates.n_trials[i]} judgments of {name} clips were "{answer}"'
    return CANCEL if rates.variance(gradient) < NO_ERROR**2 else ""


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """Return how many standard errors an interval of that level reaches to each side."""
    return float(stats.t.ppf((1 + level) / 2, degrees_of_freedom))


def wilson_interval(hits: int, trials: int, level: float) -> tuple[float, float]:
    """Return Wilson's (1927) score interval of a proportion of independent trials."""
    z = stats.norm.ppf((1 + level) / 2)
    share, shrink = hits / trials, 1 + z**2 / trials
    middle = (share + z**2 / (2 * trials)) / shrink
    half = z / shrink * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def clopper_pearson_interval(hits: int, trials: int, level: float) -> tuple[float, float]:
    """Return the exact interval of a proportion of independent trials (Clopper & Pearson 1934)."""
    tail = (1 - level) / 2
    low = float(stats.beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(tail, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high
