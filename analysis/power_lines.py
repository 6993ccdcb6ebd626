"""A planned study's paradigm: how it is simulated, and the line of its report that decides.

What decides is where each report rests its answer: the difference of shares to the human clips of single
clips, the share of human clips found in pairs, the chance that a rating lies above one of a human clip. The
last two are .5 where nothing differs, and there a difference of shares taken for human (of both clips of a
pair, or of how often the human clip is the one rated higher) is twice as far as they are from .5: that is why
effect and declared bound count half.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import logit

from analysis.clusters import measure_rates
from analysis.confidence import estimate_area
from analysis.equivalence import Equivalence, check_equivalence
from analysis.estimates import BOUND, Estimate
from analysis.fooling import estimate_difference
from analysis.link import integrate_link
from analysis.pairs import FACTORS, estimate_correct
from analysis.planning import GENERATOR, Plan
from analysis.simulation import Design, Population, simulate_study
from analysis.simulation_pairs import PairPopulation, simulate_pairs
from analysis.simulation_ratings import find_middle, place_cuts, share_levels, simulate_ratings
from study_core.participation import Paradigm
from study_core.types import HUMAN

Draw = Callable[[np.random.Generator], pd.DataFrame]
"""Returns the judgments of one simulated study."""
GUESSING = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """How the studies of a paradigm are made and judged.

    Attributes
    ----------
    prepare
        Returns what draws studies of a plan whose generator differs by so much.
    estimate
        Returns the estimate that decides, from judgments and a level.
    measure_p
        Returns its two-sided p of nothing being different, on the scale on which its interval is symmetric.
    center, scale
        The estimate where nothing differs; by how much it changes with the effect.
    """

    prepare: Callable[[Plan, float], Draw]
    estimate: Callable[[pd.DataFrame, float], Estimate]
    measure_p: Callable[[Estimate, pd.DataFrame], float]
    center: float = GUESSING
    scale: float = 0.5

    def test_equality(self, found: Estimate, plan: Plan) -> Equivalence:
        """Return the test of equivalence against the declared bound, as the report has it."""
        return check_equivalence(found, plan.bound * self.scale, plan.level, center=self.center)


def describe_design(plan: Plan) -> Design:
    """Return who hears what."""
    trials = {HUMAN: plan.human_trials, GENERATOR: plan.generated_trials}
    return Design(n_listeners=plan.listeners, n_clips=dict.fromkeys(trials, plan.clips), trials=trials)


def _prepare_words(plan: Plan, effect: float) -> Draw:
    shares = {HUMAN: plan.human_share, GENERATOR: plan.human_share - effect}
    population = _describe_population(plan, shares)
    return partial(simulate_study, population=population, design=describe_design(plan))


def _prepare_pairs(plan: Plan, effect: float) -> Draw:
    population = PairPopulation(
        correct=GUESSING + effect / 2,
        sd_lean=plan.sd_lean,
        sd_sensitivity=plan.sd_sensitivity,
        sd_clip=plan.sd_clip,
    )
    return partial(simulate_pairs, population=population, design=describe_design(plan), system=GENERATOR)


def _prepare_ratings(plan: Plan, effect: float) -> Draw:
    sd = _describe_population(plan, {}).sd
    cuts = place_cuts(plan.level_shares, sd)
    middle = find_middle(GUESSING - effect / 2, cuts, sd)
    population = _describe_population(plan, {HUMAN: 0.5, GENERATOR: integrate_link("logit", middle, sd)[0]})
    return partial(simulate_ratings, population=population, design=describe_design(plan), cuts=cuts)


def _describe_population(plan: Plan, shares: dict[str, float]) -> Population:
    return Population(
        shares=shares, sd_lean=plan.sd_lean, sd_sensitivity=plan.sd_sensitivity, sd_clip=plan.sd_clip
    )


def predict_mean_difference(plan: Plan) -> float:
    """Return how far, in levels, the mean rating of human clips lies above the generator's, with effect."""
    sd = _describe_population(plan, {}).sd
    cuts = place_cuts(plan.level_shares, sd)
    middle = find_middle(GUESSING - plan.effect / 2, cuts, sd)
    levels = np.arange(len(plan.level_shares))
    return float(levels @ (share_levels(0.0, cuts, sd) - share_levels(middle, cuts, sd)))


def _estimate_difference(table: pd.DataFrame, level: float) -> Estimate:
    return estimate_difference(measure_rates(table), GENERATOR, HUMAN, level)


def _estimate_superiority(table: pd.DataFrame, level: float) -> Estimate:
    return estimate_area(table, table["rating"], table["system"], (HUMAN, GENERATOR), level)


def _measure_p(found: Estimate, _: pd.DataFrame, center: float = 0.0) -> float:
    """Return the p of a t interval; 1 where there is none."""
    return _refer(found.value - center, found.standard_error, found)


def _measure_p_of_share(found: Estimate, table: pd.DataFrame) -> float:
    """Return the p of .5, on the logit scale as the interval; exact where all answers were alike."""
    if found.method == BOUND:
        return float(2 * GUESSING ** min(table[name].nunique() for name in FACTORS))
    error = found.standard_error
    return _refer(float(logit(found.value)), error and error / (found.value * (1 - found.value)), found)


def _refer(away: float, error: float | None, found: Estimate) -> float:
    if not error or found.degrees_of_freedom is None:
        return 1.0
    return float(2 * stats.t.sf(abs(away) / error, found.degrees_of_freedom))


LINES: dict[Paradigm, Line] = {
    "yes_no": Line(_prepare_words, _estimate_difference, _measure_p, center=0.0, scale=1.0),
    "two_afc": Line(_prepare_pairs, estimate_correct, _measure_p_of_share),
    "rating": Line(_prepare_ratings, _estimate_superiority, partial(_measure_p, center=GUESSING)),
}
