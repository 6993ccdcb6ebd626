"""How often each generator's clips were judged human, beside the human clips, and against each other.

Half is no benchmark for a fooling rate: people call real music human in only 54-89 % of trials, so the
rate of the human clips always stands beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.clusters import Rates
from analysis.estimates import Estimate, estimate_function, estimate_rate, unit_gradient
from study_core.types import HUMAN, HUMAN_SYSTEMS


@dataclass(frozen=True, slots=True)
class Fooling:
    """A system's share of judgments "human"; a generator's is its fooling rate."""

    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    rate: Estimate
    difference: Estimate | None
    """Share minus the human clips' share; None for the human clips themselves."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two generators against each other."""

    first: str
    second: str
    difference: Estimate
    """Rate, share correct or mean rating of the first minus that of the second."""
    p_holm: float | None
    """Two-sided p, adjusted over all contrasts that could be estimated."""


def estimate_fooling(rates: Rates, level: float) -> tuple[Fooling, ...]:
    """Return every system's share of judgments "human", the human clips' first."""
    return tuple(
        Fooling(
            system,
            int(rates.n_trials[i]),
            int(rates.n_listeners[i]),
            int(rates.n_clips[i]),
            estimate_rate(rates, system, level),
            None if system == HUMAN else estimate_difference(rates, system, HUMAN, level),
        )
        for i, system in enumerate(rates.systems)
    )


def contrast_generators(rates: Rates, level: float) -> tuple[Contrast, ...]:
    """Return the difference of every pair of generators, p adjusted after Holm over all of them."""
    return contrast_systems(
        rates.systems, lambda first, second: estimate_difference(rates, first, second, level)
    )


def contrast_systems(
    systems: Sequence[str], subtract: Callable[[str, str], Estimate]
) -> tuple[Contrast, ...]:
    """Return every pair of generators with the difference that `subtract` gives, p adjusted after Holm."""
    pairs = list(combinations([name for name in systems if name not in HUMAN_SYSTEMS], 2))
    differences = [subtract(first, second) for first, second in pairs]
    known = [difference.p for difference in differences if difference.p is not None]
    adjusted = iter(adjust_holm(known))
    return tuple(
        Contrast(first, second, difference, None if difference.p is None else next(adjusted))
        for (first, second), difference in zip(pairs, differences, strict=True)
    )


def estimate_difference(rates: Rates, first: str, second: str, level: float) -> Estimate:
    """Return the share of the first system minus the share of the second."""
    gradient = unit_gradient(rates, first) - unit_gradient(rates, second)
    return estimate_function(rates, float(gradient @ rates.share), gradient, level)


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted by Holm's (1979) step-down method, in the order given."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * np.asarray(p_values, dtype=float)[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(p_values) else steps
    return [float(p) for p in adjusted]
