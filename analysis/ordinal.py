"""Ratings on a few ordered levels: a cumulative mixed model with listeners and clips both as samples.

A rating of K levels is at most the k-th with probability F(tau_k - eta), eta as in `analysis.laplace` without
a constant term, tau_1 < ... < tau_K-1 (McCullagh 1980; R's `ordinal::clmm` fits the same likelihood). The
thresholds are searched for as tau_1 and the logarithms of the steps between them.

With D = F(a) - F(b) between the thresholds a and b around a rating, less eta, a judgment's log density is
log D; its derivatives in eta, and those in a and b, follow by the quotient rule.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import block_diag
from scipy.special import expit, ndtr, ndtri

from analysis.estimates import MINIMUM_CLUSTERS
from analysis.laplace import Judgments, LaplaceLikelihood
from analysis.link import Derivatives, FloatArray, Link
from analysis.maximum import Maximum, climb
from study_core.errors import ResponsesError, list_problems

TINY = 1e-300
MINIMUM_LEVELS = 3
"""With two, the ratings are yes-no judgments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalModel:
    """A cumulative mixed model at its maximum likelihood.

    Attributes
    ----------
    levels
        The K levels in their order.
    thresholds, coefficients
        Shapes (K - 1,) and (p,).
    covariance
        Shape (p, p): of the coefficients.
    listener_sd, clip_sd
        SDs of the terms by listener, shape (k,), and of the clips, on the link's scale.
    """

    levels: tuple[float, ...]
    terms: tuple[str, ...]
    thresholds: FloatArray
    coefficients: FloatArray
    covariance: FloatArray
    listener_sd: FloatArray
    clip_sd: float
    log_likelihood: float
    degrees_of_freedom: float
    is_maximum: bool


class OrdinalLikelihood(LaplaceLikelihood):
    """The Laplace log-likelihood as a function of the thresholds' parameters and then those of its base."""

    def __init__(self, judgments: Judgments, link: Link, n_levels: int) -> None:
        super().__init__(judgments, link)
        self.n_thresholds = n_levels - 1
        self._level = judgments.answer.astype(np.int64)
        self._thresholds = np.arange(self.n_thresholds, dtype=np.float64)

    def evaluate(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Return the log-likelihood and its gradient, shape (parameters,)."""
        self._thresholds = place_thresholds(parameters[: self.n_thresholds])
        rest = parameters[self.n_thresholds :]
        factor, (height, *derivatives) = self._find_mode(rest)
        gradient, variance, moved = self._gradient(rest, factor, *derivatives)
        of_thresholds = self._derive_thresholds(rest, variance, moved)
        of_parameters = of_thresholds[::-1].cumsum()[::-1]  # every step moves all later thresholds
        of_parameters[1:] *= np.exp(parameters[1 : self.n_thresholds])
        return height - factor.log_determinant / 2, np.concatenate([of_parameters, gradient])

    def derive_density(self, eta: FloatArray) -> Derivatives:
        """Return each rating's log density, its slope in eta, the weight and the weight's slope."""
        density, above, below = self._bound(eta)
        slope = -(above[1] - below[1]) / density
        curve, twist = (above[2] - below[2]) / density, (above[3] - below[3]) / density
        weight = slope**2 - curve
        return np.log(density), slope, weight, twist + curve * slope - 2 * slope * weight

    def _bound(self, eta: FloatArray) -> tuple[FloatArray, tuple[FloatArray, ...], tuple[FloatArray, ...]]:
        """Return D, and F and its three derivatives at the thresholds above and below each rating."""
        ends = np.concatenate([[-np.inf], self._thresholds, [np.inf]])
        a, b = ends[self._level + 1] - eta, ends[self._level] - eta
        above, below = derive_distribution(self.link, a), derive_distribution(self.link, b)
        # In the upper half F is 1 to all digits, 1 - F is not.
        tails = derive_distribution(self.link, -b)[0] - derive_distribution(self.link, -a)[0]
        return np.maximum(np.where(b > 0, tails, above[0] - below[0]), TINY), above, below

    def _derive_thresholds(self, rest: FloatArray, variance: FloatArray, moved: FloatArray) -> FloatArray:
        """Return dL for every threshold: each moves the densities, and through them mode and H."""
        eta = self._add_up(rest, self.mode)
        density, above, below = self._bound(eta)
        slope = -(above[1] - below[1]) / density
        curve = (above[2] - below[2]) / density
        total = np.zeros(self.n_thresholds + 2)
        for end, sign, place in ((above, 1, self._level + 1), (below, -1, self._level)):
            gain = sign * end[1] / density
            of_slope = -sign * end[2] / density - slope * gain
            of_weight = 2 * slope * of_slope - sign * end[3] / density + curve * gain
            total += np.bincount(place, gain - variance * of_weight / 2 - moved * of_slope / 2, total.size)
        return total[1:-1]


def derive_distribution(link: Link, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return F and its first three derivatives; 0 or 1 and 0 at the infinities."""
    if link == "logit":
        share = expit(x)
        density = share * expit(-x)
        return share, density, density * (1 - 2 * share), density * (1 - 6 * density)
    inside = np.clip(x, -40, 40)
    density = np.exp(-(inside**2) / 2) / np.sqrt(2 * np.pi)
    return ndtr(x), density, -inside * density, (inside**2 - 1) * density


def place_thresholds(parameters: FloatArray) -> FloatArray:
    """Return thresholds from the first one and the logarithms of the steps."""
    return np.cumsum(np.concatenate([parameters[:1], np.exp(parameters[1:])]))


def fit_ordinal_model(
    ratings: pd.Series,
    fixed: pd.DataFrame,
    listeners: pd.Series,
    clips: pd.Series,
    *,
    by_listener: pd.DataFrame,
    link: Link = "logit",
) -> OrdinalModel:
    """Return the cumulative mixed model of N ratings at its maximum likelihood.

    `fixed` has no constant term; `by_listener` has the terms in which listeners differ.
    Raises ResponsesError, naming every reason, if these ratings cannot give the model.
    """
    problems = _find_problems(ratings, listeners, clips)
    if problems:
        raise ResponsesError(list_problems("The ratings' model cannot be estimated:", problems))
    level, levels = pd.factorize(ratings.to_numpy(np.float64), sort=True)
    people, clip = pd.factorize(listeners)[0], pd.factorize(clips)[0]
    order = np.argsort(people, kind="stable")
    judgments = Judgments(
        level[order].astype(np.float64),
        fixed.to_numpy(np.float64)[order],
        by_listener.to_numpy(np.float64)[order],
        people[order],
        clip[order],
    )
    likelihood = OrdinalLikelihood(judgments, link, len(levels))
    best = climb(likelihood, *_start(likelihood), likelihood.n_thresholds + likelihood.n_fixed)
    return _describe(likelihood, best, tuple(map(float, levels)), tuple(fixed.columns))


def _start(likelihood: OrdinalLikelihood) -> tuple[FloatArray, FloatArray]:
    """Return thresholds from the shares, no effects, SDs of 1/2, and a guess of the covariance."""
    level = likelihood.judgments.answer
    below = np.array([(level <= k).mean() for k in range(likelihood.n_thresholds)])
    thresholds = ndtri(below) * (1.7 if likelihood.link == "logit" else 1.0)
    steps = np.log(np.maximum(np.diff(thresholds), 0.01))
    root = np.eye(likelihood.n_by_listener)[np.tril_indices(likelihood.n_by_listener)] / 2
    start = np.concatenate([thresholds[:1], steps, np.zeros(likelihood.n_fixed), root, [0.5]])
    spread = 4 / level.size + (1 / likelihood.listeners + 1 / likelihood.clips) / 4
    of_sds = np.diag([*np.full(root.size, 1 / likelihood.listeners), 0.5 / likelihood.clips])
    return start, block_diag(spread * np.eye(start.size - root.size - 1), of_sds)


def _describe(
    likelihood: OrdinalLikelihood, best: Maximum, levels: tuple[float, ...], terms: tuple[str, ...]
) -> OrdinalModel:
    cut = likelihood.n_thresholds
    beta, root, sigma = likelihood.unpack(best.parameters[cut:])
    inside = slice(cut, cut + beta.size)
    return OrdinalModel(
        levels=levels,
        terms=terms,
        thresholds=place_thresholds(best.parameters[:cut]),
        coefficients=beta,
        covariance=best.covariance[inside, inside],
        listener_sd=np.asarray(np.linalg.norm(root, axis=1), np.float64),
        clip_sd=abs(sigma),
        log_likelihood=best.log_likelihood,
        degrees_of_freedom=float(max(1, min(likelihood.listeners - 1, likelihood.clips - beta.size - 1))),
        is_maximum=best.is_maximum,
    )


def _find_problems(ratings: pd.Series, listeners: pd.Series, clips: pd.Series) -> list[str]:
    problems = []
    if ratings.isna().any():
        problems.append(f"{int(ratings.isna().sum())} ratings are missing; leave those rows out")
    if ratings.nunique() < MINIMUM_LEVELS:
        problems.append(f"{ratings.nunique()} levels were used; there must be {MINIMUM_LEVELS}")
    for ids, who in ((listeners, "listeners"), (clips, "clips")):
        if ids.nunique() < MINIMUM_CLUSTERS:
            problems.append(f"{ids.nunique()} {who}; there must be {MINIMUM_CLUSTERS}")
    return problems
