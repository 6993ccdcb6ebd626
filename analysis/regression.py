"""Least squares on judgments with standard errors clustered by listener and by clip.

A linear probability model: coefficients are differences of shares. The covariance is the two-way clustered
sandwich of Cameron, Gelbach & Miller (2011) with G / (G - 1) for G clusters; the larger of the two-way and
both one-way variances counts (compare MacKinnon, Nielsen & Webb 2024), against a t distribution with
min(G) - 1 degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.clusters import FloatArray, IntArray
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, t_quantile

ALIKE = 1e-9
"""A residual below this is none."""
METHOD = "linear model, two-way clustered, t"


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients of k terms with their covariance by cluster.

    Attributes
    ----------
    coefficients
        Shape (k,).
    by_listener, by_clip, by_pair
        Shape (k, k): covariance when clustered by listener, clip, and both together.
    degrees_of_freedom
        min(listeners, clips) - 1.
    """

    terms: tuple[str, ...]
    coefficients: FloatArray
    by_listener: FloatArray
    by_clip: FloatArray
    by_pair: FloatArray
    degrees_of_freedom: float

    def estimate(self, term: str, level: float) -> Estimate:
        """Return a term's coefficient with its t interval."""
        i = self.terms.index(term)
        listener, clip, pair = (part[i, i] for part in (self.by_listener, self.by_clip, self.by_pair))
        error = float(np.sqrt(max(listener + clip - pair, listener, clip)))
        value, half = float(self.coefficients[i]), t_quantile(level, self.degrees_of_freedom) * error
        return Estimate(
            value=value,
            low=value - half,
            high=value + half,
            standard_error=error,
            degrees_of_freedom=self.degrees_of_freedom,
            method=METHOD,
        )

    def test_jointly(self, terms: list[str]) -> float | None:
        """Return the p of several coefficients all being 0; None where their covariance is singular.

        Wald's F with the sum of both one-way covariances, which never rejects too often.
        """
        used = [self.terms.index(term) for term in terms]
        covariance = (self.by_listener + self.by_clip)[np.ix_(used, used)]
        if np.linalg.matrix_rank(covariance) < len(used):
            return None
        value = self.coefficients[used]
        statistic = float(value @ np.linalg.solve(covariance, value)) / len(used)
        return float(stats.f.sf(statistic, len(used), self.degrees_of_freedom))


def regress(outcome: npt.ArrayLike, terms: pd.DataFrame, judgments: pd.DataFrame) -> Regression | str:
    """Return the regression of an outcome per judgment on terms, or why it cannot be had.

    `judgments` gives `participant_id` and `clip_id` of each row; a constant must stand among the terms.
    """
    values, outcome = terms.to_numpy(np.float64), np.asarray(outcome, np.float64)
    listener = pd.factorize(judgments["participant_id"])[0]
    clip = pd.factorize(judgments["clip_id"])[0]
    for codes, who in ((listener, "listener"), (clip, "clip")):
        if len(codes) == 0 or codes.max() + 1 < MINIMUM_CLUSTERS:
            return f"there is only one {who}" if len(codes) else "there are no judgments"
    if np.linalg.matrix_rank(values) < values.shape[1]:
        return "the terms cannot be told apart in these judgments"
    pair = pd.factorize(listener * (clip.max() + 1) + clip)[0]
    bread = np.linalg.inv(values.T @ values)
    coefficients = bread @ (values.T @ outcome)
    residual = outcome - values @ coefficients
    if np.abs(residual).max() < ALIKE:
        return "within each system, these judgments were all alike"
    scores = values * residual[:, None]
    parts = (bread @ _sum_products(scores, group) @ bread for group in (listener, clip, pair))
    by_listener, by_clip, by_pair = parts
    freedom = float(min(listener.max(), clip.max()))
    names = tuple(map(str, terms.columns))
    return Regression(names, coefficients, by_listener, by_clip, by_pair, freedom)


def _sum_products(scores: FloatArray, group: IntArray) -> FloatArray:
    """Return sum(u u') over groups, u their summed scores, times G / (G - 1)."""
    sums = np.column_stack([np.bincount(group, column) for column in scores.T])
    return np.asarray(sums.T @ sums * (len(sums) / max(1, len(sums) - 1)), np.float64)
