"""How every system was rated: levels, means, and the cumulative mixed model's effects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import Rates, measure_means, order_systems
from analysis.confidence import estimate_area
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, estimate_function, t_quantile
from analysis.hierarchical import GENERATED
from analysis.mixed import INTERCEPT
from analysis.ordinal import OrdinalModel, fit_ordinal_model
from study_core.errors import ResponsesError
from study_core.types import HUMAN, HUMAN_SYSTEMS

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
    effect: Estimate | None
    superiority: Estimate | None


def estimate_ratings(responses: pd.DataFrame, level: float) -> tuple[Rating, ...]:
    """Return how every system was rated, the human clips first; rows without a rating are left out.

    `responses` has `participant_id`, `clip_id`, `system` and `rating`.
    """
    rated = responses[responses["rating"].notna()]
    systems = order_systems(rated["system"].unique())
    effects = _estimate_effects(rated, systems, level)
    means = measure_means(rated, rated["rating"].to_numpy(np.float64))
    return tuple(
        _rate(rated, system, means_of, effects.get(system), level)
        for system, means_of in ((name, _mean(means, name, level)) for name in systems)
    )


def _rate(rated: pd.DataFrame, system: str, mean: Estimate, effect: Estimate | None, level: float) -> Rating:
    rows = rated[rated["system"] == system]
    shares = (
        rows["rating"].value_counts(normalize=True).reindex(sorted(rated["rating"].unique()), fill_value=0)
    )
    superiority = None
    if system != HUMAN and (rated["system"] == HUMAN).any():
        superiority = estimate_area(rated, rated["rating"], rated["system"], (HUMAN, system), level)
    table = pd.DataFrame({"rating": shares.index, "share": shares.to_numpy()})
    counts = len(rows), rows["participant_id"].nunique(), rows["clip_id"].nunique()
    return Rating(system, *counts, table, mean, effect, superiority)


def _mean(means: Rates, system: str, level: float) -> Estimate:
    i = means.index(system)
    gradient = np.eye(len(means.systems))[i]
    if min(means.n_listeners[i], means.n_clips[i]) < MINIMUM_CLUSTERS:
        who = "clip" if means.n_clips[i] < MINIMUM_CLUSTERS else "listener"
        return Estimate(
            value=float(means.share[i]), because=f"there is only one {who} with ratings of {system}"
        )
    if means.naive_variance(gradient) == 0:
        return Estimate(value=float(means.share[i]), because=f"all ratings of {system} were alike")
    return estimate_function(means, float(means.share[i]), gradient, level)


def _estimate_effects(rated: pd.DataFrame, systems: Sequence[str], level: float) -> dict[str, Estimate]:
    """Return the effect of every generator against the human clips; none where there are no human clips."""
    others = [name for name in systems if name != HUMAN]
    if HUMAN not in systems or not others:
        return {}
    fixed = pd.DataFrame({name: (rated["system"] == name).astype(float) for name in others})
    generated = np.where(rated["system"].isin(HUMAN_SYSTEMS), -0.5, 0.5)
    by_listener = pd.DataFrame({INTERCEPT: 1.0, GENERATED: generated}, index=rated.index)
    try:
        model = fit_ordinal_model(
            rated["rating"], fixed, rated["participant_id"], rated["clip_id"], by_listener=by_listener
        )
    except ResponsesError as error:
        because = "; ".join(line.strip() for line in str(error).splitlines()[1:])
        return {name: Estimate(value=0.0, method=METHOD, because=because) for name in others}
    return {name: _estimate_effect(model, i, level) for i, name in enumerate(others)}


def _estimate_effect(model: OrdinalModel, i: int, level: float) -> Estimate:
    value, error = float(model.coefficients[i]), float(model.covariance[i, i] ** 0.5)
    half = t_quantile(level, model.degrees_of_freedom) * error
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        standard_error=error,
        degrees_of_freedom=model.degrees_of_freedom,
        method=METHOD,
        warnings=() if model.is_maximum else ("The search stopped short of the maximum: distrust this fit.",),
    )
