"""One quantity by every method that suits the design, and where the methods would decide differently."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from analysis.bootstrap import CrossedBootstrap, draw_studies
from analysis.clusters import Rates
from analysis.estimates import Estimate, estimate_function, estimate_rate, t_quantile
from analysis.hierarchical import METHOD as MIXED
from analysis.hierarchical import estimate_difference, estimate_probability
from analysis.mixed import MixedModel
from study_core.types import HUMAN, HUMAN_SYSTEMS

Quantity = Literal["rate", "difference", "contrast"]
LISTENERS_ONLY, INDEPENDENT = "clips as fixed, t", "independent judgments"
"""Methods that are too narrow: the first forgets that other clips might have been chosen, the second all."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity by the primary method and by others, each named in its estimate's `method`.

    Attributes
    ----------
    quantity, system
        What is estimated, and of which system; of a contrast "first minus second".
    primary
        The estimate that the report states.
    others
        The same by other methods, the sound ones first; those that treat clips, or judgments, as independent
        come last and show how much too narrow they are.
    disagreement
        A sentence where the mixed and the robust line lead to different decisions; empty where they agree.
    """

    quantity: Quantity
    system: str
    primary: Estimate
    others: tuple[Estimate, ...]
    disagreement: str


@dataclass(frozen=True, slots=True)
class Methods:
    """What the methods beside the primary one work with."""

    rates: Rates
    model: MixedModel | str
    """The mixed model of all systems with different answers, or why there is none."""
    bootstrap: CrossedBootstrap | None
    level: float


def compare_methods(
    responses: pd.DataFrame, rates: Rates, model: MixedModel | str, level: float
) -> tuple[Comparison, ...]:
    """Return every rate, every difference to the human clips and every contrast by all methods."""
    methods = Methods(rates, model, draw_studies(responses), level)
    generators = [name for name in rates.systems if name not in HUMAN_SYSTEMS]
    return (
        *(_compare(methods, "rate", {name: 1.0}, name) for name in rates.systems),
        *(_compare(methods, "difference", {name: 1.0, HUMAN: -1.0}, name) for name in generators),
        *(
            _compare(methods, "contrast", {first: 1.0, second: -1.0}, f"{first} minus {second}")
            for first, second in combinations(generators, 2)
        ),
    )


def _compare(methods: Methods, quantity: Quantity, weights: Mapping[str, float], system: str) -> Comparison:
    rates, level = methods.rates, methods.level
    gradient = np.array([weights.get(name, 0.0) for name in rates.systems])
    value = float(gradient @ rates.share)
    primary = (
        estimate_rate(rates, system, level)
        if quantity == "rate"
        else estimate_function(rates, value, gradient, level)
    )
    mixed = _estimate_mixed(methods, weights)
    others = [mixed]
    if methods.bootstrap is not None and primary.standard_error:
        others.append(methods.bootstrap.estimate(dict(weights), value, level))
    if primary.standard_error:
        half = t_quantile(level, rates.n_listeners[gradient != 0].min() - 1.0)
        half *= rates.listener_variance(gradient) ** 0.5
        others.append(Estimate(value=value, low=value - half, high=value + half, method=LISTENERS_ONLY))
    if primary.naive_low is not None:
        others.append(
            Estimate(value=value, low=primary.naive_low, high=primary.naive_high, method=INDEPENDENT)
        )
    disagreement = "" if quantity == "rate" else _find_disagreement(system, primary, mixed)
    return Comparison(quantity, system, primary, tuple(others), disagreement)


def _estimate_mixed(methods: Methods, weights: Mapping[str, float]) -> Estimate:
    if isinstance(methods.model, str):
        return Estimate(value=_value(methods.rates, weights), method=MIXED, because=methods.model)
    alike = [name for name in weights if name not in methods.model.terms]
    if alike:
        because = f"all judgments of {', '.join(alike)} clips were alike"
        return Estimate(value=_value(methods.rates, weights), method=MIXED, because=because)
    first, *second = ({name: 1.0} for name in weights)
    estimate = (
        estimate_difference(methods.model, first, second[0], methods.level)
        if second
        else estimate_probability(methods.model, first, methods.level)
    )
    return replace(estimate, warnings=methods.model.warnings)


def _value(rates: Rates, weights: Mapping[str, float]) -> float:
    return sum(weight * float(rates.share[rates.index(name)]) for name, weight in weights.items())


def _find_disagreement(system: str, primary: Estimate, mixed: Estimate) -> str:
    if primary.low is None or mixed.low is None or primary.excludes_zero == mixed.excludes_zero:
        return ""
    finds, finds_not = ("two-way", "mixed") if primary.excludes_zero else ("mixed", "two-way")
    return (
        f"{system}: the {finds} line finds a difference and the {finds_not} line does not, so the evidence "
        "is on the edge: rest no conclusion on it."
    )
