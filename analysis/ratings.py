"""How every system was rated: levels, means, and the cumulative mixed model's effects."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import FloatArray, Rates, measure_means, order_systems
from analysis.confidence import estimate_area
from analysis.estimates import Estimate, estimate_by_t, unit_gradient
from analysis.fooling import Contrast, contrast_systems
from analysis.hierarchical import contrast_generated
from analysis.mixed import INTERCEPT
from analysis.ordinal import OrdinalModel, fit_ordinal_model
from analysis.outcomes import estimate_mean
from analysis.spread import MOST_JUDGMENTS, NOISE_SD, Spread, Test, explain
from study_core.errors import ResponsesError
from study_core.types import HUMAN

METHOD = "cumulative mixed model, t"


@dataclass(frozen=True, slots=True)
class Rating:
    """How one system was rated.

    Attributes
    ----------
    shares
        `rating`, `share`: how often each level was given.
    mean
        Mean rating, with its two-way clustered interval.
    difference
        Mean rating less that of the human clips; None for the human clips themselves.
    effect
        Cumulative mixed model: how far ratings lie above the human clips', on the link's scale; None for the
        human clips themselves.
    superiority
        Probability that a rating of this system is above one of a human clip, half of ties included; None for
        the human clips themselves.
    """

    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    shares: pd.DataFrame
    mean: Estimate
    difference: Estimate | None
    effect: Estimate | None
    superiority: Estimate | None


def estimate_ratings(
    responses: pd.DataFrame, level: float, model: OrdinalModel | str = "", highest: int | None = None
) -> tuple[Rating, ...]:
    """Return how every system was rated, the human clips first; rows without a rating are left out.

    `responses` has `participant_id`, `clip_id`, `system` and `rating`; the model is that of `fit_ratings`,
    which is fitted here where it is not given. Where the highest rating that could be given is known, shares
    are of all levels, else of those used.
    """
    rated = responses[responses["rating"].notna()]
    model = model or fit_ratings(rated)
    means = measure_means(rated, rated["rating"].to_numpy(np.float64))
    levels = np.sort(rated["rating"].unique()) if highest is None else np.arange(1.0, highest + 1)
    return tuple(_rate(rated, means, system, model, level, levels) for system in means.systems)


def fit_ratings(rated: pd.DataFrame) -> OrdinalModel | str:
    """Return the cumulative mixed model, an effect per system against human clips, or why there is none."""
    others = [name for name in order_systems(rated["system"].unique()) if name != HUMAN]
    if len(rated) > MOST_JUDGMENTS:
        return f"{len(rated)} ratings are more than the {MOST_JUDGMENTS} that it is fitted to"
    if not others or not (rated["system"] == HUMAN).any():
        return "there are no human and other clips to compare"
    fixed = pd.DataFrame({name: (rated["system"] == name).astype(float) for name in others})
    try:
        return _fit(rated, fixed, contrast_generated(rated))
    except ResponsesError as error:
        return explain(error)


def contrast_ratings(rated: pd.DataFrame, level: float) -> tuple[Contrast, ...]:
    """Return the difference of every two generators' mean ratings, p adjusted after Holm."""
    means = measure_means(rated, rated["rating"].to_numpy(np.float64))
    return contrast_systems(means.systems, lambda first, second: subtract_means(means, first, second, level))


def describe_spread(rated: pd.DataFrame, model: OrdinalModel | str) -> Spread:
    """Return how much listeners and clips differ in their ratings, with likelihood-ratio tests."""
    if isinstance(model, str):
        return Spread(because=model)
    terms = contrast_generated(rated)
    fixed = pd.DataFrame({name: (rated["system"] == name).astype(float) for name in model.terms})
    same = _fit(rated, fixed[[]], terms)
    alike = _fit(rated, fixed, terms[[INTERCEPT]])
    gains = [max(0.0, 2 * (model.log_likelihood - smaller.log_likelihood)) for smaller in (same, alike)]
    n_terms = len(model.terms)
    tests = (
        Test(
            "Are the systems rated differently?", gains[0], n_terms, float(stats.chi2.sf(gains[0], n_terms))
        ),
        Test(
            "Do listeners differ in how much better they rate human clips?",
            gains[1],
            2,
            float(np.mean(stats.chi2.sf(gains[1], [1, 2]))),  # at the boundary (Stram & Lee 1994)
        ),
    )
    lean, sensitivity = map(float, model.listener_sd)
    sds = {
        "listeners' lean": lean,
        "listeners' sensitivity": sensitivity,
        "clips": model.clip_sd,
        "single judgments": NOISE_SD,
    }
    variances = np.array([sd**2 for sd in sds.values()]) * [1, 1 / 4, 1, 1]  # gen_c is +-1/2
    shares = variances / variances.sum()
    components = pd.DataFrame({"who": list(sds), "sd": list(sds.values()), "share": shares})
    return Spread(components, tests)


def subtract_means(means: Rates, first: str, second: str, level: float) -> Estimate:
    """Return the mean of the first system minus that of the second, or why it has no interval."""
    gradient = unit_gradient(means, first) - unit_gradient(means, second)
    return estimate_mean(means, (first, second), gradient, level)


def _fit(rated: pd.DataFrame, fixed: pd.DataFrame, by_listener: pd.DataFrame) -> OrdinalModel:
    ids = rated["participant_id"], rated["clip_id"]
    return fit_ordinal_model(rated["rating"], fixed, *ids, by_listener=by_listener)


def _rate(
    rated: pd.DataFrame,
    means: Rates,
    system: str,
    model: OrdinalModel | str,
    level: float,
    levels: FloatArray,
) -> Rating:
    rows = rated[rated["system"] == system]
    shares = rows["rating"].value_counts(normalize=True).reindex(levels, fill_value=0)
    mean = estimate_mean(means, (system,), unit_gradient(means, system), level)
    difference = effect = superiority = None
    if system != HUMAN and HUMAN in means.systems:
        difference = subtract_means(means, system, HUMAN, level)
        effect = _estimate_effect(model, system, level)
        superiority = estimate_area(rated, rated["rating"], rated["system"], (HUMAN, system), level)
    table = pd.DataFrame({"rating": shares.index, "share": shares.to_numpy()})
    counts = len(rows), rows["participant_id"].nunique(), rows["clip_id"].nunique()
    return Rating(system, *counts, table, mean, difference, effect, superiority)


def _estimate_effect(model: OrdinalModel | str, system: str, level: float) -> Estimate:
    if isinstance(model, str):
        return Estimate(value=0.0, method=METHOD, because=model)
    i = model.terms.index(system)
    value, error = float(model.coefficients[i]), float(model.covariance[i, i] ** 0.5)
    warnings = () if model.is_maximum else ("The search stopped short of the maximum: distrust this fit.",)
    return estimate_by_t(value, error, model.degrees_of_freedom, level, method=METHOD, warnings=warnings)
