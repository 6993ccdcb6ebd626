"""What the mixed models estimate: coefficients, shares and their differences, d' and c.

Coefficients belong to an average listener and clip; `estimate_probability` averages over both, which is what
a fooling rate means. In a probit model of "computer" on gen_c (+1/2 generated, -1/2 human), slope = d' and
intercept = -c (DeCarlo 1998).

Intervals use Student's t with min(listeners - 1, clips - k) degrees of freedom, k counting terms constant
within a clip.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.estimates import Estimate, estimate_by_t
from analysis.link import FloatArray, Link, integrate_link
from analysis.mixed import INTERCEPT, ZERO_SD, MixedModel, fit_mixed_model
from study_core.errors import ResponsesError
from study_core.types import HUMAN_SYSTEMS

GENERATED = "gen_c"
"""Name of the term that is +1/2 for a generated and -1/2 for a human clip."""
METHOD = "mixed model, t"


@dataclass(frozen=True, slots=True)
class HierarchicalDetection:
    """d' and c of the average listener and clip; the model holds how listeners and clips differ."""

    d_prime: Estimate
    criterion: Estimate
    listeners: pd.DataFrame
    """`listener`, `d_prime`, `criterion`, each with its `_sd`; shrunk to the average listener."""
    model: MixedModel


def fit_systems(responses: pd.DataFrame, link: Link = "logit") -> MixedModel:
    """Return the model of the answer "human" with a coefficient per system, named as the system.

    Listeners differ in their lean to "human" and, where there are human and generated clips, in how well they
    tell them apart: leaving that out made 6-10 % of simulated studies without effect significant at 5 %.
    """
    by_listener = contrast_generated(responses)
    if np.ptp(by_listener[GENERATED].to_numpy()) == 0:
        by_listener = by_listener[[INTERCEPT]]
    systems, answers = pd.get_dummies(responses["system"], dtype=float), responses["judged_human"]
    ids = responses["participant_id"], responses["clip_id"]
    return fit_mixed_model(answers, systems, *ids, by_listener=by_listener, link=link)


def fit_detection(responses: pd.DataFrame, level: float) -> HierarchicalDetection:
    """Return d' and c of all generated against human clips from a probit model with crossed effects.

    For one generator, give the judgments of its clips and the human ones only.
    """
    terms, answers = contrast_generated(responses), 1 - responses["judged_human"]
    ids = responses["participant_id"], responses["clip_id"]
    model = fit_mixed_model(answers, terms, *ids, by_listener=terms, link="probit")
    unit, freedom = np.eye(model.parameters.size), model.degrees_of_freedom
    d_prime = _estimate(model, model.parameters[1], unit[1], freedom, level)
    criterion = _estimate(model, -model.parameters[0], unit[0], freedom, level)
    return HierarchicalDetection(d_prime, criterion, _detect_by_listener(model), model)


def contrast_generated(responses: pd.DataFrame) -> pd.DataFrame:
    """Return the constant term and the one that is +1/2 for generated and -1/2 for human clips."""
    generated = np.where(responses["system"].isin(HUMAN_SYSTEMS), -0.5, 0.5)
    return pd.DataFrame({INTERCEPT: 1.0, GENERATED: generated}, index=responses.index)


def estimate_coefficients(model: MixedModel, level: float) -> dict[str, Estimate]:
    """Return each fixed term's coefficient, for an average listener and clip, with its t interval."""
    units, freedom = np.eye(len(model.terms), model.parameters.size), model.degrees_of_freedom
    found = zip(model.terms, model.coefficients, units, strict=True)
    return {term: _estimate(model, value, unit, freedom, level) for term, value, unit in found}


def estimate_probability(model: MixedModel, cell: Mapping[str, float], level: float) -> Estimate:
    """Return the probability of a yes, averaged over listeners and clips, with an interval inside 0 to 1.

    `cell` gives values of terms. The constant one is 1, other fixed terms not named are 0, and terms by
    listener not named are those of the clips with these fixed terms. The interval comes from the delta method
    over all parameters, on the logit scale, with min(listeners, clips with these fixed terms) - 1 degrees of
    freedom. Raises ResponsesError if the model has no such term, or needs the value of one more.
    """
    value, gradient, n_clips = _integrate(model, cell)
    if value * (1 - value) <= np.finfo(float).eps:
        return Estimate(value=value, method=METHOD, because="all these judgments were alike")
    plain = _estimate(model, value, gradient, min(model.n_listeners, n_clips) - 1.0, level)
    half = (plain.high - value) / (value * (1 - value)) if plain.high else 0.0
    low, high = expit(logit(value) + np.array([-half, half]))
    return replace(plain, low=float(low), high=float(high))


def estimate_difference(
    model: MixedModel, first: Mapping[str, float], second: Mapping[str, float], level: float
) -> Estimate:
    """Return the averaged probability of a yes in the first cell minus the second's, with its t interval."""
    value, gradient, n_clips = _integrate(model, first)
    other, change, n_others = _integrate(model, second)
    freedom = min(model.n_listeners - 1.0, n_clips + n_others - 2.0)
    return _estimate(model, value - other, gradient - change, freedom, level)


def _integrate(model: MixedModel, cell: Mapping[str, float]) -> tuple[float, FloatArray, int]:
    """Return P(yes), its gradient over all parameters, and how many clips have the cell's fixed terms."""
    given = dict.fromkeys(model.terms, 0.0) | {INTERCEPT: 1.0, **cell}
    fixed = np.array([given[term] for term in model.terms])
    of_clips, random_of_clips = np.split(model.clip_rows, [fixed.size], axis=1)
    matching = (np.isnan(of_clips) | np.isclose(of_clips, fixed)).all(axis=1)
    if matching.any():
        known = zip(model.by_listener, random_of_clips[matching].mean(axis=0), strict=True)
        given = {term: value for term, value in known if not np.isnan(value)} | given
    unknown = sorted(set(cell) - {*model.terms, *model.by_listener})
    missing = [term for term in model.by_listener if term not in given]
    if unknown or missing:
        raise ResponsesError(
            f"The model has no terms {unknown} and needs values of {missing}. "
            f"Its terms are {sorted({*model.terms, *model.by_listener})}."
        )
    by_listener = np.array([given[term] for term in model.by_listener])
    spread = by_listener @ model.listener_root
    sd = float(np.linalg.norm([*spread, model.clip_sd]))
    value, by_eta, by_sd = integrate_link(model.link, float(fixed @ model.coefficients), sd)
    by_root = np.outer(by_listener, spread)[np.tril_indices(spread.size)]
    of_variances = np.concatenate([by_root, [model.clip_sd]]) / max(sd, ZERO_SD)
    return value, np.concatenate([by_eta * fixed, by_sd * of_variances]), int(matching.sum())


def _estimate(
    model: MixedModel, value: float, gradient: FloatArray, degrees_of_freedom: float, level: float
) -> Estimate:
    freedom, variance = max(1.0, degrees_of_freedom), float(gradient @ model.covariance @ gradient)
    error = max(0.0, variance) ** 0.5
    return estimate_by_t(float(value), error, freedom, level, method=METHOD)


def _detect_by_listener(model: MixedModel) -> pd.DataFrame:
    effects = model.listener_effects.set_index("listener")
    table = pd.DataFrame()
    for name, term, sign in (("d_prime", GENERATED, 1), ("criterion", INTERCEPT, -1)):
        rows = effects[effects["term"] == term]
        table[name] = sign * (model.coefficients[model.terms.index(term)] + rows["effect"])
        table[f"{name}_sd"] = rows["conditional_sd"]
    return table.reset_index()
