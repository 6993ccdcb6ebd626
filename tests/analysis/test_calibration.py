"""Simulated studies with known truth: intervals cover it, false positives keep their rate."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from analysis.clusters import Rates, measure_rates
from analysis.detection import estimate_detection
from analysis.equivalence import Verdict, check_equivalence
from analysis.estimates import Estimate, estimate_rate
from analysis.fooling import contrast_generators, estimate_fooling
from tests.analysis.made import simulate_study

STUDIES = 400
TRIALS = {"human": 10, "gan": 5, "lstm": 5}
LEAN_Z = 0.3
D_PRIME = 0.6
SHARES = {
    "human": float(stats.norm.cdf(LEAN_Z)),
    "gan": float(stats.norm.cdf(LEAN_Z - D_PRIME)),
    "lstm": float(stats.norm.cdf(LEAN_Z - D_PRIME)),
}


@pytest.fixture(scope="module")
def studies() -> list[Rates]:
    """Give planned-missing studies of 40 listeners and 40 clips a system; both generators have d' .6."""
    rng = np.random.default_rng(2018)
    return [measure_rates(simulate_study(rng, SHARES, trials=TRIALS)) for _ in range(STUDIES)]


def share_covering(estimates: Iterator[Estimate], truth: float) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in estimates]))


def naive(estimate: Estimate) -> Estimate:
    return Estimate(value=estimate.value, low=estimate.naive_low, high=estimate.naive_high)


@pytest.mark.parametrize("system", ["human", "gan"])
def test_the_interval_of_a_share_covers_the_truth_and_the_naive_one_does_not(
    studies: list[Rates], system: str
) -> None:
    estimates = [estimate_rate(rates, system, 0.95) for rates in studies]
    assert 0.92 <= share_covering(iter(estimates), SHARES[system]) <= 0.98
    assert share_covering((naive(one) for one in estimates), SHARES[system]) < 0.90


def test_d_prime_of_simulated_listeners_is_recovered(studies: list[Rates]) -> None:
    estimates = [estimate_detection(rates, "gan", 0.95).d_prime for rates in studies]
    assert np.mean([one.value for one in estimates]) == pytest.approx(D_PRIME, abs=0.03)
    assert 0.92 <= share_covering(iter(estimates), D_PRIME) <= 0.98


def test_the_difference_to_human_clips_covers_the_truth(studies: list[Rates]) -> None:
    differences = (estimate_fooling(rates, 0.95)[1].difference for rates in studies)
    assert 0.92 <= share_covering(differences, SHARES["gan"] - SHARES["human"]) <= 0.98


def test_equal_generators_are_told_apart_in_five_percent(studies: list[Rates]) -> None:
    contrasts = [contrast_generators(rates, 0.95)[0] for rates in studies]
    assert 0.025 <= np.mean([contrast.p_holm < 0.05 for contrast in contrasts]) <= 0.075


def test_with_few_clips_equal_generators_still_are_and_the_naive_interval_is_wrong_in_every_fifth() -> None:
    """30 listeners hear all of 10 clips a system: the design in which independent trials mislead most."""
    rng = np.random.default_rng(9)
    options = {"listeners": 30, "clips": 10, "trials": dict.fromkeys(SHARES, 10)}
    studies = [measure_rates(simulate_study(rng, SHARES, **options)) for _ in range(STUDIES)]
    contrasts = [contrast_generators(rates, 0.95)[0] for rates in studies]
    assert 0.02 <= np.mean([contrast.p_holm < 0.05 for contrast in contrasts]) <= 0.08
    assert np.mean([naive(contrast.difference).excludes_zero for contrast in contrasts]) > 0.2


def test_a_generator_just_outside_the_bound_passes_in_at_most_five_percent() -> None:
    rng = np.random.default_rng(7)
    shares = {"human": 0.60, "gan": 0.50}
    passed = []
    for _ in range(200):
        table = simulate_study(rng, shares, listeners=80, trials={"human": 20, "gan": 20})
        difference = estimate_fooling(measure_rates(table), 0.95)[1].difference
        verdict = check_equivalence(difference, 0.10, 0.95).verdict
        passed.append(verdict in (Verdict.EQUAL, Verdict.DIFFERENT_WITHIN_BOUND))
    assert 0.01 <= np.mean(passed) <= 0.09


def test_an_equal_generator_passes_where_the_study_is_large() -> None:
    rng = np.random.default_rng(8)
    table = simulate_study(
        rng,
        {"human": 0.6, "gan": 0.6},
        listeners=300,
        clips=300,
        trials={"human": 20, "gan": 20},
        sd_clip=0.2,
    )
    difference = estimate_fooling(measure_rates(table), 0.95)[1].difference
    assert check_equivalence(difference, 0.10, 0.95).verdict == Verdict.EQUAL


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.19])
@pytest.mark.parametrize(("listeners", "clips", "trials"), [(40, 40, 5), (30, 10, 10), (12, 8, 4)])
def test_a_thousand_studies_are_covered_as_the_documentation_says(
    share: float, listeners: int, clips: int, trials: int
) -> None:
    rng = np.random.default_rng(19)
    shares = {"human": share, "gan": share}
    options = {"listeners": listeners, "clips": clips, "trials": dict.fromkeys(shares, trials)}
    studies = [measure_rates(simulate_study(rng, shares, **options)) for _ in range(1000)]
    covered = share_covering((estimate_rate(rates, "gan", 0.95) for rates in studies), share)
    differences = [estimate_fooling(rates, 0.95)[1].difference for rates in studies]
    known = [one for one in differences if not one.because]
    false_positives = np.mean([one.excludes_zero for one in known])
    assert 0.935 <= covered <= 0.99
    assert 0.01 <= false_positives <= 0.065
