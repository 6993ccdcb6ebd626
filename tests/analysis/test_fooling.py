"""Shares, their intervals and contrasts against reference values and by hand."""

import math

import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.clusters import measure_rates
from analysis.estimates import BOUND, clopper_pearson_interval, estimate_rate, wilson_interval
from analysis.fooling import adjust_holm, contrast_generators, estimate_fooling
from analysis.responses import Responses
from tests.analysis.made import make_judgments

MIXED = [[1, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1]]
ALL_HUMAN = [[1, 1, 1, 1]] * 3
ALL_COMPUTER = [[0, 0, 0, 0]] * 3


def test_rates_and_naive_intervals_are_those_of_r(gengap: Responses) -> None:
    human, generated = estimate_fooling(measure_rates(gengap.table), 0.95)
    assert (human.n_trials, human.n_listeners, human.n_clips) == (3360, 112, 30)
    assert human.rate.value == pytest.approx(0.891666666667)
    assert human.rate.naive_low == pytest.approx(0.880706886705)
    assert human.rate.naive_high == pytest.approx(0.901731891168)
    assert generated.rate.value == pytest.approx(0.151488095238)
    assert generated.rate.naive_low == pytest.approx(0.13976385442)
    assert generated.rate.naive_high == pytest.approx(0.164008327274)


def test_the_interval_of_the_public_data_agrees_with_the_mixed_model_of_r(gengap: Responses) -> None:
    """R's lme4 puts the marginal fooling rate at .148 and that of real pictures at .887."""
    human, generated = estimate_fooling(measure_rates(gengap.table), 0.95)
    assert generated.rate.low < 0.147745797574 < generated.rate.high
    assert human.rate.low < 0.88672258646 < human.rate.high
    width = generated.rate.high - generated.rate.low
    assert width > 3 * (generated.rate.naive_high - generated.rate.naive_low)


def test_the_interval_is_a_t_interval_on_the_logit_scale() -> None:
    rates = measure_rates(make_judgments({"human": MIXED, "gan": MIXED}))
    estimate = estimate_rate(rates, "gan", 0.95)
    assert estimate.degrees_of_freedom == pytest.approx(2)
    share, half = 7 / 12, 4.302652729911275 * estimate.standard_error
    middle, half = math.log(share / (1 - share)), half / (share * (1 - share))
    assert estimate.low == pytest.approx(1 / (1 + math.exp(half - middle)))
    assert estimate.high == pytest.approx(1 / (1 + math.exp(-half - middle)))


@pytest.mark.parametrize(("hits", "trials"), [(533, 1462), (0, 10), (10, 10), (1, 7)])
def test_intervals_of_independent_trials_are_those_of_statsmodels(hits: int, trials: int) -> None:
    wilson = proportion_confint(hits, trials, method="wilson")
    assert wilson_interval(hits, trials, 0.95) == pytest.approx(wilson, abs=1e-12)
    exact = [
        0.0 if math.isnan(end) and hits == 0 else end
        for end in proportion_confint(hits, trials, method="beta")
    ]
    assert clopper_pearson_interval(hits, trials, 0.95) == pytest.approx(exact, abs=1e-12)


def test_intervals_of_independent_trials_are_those_of_r() -> None:
    assert wilson_interval(533, 1462, 0.95) == pytest.approx((0.340282126718, 0.389565874499))
    assert clopper_pearson_interval(533, 1462, 0.95) == pytest.approx((0.339848380637, 0.389835259056))
    assert wilson_interval(0, 10, 0.95) == pytest.approx((0, 0.277532799863), abs=1e-12)
    assert clopper_pearson_interval(0, 10, 0.95) == pytest.approx((0, 0.308497107819))
    assert clopper_pearson_interval(10, 10, 0.95) == pytest.approx((0.691502892181, 1))


def test_all_equal_answers_get_an_exact_bound_on_as_many_answers_as_listeners() -> None:
    rates = measure_rates(make_judgments({"human": ALL_HUMAN, "gan": ALL_COMPUTER}))
    computer, human = estimate_rate(rates, "gan", 0.95), estimate_rate(rates, "human", 0.95)
    assert (computer.value, computer.low, computer.method) == (0, 0, BOUND)
    assert computer.high == pytest.approx(1 - 0.025 ** (1 / 3))
    assert (human.value, human.high, human.method) == (1, 1, BOUND)
    assert human.low == pytest.approx(0.025 ** (1 / 3))


def test_a_difference_to_all_equal_answers_says_why_it_has_no_interval() -> None:
    rates = measure_rates(make_judgments({"human": MIXED, "gan": ALL_COMPUTER}))
    difference = estimate_fooling(rates, 0.95)[1].difference
    assert difference.value == pytest.approx(-7 / 12)
    assert (difference.low, difference.high, difference.p) == (None, None, None)
    assert difference.because == 'all 12 judgments of gan clips were "computer"'


def test_one_clip_cannot_stand_for_its_system() -> None:
    rates = measure_rates(make_judgments({"human": MIXED, "gan": [[1], [0], [1]]}))
    estimate = estimate_rate(rates, "gan", 0.95)
    assert estimate.low is None
    assert estimate.because == "there is only one gan clip, and one clip cannot stand for its system"


def test_one_listener_of_a_system_cannot_stand_for_listeners() -> None:
    table = make_judgments({"human": MIXED, "gan": [[1, 0, 1, 1]]})
    assert estimate_rate(measure_rates(table), "gan", 0.95).because == "only one listener judged gan clips"


def test_contrasts_compare_every_pair_of_generators_with_holm() -> None:
    other = [[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    rates = measure_rates(make_judgments({"human": MIXED, "a": MIXED, "b": other, "c": ALL_COMPUTER}))
    contrasts = contrast_generators(rates, 0.95)
    assert [(one.first, one.second) for one in contrasts] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert contrasts[0].difference.value == pytest.approx(4 / 12)
    assert contrasts[0].p_holm == pytest.approx(contrasts[0].difference.p)  # the other two have no p
    assert [one.p_holm for one in contrasts[1:]] == [None, None]


def test_holm_is_that_of_r_and_of_statsmodels() -> None:
    p_values = [0.01, 0.03, 0.04, 0.005, 0.2]
    assert adjust_holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])
    assert adjust_holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert adjust_holm([0.7, 0.9]) == [1, 1]
    assert adjust_holm([]) == []
