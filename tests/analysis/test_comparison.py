"""Every quantity by every method: what each line is, and where they disagree."""

import numpy as np
import pandas as pd
import pytest

from analysis import spread
from analysis.bootstrap import DRAWS, draw_studies
from analysis.clusters import measure_rates
from analysis.comparison import INDEPENDENT, LISTENERS_ONLY, Comparison, compare_methods
from analysis.estimates import TWO_WAY
from analysis.hierarchical import METHOD as MIXED
from analysis.spread import (
    LISTENERS_MEAN,
    NOISE_SD,
    describe_spread,
    estimate_hierarchical,
    fit_study,
)
from tests.analysis.made import make_judgments, simulate_study

SHARES = {"human": 0.65, "gan": 0.35, "lstm": 0.55}


@pytest.fixture(scope="module")
def complete() -> pd.DataFrame:
    """Give judgments of 20 listeners who hear all of 8 clips a system."""
    trials = dict.fromkeys(SHARES, 8)
    return simulate_study(np.random.default_rng(1), SHARES, listeners=20, clips=8, trials=trials)


@pytest.fixture(scope="module")
def comparisons(complete: pd.DataFrame) -> tuple[Comparison, ...]:
    rates = measure_rates(complete)
    return compare_methods(complete, rates, fit_study(complete, rates), 0.95)


def test_every_quantity_is_estimated_by_every_method(comparisons: tuple[Comparison, ...]) -> None:
    names = [(one.quantity, one.system) for one in comparisons]
    assert names == [
        *(("rate", system) for system in ("human", "gan", "lstm")),
        *(("difference", system) for system in ("gan", "lstm")),
        ("contrast", "gan minus lstm"),
    ]
    for one in comparisons:
        assert one.primary.method == TWO_WAY
        methods = [other.method for other in one.others]
        assert methods == [MIXED, "crossed bootstrap", LISTENERS_ONLY, INDEPENDENT]


def test_the_lines_that_forget_clips_or_listeners_are_too_narrow(comparisons: tuple[Comparison, ...]) -> None:
    for one in comparisons:
        width = one.primary.high - one.primary.low
        *sound, listeners_only, independent = [other.high - other.low for other in one.others]
        assert independent < width
        assert listeners_only < width
        assert min(sound) > 0.6 * width


def test_the_mixed_and_the_robust_line_agree_in_value(comparisons: tuple[Comparison, ...]) -> None:
    for one in comparisons:
        assert one.others[0].value == pytest.approx(one.primary.value, abs=0.02)


def test_lines_that_decide_otherwise_are_named(complete: pd.DataFrame) -> None:
    rates = measure_rates(complete)
    model = fit_study(complete, rates)
    for level in (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9999):
        for one in compare_methods(complete, rates, model, float(level)):
            apart = one.primary.excludes_zero != one.others[0].excludes_zero
            if one.quantity == "rate" or not apart:
                assert one.disagreement == ""
            else:
                assert "rest no conclusion on it" in one.disagreement


def test_a_system_that_all_called_human_has_no_mixed_line_but_a_reason() -> None:
    alike = make_judgments({"human": [[1] * 4] * 4, "gan": [[1, 0, 1, 0], [0, 1, 1, 0]] * 2})
    rates = measure_rates(alike)
    found = compare_methods(alike, rates, fit_study(alike, rates), 0.95)
    assert found[0].others[0].because == "all judgments of human clips were alike"
    assert found[0].others[0].value == 1


# The bootstrap.


def test_the_bootstrap_is_that_of_redrawn_listeners_and_clips(complete: pd.DataFrame) -> None:
    """Beside a plain one: rows drawn listener by listener, and columns clip by clip."""
    drawn = draw_studies(complete)
    matrix = (
        complete[complete["system"] == "gan"]
        .pivot_table(index="participant_id", columns="clip_id", values="judged_human")
        .to_numpy()
    )
    rng, plain = np.random.default_rng(3), []
    for _ in range(DRAWS):
        rows, columns = rng.integers(0, 20, 20), rng.integers(0, 8, 8)
        plain.append(matrix[np.ix_(rows, columns)].mean())
    ours = drawn.shares[:, drawn.systems.index("gan")]
    assert ours.mean() == pytest.approx(matrix.mean(), abs=0.01)
    assert ours.std() == pytest.approx(np.std(plain), rel=0.08)
    estimate = drawn.estimate({"gan": 1.0}, float(matrix.mean()), 0.95)
    assert (estimate.low, estimate.high) == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.03)


def test_an_incomplete_design_has_no_bootstrap(complete: pd.DataFrame) -> None:
    assert draw_studies(complete.iloc[1:]) is None
    assert draw_studies(pd.concat([complete.iloc[1:], complete.iloc[1:2]])) is None


# The spread.


def test_the_parts_of_the_variance_add_up(complete: pd.DataFrame) -> None:
    found = describe_spread(complete, fit_study(complete, measure_rates(complete)), 0.95)
    components = found.components.set_index("who")
    assert components["share"].sum() == pytest.approx(1)
    assert components.loc["single judgments", "sd"] == NOISE_SD
    variance = components["sd"] ** 2 * [1, 1 / 4, 1, 1]
    assert components["share"].tolist() == pytest.approx((variance / variance.sum()).tolist())
    assert [test.question for test in found.tests] == [
        "Do the systems differ?",
        "Do listeners differ in how well they tell human from generated?",
    ]
    assert found.tests[0].p < 0.05


def test_clips_are_pulled_towards_their_systems(complete: pd.DataFrame) -> None:
    clips = describe_spread(complete, fit_study(complete, measure_rates(complete)), 0.95).clips
    raw = complete.groupby("clip_id")["judged_human"].mean()
    pulled = clips.set_index("clip_id")["rate"]
    for system, share in complete.groupby("system")["judged_human"].mean().items():
        own = [name for name in raw.index if name.startswith(f"{system}-")]
        assert (pulled[own] - share).abs().max() < (raw[own] - share).abs().max()
    assert ((clips["low"] < clips["rate"]) & (clips["rate"] < clips["high"])).all()


def test_the_average_listener_is_beside_the_mean_of_listeners(complete: pd.DataFrame) -> None:
    found = estimate_hierarchical(complete, "gan", 0.95)
    assert found.because == ""
    assert found.listeners_mean.method == LISTENERS_MEAN
    assert found.d_prime.low < found.listeners_mean.value < found.d_prime.high


def test_no_model_says_why(complete: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = measure_rates(complete)
    alike = complete.assign(judged_human=1)
    assert fit_study(alike, measure_rates(alike)) == "all answers about each system were alike"
    same = estimate_hierarchical(alike, "gan", 0.95)
    assert same.because == "all answers about one of the two systems were alike"
    assert describe_spread(alike, "no model", 0.95).because == "no model"
    monkeypatch.setattr(spread, "MOST_JUDGMENTS", 100)
    assert fit_study(complete, rates) == "480 judgments are more than the 100 that it is fitted to"
    assert "320 judgments are more than the 100" in estimate_hierarchical(complete, "gan", 0.95).because
