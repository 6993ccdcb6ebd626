"""Least squares on judgments with standard errors clustered by listener and by clip.

A linear probability model: coefficients are differences of shares. The covariance is the two-way clustered
sandwich of Cameron, Gelbach & Miller (2011) with G / (G - 1) for G clusters, three-way of pairs, whose human
clip is a third factor; the largest of it and all one-way variances counts (compare MacKinnon, Nielsen & Webb
2024), against a t distribution with min(G) - 1 degrees of freedom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.answers import HUMAN_CLIP
from analysis.clusters import FloatArray, IntArray
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, estimate_by_t

FACTORS = {"participant_id": "listener", "clip_id": "clip", HUMAN_CLIP: "human clip"}
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
    by_factor
        Shape (k, k) each: covariance when clustered by listener, or by clip.
    together
        Shape (k, k): what several factors share, which their sum counts more than once.
    degrees_of_freedom
        min(listeners, clips) - 1.
    """

    terms: tuple[str, ...]
    coefficients: FloatArray
    by_factor: Mapping[str, FloatArray]
    together: FloatArray
    degrees_of_freedom: float

    def estimate(self, term: str, level: float) -> Estimate:
        """Return a term's coefficient with its t interval."""
        i = self.terms.index(term)
        alone = [float(part[i, i]) for part in self.by_factor.values()]
        error = float(np.sqrt(max(sum(alone) - float(self.together[i, i]), *alone)))
        value = float(self.coefficients[i])
        return estimate_by_t(value, error, self.degrees_of_freedom, level, method=METHOD)

    def test_jointly(self, terms: list[str], fewest: int) -> float | None:
        """Return the p of several groups' coefficients all being 0; None where their covariance is singular.

        Wald's F with the sum of the one-way covariances, against no more degrees of freedom than the
        `fewest` listeners or clips of a group give: beside many others theirs alone is the variance that
        counts (Imbens & Kolesar 2016, section II).
        """
        used = [self.terms.index(term) for term in terms]
        covariance = np.sum(list(self.by_factor.values()), axis=0)[np.ix_(used, used)]
        if np.linalg.matrix_rank(covariance) < len(used):
            return None
        value = self.coefficients[used]
        statistic = float(value @ np.linalg.solve(covariance, value)) / len(used)
        return float(stats.f.sf(statistic, len(used), min(self.degrees_of_freedom, fewest - 1.0)))


def regress(outcome: npt.ArrayLike, terms: pd.DataFrame, judgments: pd.DataFrame) -> Regression | str:
    """Return the regression of an outcome per judgment on terms, or why it cannot be had.

    `judgments` gives `participant_id`, `clip_id` and, of pairs, `human_clip_id` of each row; a constant must
    stand among the terms.
    """
    values, outcome = terms.to_numpy(np.float64), np.asarray(outcome, np.float64)
    codes = {name: _number(judgments[name]) for name in FACTORS if name in judgments}
    if judgments.empty:
        return "there are no judgments"
    n_clusters = {name: int(code.max()) + 1 for name, code in codes.items()}
    for name, n in n_clusters.items():
        if n < MINIMUM_CLUSTERS:
            return f"there is only one {FACTORS[name]}"
    if np.linalg.matrix_rank(values) < values.shape[1]:
        return "the terms cannot be told apart in these judgments"
    bread = np.linalg.inv(values.T @ values)
    coefficients = bread @ (values.T @ outcome)
    residual = outcome - values @ coefficients
    if np.abs(residual).max() < ALIKE:
        return "within each system, these judgments were all alike"
    scores = values * residual[:, None]
    by_factor = {name: bread @ _sum_products(scores, code) @ bread for name, code in codes.items()}
    both, together = pd.DataFrame(codes), np.zeros_like(bread)
    for size in range(2, len(codes) + 1):
        for names in combinations(codes, size):
            group = np.asarray(both.groupby(list(names), sort=False).ngroup(), np.int64)
            together += (-1) ** size * (bread @ _sum_products(scores, group) @ bread)
    freedom = min(n_clusters.values()) - 1.0
    return Regression(tuple(map(str, terms.columns)), coefficients, by_factor, together, freedom)


def _number(ids: "pd.Series[str]") -> IntArray:
    return np.asarray(pd.factorize(ids)[0], np.int64)


def _sum_products(scores: FloatArray, group: IntArray) -> FloatArray:
    """Return sum(u u') over groups, u their summed scores, times G / (G - 1)."""
    sums = np.column_stack([np.bincount(group, column) for column in scores.T])
    return np.asarray(sums.T @ sums * (len(sums) / max(1, len(sums) - 1)), np.float64)
