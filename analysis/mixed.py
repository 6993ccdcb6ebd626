"""Mixed models of yes-no judgments with listeners and clips both as samples.

`fit_mixed_model` maximizes the Laplace likelihood of `analysis.laplace`; `analysis.hierarchical` has what its
models estimate. Standard errors come from the Hessian over all parameters, the covariances' included.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.estimates import MINIMUM_CLUSTERS
from analysis.laplace import Judgments, LaplaceLikelihood
from analysis.link import FloatArray, Link
from analysis.maximum import Maximum, maximize
from study_core.errors import ResponsesError, list_problems

INTERCEPT = "intercept"
"""Name of the constant term."""
Ids = Sequence[Hashable] | npt.NDArray[Any] | pd.Series
ZERO_SD, EXTREME_SD, EXTREME_COEFFICIENT, EXTREME_CORRELATION = 1e-3, 5.0, 10.0, 0.99
"""Bounds of a sound fit, on the scale of the link; a published fit beyond them had an SD of 101."""
LARGE_GAIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """A mixed model at its maximum likelihood.

    Attributes
    ----------
    terms, by_listener
        Names of the p fixed terms, and of the k terms in which listeners differ.
    parameters, covariance
        Shapes (m,) and (m, m): coefficients, the lower triangle of `listener_root` row by row, and the clips'
        SD; and the covariance of these estimates.
    listener_root
        Shape (k, k): lower triangular root of the covariance of the listeners' effects.
    clip_rows
        Shape (clips, p + k): the terms of each clip, NaN for those that vary within clips.
    listener_effects, clip_effects
        Predicted effects, shrunk to 0, and their SDs given the parameters: columns `listener` or `clip`,
        `term`, `effect`, `conditional_sd`.
    warnings
        What the model could not estimate, or why not to trust it; a sentence each.
    """

    link: Link
    terms: tuple[str, ...]
    by_listener: tuple[str, ...]
    parameters: FloatArray
    covariance: FloatArray
    listener_root: FloatArray
    log_likelihood: float
    n_judgments: int
    n_listeners: int
    n_clips: int
    clip_rows: FloatArray
    listener_effects: pd.DataFrame
    clip_effects: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def coefficients(self) -> FloatArray:
        """Coefficients of the fixed terms, shape (p,)."""
        return self.parameters[: len(self.terms)]

    @property
    def clip_sd(self) -> float:
        """SD of the clips on the scale of the link."""
        return float(self.parameters[-1])

    @property
    def listener_sd(self) -> FloatArray:
        """SDs of the listeners on the scale of the link, shape (k,)."""
        return np.asarray(np.linalg.norm(self.listener_root, axis=1), np.float64)

    @property
    def listener_correlation(self) -> FloatArray:
        """Correlations of the listeners' effects, shape (k, k); 0 beside an SD of 0."""
        rows = self.listener_root / np.maximum(self.listener_sd, ZERO_SD)[:, None]
        return rows @ rows.T + np.diag(1 - (rows**2).sum(axis=1))

    @property
    def degrees_of_freedom(self) -> float:
        """Degrees of freedom of the coefficients' t reference."""
        between = int((~np.isnan(self.clip_rows[0, : len(self.terms)])).sum())
        return float(max(1, min(self.n_listeners - 1, self.n_clips - between)))


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Whether a larger model fits better than a smaller one inside it."""

    statistic: float
    degrees_of_freedom: int
    p: float


def fit_mixed_model(
    answers: npt.ArrayLike,
    fixed: pd.DataFrame,
    listeners: Ids,
    clips: Ids,
    *,
    by_listener: pd.DataFrame | None = None,
    link: Link = "logit",
) -> MixedModel:
    """Return the mixed model of N judgments at its maximum likelihood.

    Parameters
    ----------
    answers
        0 or 1 per judgment.
    fixed
        A column per fixed term, the constant one (a column of ones) included.
    listeners, clips
        Their ids, of any kind.
    by_listener
        A column per term in which listeners differ, with correlated effects; the constant one by default.
    link
        "logit", or "probit" for d'.

    Raises ResponsesError, naming every reason, if these judgments cannot give the model.
    """
    random = pd.DataFrame({INTERCEPT: np.ones(len(fixed))}) if by_listener is None else by_listener
    yes, people, pieces = np.asarray(answers), pd.Series(np.asarray(listeners)), pd.Series(np.asarray(clips))
    problems = _find_problems(yes, (fixed, random), people, pieces)
    if problems:
        raise ResponsesError(list_problems("The mixed model cannot be estimated:", problems))
    (listener, people_ids), (clip, clip_ids) = pd.factorize(people), pd.factorize(pieces)
    order = np.argsort(listener, kind="stable")
    judgments = Judgments(
        np.where(yes[order] == 1, 1.0, -1.0),
        fixed.to_numpy(np.float64)[order],
        random.to_numpy(np.float64)[order],
        listener[order],
        clip[order],
    )
    best = maximize(judgments, link)
    model = _describe(judgments, best, link, (fixed.columns, random.columns, people_ids, clip_ids))
    return replace(model, warnings=(*_doubt_estimates(model), *_doubt_maximum(model, best, judgments)))


def compare_models(smaller: MixedModel, larger: MixedModel) -> LikelihoodRatio:
    """Return the likelihood-ratio test of a smaller model inside a larger one, of the same judgments.

    Chi-squared, except for one more term in which listeners differ: its SD of 0 lies on the boundary, so p is
    the mean of those with and without it among the degrees of freedom (Stram & Lee 1994).
    Raises ResponsesError if the models are of different judgments, or the larger has no more parameters.
    """
    extra = larger.parameters.size - smaller.parameters.size
    if extra < 1 or (smaller.link, smaller.n_judgments) != (larger.link, larger.n_judgments):
        raise ResponsesError(
            f"Models with {smaller.parameters.size} and {larger.parameters.size} parameters, of "
            f"{smaller.n_judgments} and {larger.n_judgments} judgments, cannot be compared. Fit both to the "
            "same judgments, with the same link, and give the smaller one first."
        )
    statistic = max(0.0, 2 * (larger.log_likelihood - smaller.log_likelihood))
    p = float(stats.chi2.sf(statistic, extra))
    if smaller.terms == larger.terms and len(larger.by_listener) == len(smaller.by_listener) + 1:
        p = (p + float(stats.chi2.sf(statistic, extra - 1))) / 2
    return LikelihoodRatio(statistic, extra, p)


def _describe(
    judgments: Judgments, best: Maximum, link: Link, names: tuple[pd.Index, pd.Index, pd.Index, pd.Index]
) -> MixedModel:
    terms, by_listener, listeners, clips = names
    likelihood = LaplaceLikelihood(judgments, link)
    # The sign of each column of a root is free; positive diagonals and a positive SD are the convention.
    _, root, sigma = likelihood.unpack(best.parameters)
    flip = np.where(root.diagonal() < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones(terms.size), flip[np.tril_indices(flip.size)[1]], [1 - 2 * (sigma < 0)]])
    parameters = best.parameters * signs
    effects, listener_covariance, clip_variance = likelihood.predict(parameters)
    listener_sd = np.sqrt(listener_covariance.diagonal(axis1=1, axis2=2))
    return MixedModel(
        link=link,
        terms=tuple(terms),
        by_listener=tuple(by_listener),
        parameters=parameters,
        covariance=best.covariance * np.outer(signs, signs),
        listener_root=root * flip,
        log_likelihood=best.log_likelihood,
        n_judgments=judgments.answer.size,
        n_listeners=listeners.size,
        n_clips=clips.size,
        clip_rows=judgments.find_clip_rows(),
        listener_effects=_tabulate("listener", listeners, by_listener, effects.listener, listener_sd),
        clip_effects=_tabulate("clip", clips, pd.Index([INTERCEPT]), effects.clip, np.sqrt(clip_variance)),
        warnings=(),
    )


def _tabulate(unit: str, ids: pd.Index, terms: pd.Index, effect: FloatArray, sd: FloatArray) -> pd.DataFrame:
    who, term = np.repeat(ids, terms.size), np.tile(terms, ids.size)
    return pd.DataFrame({unit: who, "term": term, "effect": effect.ravel(), "conditional_sd": sd.ravel()})


def _doubt_estimates(model: MixedModel) -> list[str]:
    """Return a sentence for each estimate that is 0, or larger than judgments of music have ever given."""
    found, distrust = [], f"on the {model.link} scale: distrust this fit."
    names = *(f"listeners in {term}" for term in model.by_listener), "clips"
    for who, sd in zip(names, [*model.listener_sd, model.clip_sd], strict=True):
        if sd < ZERO_SD:
            found.append(f"The {who} differ by no more than chance: their SD is 0.")
        if sd > EXTREME_SD:
            found.append(f"The SD of the {who} is {sd:.3g}, beyond {EXTREME_SD:.0f} {distrust}")
    for term, value in zip(model.terms, model.coefficients, strict=True):
        if abs(value) > EXTREME_COEFFICIENT:
            found.append(f"The effect of {term} is {value:.3g}, beyond {EXTREME_COEFFICIENT:.0f} {distrust}")
    for a, b in np.argwhere(np.abs(np.tril(model.listener_correlation, -1)) > EXTREME_CORRELATION):
        pair = f"{model.by_listener[b]} and {model.by_listener[a]}"
        found.append(f"The listeners' {pair} seem to correlate perfectly: too few judgments to tell.")
    return found


def _doubt_maximum(model: MixedModel, best: Maximum, judgments: Judgments) -> list[str]:
    """Return a sentence for terms without a finite estimate, and for a search that did not arrive."""
    found = []
    growing = np.abs(judgments.find_separation(model.coefficients)) > ZERO_SD
    if growing.any():
        found.append(
            f"The answers are all alike wherever {', '.join(np.array(model.terms)[growing])} decides: "
            "no finite coefficient fits, and the standard errors mean nothing. Give the share's bound."
        )
    elif best.gain > LARGE_GAIN or not best.is_maximum:
        found.append(
            f"The search stopped short of the maximum (log-likelihood at least {best.gain:.2g} below): "
            "distrust this fit. Leave out terms, or collect more judgments."
        )
    return found


def _find_problems(
    answers: npt.NDArray[Any], tables: tuple[pd.DataFrame, pd.DataFrame], people: pd.Series, clips: pd.Series
) -> list[str]:
    """Return every reason why no model can be estimated."""
    sizes = {answers.size, *map(len, tables), people.size, clips.size}
    if len(sizes) > 1 or not answers.size:
        return [f"answers, terms, listeners and clips have {sorted(sizes)} rows; give one row per judgment"]
    problems = []
    wrong = int((~np.isin(answers, (0, 1))).sum())
    if wrong:
        problems.append(f"{wrong} of {answers.size} answers are not 0 or 1; leave those rows out")
    elif np.unique(answers).size == 1:
        problems.append(f"all {answers.size} answers are {answers[0]}; give the exact bound instead")
    for ids, who in ((people, "listeners"), (clips, "clips")):
        if ids.nunique() < MINIMUM_CLUSTERS or ids.isna().any():
            problems.append(f"{ids.nunique()} {who}, {ids.isna().sum()} rows without; there must be 2, and 0")
    return [*problems, *(problem for table in tables for problem in _find_bad_terms(table))]


def _find_bad_terms(table: pd.DataFrame) -> list[str]:
    values, names = table.to_numpy(np.float64), list(table.columns)
    if not np.isfinite(values).all():
        return [f"terms among {names} are missing or infinite in some rows; leave those out"]
    if not names or np.linalg.matrix_rank(values) < len(names):
        return [f"terms {names} repeat one another or hold only 0; leave one out"]
    return []
