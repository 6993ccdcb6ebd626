"""Sentences and groups that would have been untrue of the data beside them."""

import numpy as np
import pandas as pd
import pytest

from analysis.clusters import measure_rates
from analysis.comparison import INDEPENDENT, Comparison
from analysis.estimates import Estimate, estimate_rate
from analysis.figures.lines import read as read_lines
from analysis.figures.reasons import read
from analysis.hierarchical import (
    estimate_coefficients,
    estimate_difference,
    estimate_probability,
    fit_detection,
    fit_systems,
)
from analysis.moderators import cut
from analysis.ordinal import OrdinalModel
from analysis.precision import plan_precision
from analysis.ratings import fit_ratings
from analysis.reasons import count_reasons
from analysis.spread import estimate_hierarchical
from analysis.wording import decimal, give_range, needed_points, show_level
from tests.analysis.made import simulate_study


@pytest.mark.parametrize(("bound", "words"), [(0.1004, "10.1 points"), (0.1, "10.0 points")])
def test_a_bound_that_would_have_passed_is_not_rounded_below_itself(bound: float, words: str) -> None:
    assert needed_points(bound) == words


def test_a_fact_that_changes_within_listeners_has_groups_that_hold_all_its_values() -> None:
    numbers = pd.Series(np.arange(1.0, 13.0))
    groups = cut(numbers, pd.Series([1.0, 1.0, 1.0]))
    assert set(groups) == {"1 to 12"}


def test_reasons_under_no_head_are_not_said_to_speak_of_one() -> None:
    table = pd.DataFrame({"participant_id": ["a", "b"], "judged_human": [0, 1], "reason": ["xx", "yy"]})
    reasons = count_reasons(table, {"melody": ["tune"]})
    told = type("Told", (), {"reasons": reasons})()
    assert read(told) == "None of the 2 reasons in words named a head that the config declares."


def test_a_mixed_model_of_few_clips_or_listeners_refers_to_t_of_the_fewer() -> None:
    shares = {"human": 0.6, "gan": 0.4}
    for listeners, clips, of_rate, of_effect in ((12, 5, 4, 8), (6, 9, 5, 5)):
        trials = dict.fromkeys(shares, clips)
        table = simulate_study(
            np.random.default_rng(8), shares, listeners=listeners, clips=clips, trials=trials
        )
        model = fit_systems(table)
        assert estimate_probability(model, {"gan": 1.0}, 0.95).degrees_of_freedom == of_rate
        assert estimate_coefficients(model, 0.95)["gan"].degrees_of_freedom == of_effect
        assert fit_detection(table, 0.95).d_prime.degrees_of_freedom == of_effect
        own = estimate_hierarchical(table, "gan", 0.95).listeners_mean
        assert own.degrees_of_freedom == listeners - 1
        apart = estimate_difference(model, {"gan": 1.0}, {"human": 1.0}, 0.95)
        assert apart.degrees_of_freedom == of_effect
        ratings = fit_ratings(table.assign(rating=1 + table["judged_human"] + np.arange(len(table)) % 2))
        assert isinstance(ratings, OrdinalModel)
        assert ratings.degrees_of_freedom == of_effect


@pytest.mark.parametrize(
    ("level", "words"), [(0.95, "95%"), (0.9, "90%"), (0.995, "99.5%"), (0.9999, "99.99%"), (0.99, "99%")]
)
def test_a_level_below_one_is_never_called_100(level: float, words: str) -> None:
    assert show_level(level) == words
    assert give_range(Estimate(value=0.5, low=0.4, high=0.6), level) == f"{words} interval 40 to 60%"


NARROW, WIDE = (Estimate(value=0.1, low=low, high=0.2) for low in (0.05, -0.05))
NAIVE = Estimate(value=0.1, low=0.06, high=0.14, method=INDEPENDENT)
NO_INTERVAL = Estimate(value=0.1, because="it did not converge")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([[NARROW, NARROW]], "All sound methods lead to the same decisions."),
        ([[NARROW, NO_INTERVAL]], "No two sound methods gave an interval to compare."),
        ([[NO_INTERVAL, NO_INTERVAL]], "No two sound methods gave an interval to compare."),
        ([[NARROW, NAIVE]], "No two sound methods gave an interval to compare; the interval"),
        ([[NARROW, NARROW], [NARROW, NO_INTERVAL]], "same decisions where several gave an interval."),
        ([[WIDE, WIDE, NARROW]], "Not all sound methods lead to the same decisions, so"),
    ],
)
def test_methods_are_said_to_agree_where_several_had_an_interval(
    lines: list[list[Estimate]], words: str
) -> None:
    comparisons = [Comparison("difference", "gan", first, tuple(others), "") for first, *others in lines]
    findings = type("Found", (), {"comparisons": comparisons})()
    explored = type("Told", (), {"study": type("Study", (), {"findings": findings})()})()
    assert words in read_lines(explored)


def test_no_number_has_a_minus_before_zero() -> None:
    assert [decimal(value) for value in (-0.001, -0.0, -0.006)] == ["0.00", "0.00", "\u22120.01"]
    assert decimal(-0.001, sign=True) == "+0.00"


def test_a_rating_that_is_ones_own_mean_is_neither_high_nor_low() -> None:
    rows = {
        "participant_id": list("aaabb"),
        "rating": [1, 2, 3, 4, 4],
        "reason": [f"tune {i}" for i in range(5)],
    }
    found = count_reasons(pd.DataFrame(rows), {"melody": ["tune"]}).table
    assert found is not None
    melody = found.set_index("head").loc["melody"]
    assert (melody["n_texts"], melody["n_high"], melody["n_low"]) == (5, 1, 1)


def test_this_study_has_the_interval_that_the_report_states() -> None:
    trials = {"human": 8, "gan": 8}
    rng = np.random.default_rng(1)
    rates = measure_rates(simulate_study(rng, {"human": 0.6, "gan": 0.3}, clips=9, trials=trials))
    rate = estimate_rate(rates, "gan", 0.95)
    assert rate.low is not None
    assert rate.high is not None
    assert plan_precision(rates, "gan", 0.95).half_width == pytest.approx((rate.high - rate.low) / 2)


def test_other_designs_go_as_far_as_this_study_went() -> None:
    trials = {"human": 2, "gan": 2}
    rng = np.random.default_rng(1)
    rates = measure_rates(
        simulate_study(rng, {"human": 0.6, "gan": 0.3}, listeners=600, clips=9, trials=trials)
    )
    planned = plan_precision(rates, "gan", 0.95).table
    assert planned is not None
    assert planned["listeners"].max() == 960
