"""What draws from a Bayesian mixed model say: rates, differences, d' and SDs with credible intervals.

Every draw gives each system's share of "human", averaged over new listeners and clips just as
`analysis.hierarchical` averages the fitted model's. A value is the mean of the draws, its interval lies
between their quantiles, with equal shares beyond either end, and its standard error is their SD.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.special import expit, ndtr, ndtri

from analysis.comparison import Comparison
from analysis.convergence import Convergence
from analysis.estimates import Estimate
from analysis.link import NODE_WEIGHTS, NODES, FloatArray, Link
from study_core.types import HUMAN, HUMAN_SYSTEMS

METHOD = "Bayesian mixed model"
COMPONENTS = "listeners' lean", "listeners' sensitivity", "clips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws from the posterior of the mixed model of S systems, of which `HUMAN` is one.

    Attributes
    ----------
    coefficients
        Shape (chains, draws, S), on the scale of the link.
    listener_sd
        Shape (chains, draws, k): SD of the listeners' lean to "human" and, where k is 2, of their effects on
        the term that is +1/2 for generated and -1/2 for human clips.
    correlation
        Shape (chains, draws): of these two effects; 0 where k is 1.
    clip_sd
        Shape (chains, draws).
    """

    link: Link
    systems: tuple[str, ...]
    coefficients: FloatArray
    listener_sd: FloatArray
    correlation: FloatArray
    clip_sd: FloatArray

    def average(self) -> FloatArray:
        """Return each system's share of "human" over new listeners and clips, shape (chains, draws, S)."""
        signs = [-0.5 if name in HUMAN_SYSTEMS else 0.5 for name in self.systems]
        return np.stack([self._average(i, sign) for i, sign in enumerate(signs)], axis=-1)

    def _average(self, i: int, sign: float) -> FloatArray:
        eta, variance = self.coefficients[..., i], self.listener_sd[..., 0] ** 2 + self.clip_sd**2
        if self.listener_sd.shape[-1] > 1:
            lean, slope = np.moveaxis(self.listener_sd, -1, 0)
            variance = variance + 2 * sign * self.correlation * lean * slope + (sign * slope) ** 2
        if self.link == "probit":
            return np.asarray(ndtr(eta / np.sqrt(1 + variance)), np.float64)
        at_nodes = expit(eta[..., None] + np.sqrt(variance)[..., None] * NODES)
        return np.asarray(at_nodes @ (NODE_WEIGHTS / NODE_WEIGHTS.sum()), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPosterior:
    """What the draws say of one system; all but the rate is None for the human clips.

    Attributes
    ----------
    difference
        Rate minus the human clips' rate.
    below_human
        Posterior probability that this is below 0.
    within_bound
        Posterior probability that it lies within the declared bound of equivalence.
    """

    system: str
    rate: Estimate
    difference: Estimate | None = None
    d_prime: Estimate | None = None
    below_human: float | None = None
    within_bound: float | None = None


@dataclass(frozen=True, slots=True)
class ContrastPosterior:
    """Two generators against each other; `below` is the probability that the first has the lower rate."""

    first: str
    second: str
    difference: Estimate
    below: float


@dataclass(frozen=True, slots=True)
class Component:
    """How much listeners or clips differ: an SD on the scale of the link."""

    who: str
    sd: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What a Bayesian mixed model says of a study, or why it says nothing.

    Attributes
    ----------
    priors
        By parameter, in words.
    software
        Names and versions of the libraries that drew.
    convergence
        None where nothing was drawn; then there is no software either.
    because
        Why nothing is estimated; empty where it is.
    """

    systems: tuple[SystemPosterior, ...] = ()
    contrasts: tuple[ContrastPosterior, ...] = ()
    components: tuple[Component, ...] = ()
    priors: Mapping[str, str]
    software: Mapping[str, str]
    convergence: Convergence | None
    because: str = ""


def summarize_systems(draws: Draws, level: float, bound: float) -> tuple[SystemPosterior, ...]:
    """Return what the draws say of every system, given the bound of equivalence of a difference."""
    rates = draws.average()
    human = rates[..., draws.systems.index(HUMAN)]
    found = []
    for i, system in enumerate(draws.systems):
        rate = rates[..., i]
        one = SystemPosterior(system=system, rate=summarize_draws(rate, level))
        if system != HUMAN:
            one = replace(
                one,
                difference=summarize_draws(rate - human, level),
                d_prime=summarize_draws(ndtri(human) - ndtri(rate), level),
                below_human=float((rate < human).mean()),
                within_bound=float((np.abs(rate - human) < bound).mean()),
            )
        found.append(one)
    return tuple(found)


def summarize_contrasts(draws: Draws, level: float) -> tuple[ContrastPosterior, ...]:
    """Return what the draws say of every pair of generators."""
    rates = draws.average()
    generators = [(i, name) for i, name in enumerate(draws.systems) if name not in HUMAN_SYSTEMS]
    return tuple(
        ContrastPosterior(
            first,
            second,
            summarize_draws(rates[..., i] - rates[..., j], level),
            float((rates[..., i] < rates[..., j]).mean()),
        )
        for (i, first), (j, second) in combinations(generators, 2)
    )


def summarize_components(draws: Draws, level: float) -> tuple[Component, ...]:
    """Return how much listeners and clips differ."""
    sds = [*np.moveaxis(draws.listener_sd, -1, 0), draws.clip_sd]
    names = COMPONENTS if len(sds) == len(COMPONENTS) else (COMPONENTS[0], COMPONENTS[-1])
    return tuple(Component(who, summarize_draws(sd, level)) for who, sd in zip(names, sds, strict=True))


def summarize_draws(draws: FloatArray, level: float) -> Estimate:
    """Return mean, SD and credible interval of draws of any shape."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(
        value=float(draws.mean()),
        low=float(low),
        high=float(high),
        standard_error=float(draws.std()),
        method=METHOD,
    )


def add_lines(comparisons: Sequence[Comparison], posterior: Posterior) -> tuple[Comparison, ...]:
    """Return comparisons of methods with the Bayesian line after the mixed model's, where there is one."""
    found = {("rate", one.system): one.rate for one in posterior.systems}
    found |= {("difference", one.system): one.difference for one in posterior.systems if one.difference}
    found |= {("contrast", f"{one.first} minus {one.second}"): one.difference for one in posterior.contrasts}
    lines = [(one, found.get((one.quantity, one.system))) for one in comparisons]
    return tuple(
        one if line is None else replace(one, others=(one.others[0], line, *one.others[1:]))
        for one, line in lines
    )
