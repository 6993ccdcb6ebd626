"""The two-way clustered covariance against R, against statsmodels, and under relabelling."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.sandwich_covariance import cov_cluster

from analysis.clusters import Rates, measure_rates
from analysis.responses import Responses
from tests.analysis.made import make_judgments, simulate_study

SHARES = {"human": 0.62, "gan": 0.3, "lstm": 0.45}
TRIALS = {"human": 10, "gan": 5, "lstm": 5}


def test_two_way_error_of_accuracy_is_that_of_r_sandwich(gengap: Responses) -> None:
    """R without and with its G / (G - 1); ours divides by the share of unrelated pairs instead."""
    table = gengap.table
    correct = (table["judged_human"] == 1) == (table["system"] == "human")
    rates = measure_rates(table.assign(judged_human=correct.astype(int), system="human"))
    slope = 1 / float(rates.share[0] * (1 - rates.share[0]))
    parts = [slope**2 * float(part[0, 0]) for part in (rates.by_listener, rates.by_clip, rates.by_pair)]
    assert np.sqrt(parts[:2]) == pytest.approx([0.0731847553293, 0.123195796794], rel=1e-8)
    assert np.sqrt(parts[0] + parts[1] - parts[2]) == pytest.approx(0.138624346745, rel=1e-8)
    corrected = [part * g / (g - 1) for part, g in zip(parts, (112, 60, 6720), strict=True)]
    assert np.sqrt(corrected[0] + corrected[1] - corrected[2]) == pytest.approx(0.139721174676, rel=1e-8)
    unrelated = (111 / 112) * (59 / 60)
    ours = float(np.sqrt(rates.variance(np.array([slope]))))
    assert ours == pytest.approx(0.138624346745 / np.sqrt(unrelated))


def test_two_way_error_of_the_slope_is_that_of_r_sandwich(gengap: Responses) -> None:
    rates = measure_rates(gengap.table)
    to_logit = np.array([1, -1]) / (rates.share * (1 - rates.share))
    listener, clip, pair = (
        to_logit @ part @ to_logit for part in (rates.by_listener, rates.by_clip, rates.by_pair)
    )
    assert np.sqrt(listener) == pytest.approx(0.146803890526, rel=1e-8)
    assert np.sqrt(clip) == pytest.approx(0.232391932212, rel=1e-8)
    assert np.sqrt(listener + clip - pair) == pytest.approx(0.264879162379, rel=1e-8)


def test_each_component_is_the_sandwich_of_a_probit_model_in_statsmodels() -> None:
    table = simulate_study(np.random.default_rng(1), SHARES, trials=TRIALS)
    rates = measure_rates(table)
    dummies = np.column_stack([(table["system"] == name).astype(float) for name in rates.systems])
    link = sm.families.links.Probit()
    model = sm.GLM(table["judged_human"], dummies, family=sm.families.Binomial(link)).fit(tol=1e-12)
    slope = np.array(link.deriv(rates.share))
    pair = table["participant_id"] + "/" + table["clip_id"]
    for part, column in (
        (rates.by_listener, table["participant_id"]),
        (rates.by_clip, table["clip_id"]),
        (rates.by_pair, pair),
    ):
        theirs = cov_cluster(model, pd.factorize(column)[0], use_correction=False)
        np.testing.assert_allclose(part * np.outer(slope, slope), theirs, rtol=1e-6, atol=1e-12)


def test_systems_stand_human_first_then_by_name() -> None:
    rates = measure_rates(simulate_study(np.random.default_rng(2), SHARES, trials=TRIALS))
    assert rates.systems == ("human", "gan", "lstm")
    assert rates.n_trials.tolist() == [400, 200, 200]
    assert rates.n_listeners.tolist() == [40, 40, 40]


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_number_depends_on_labels_or_on_the_order_of_rows(random: object) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    table = simulate_study(rng, SHARES, listeners=9, clips=7, trials={"human": 4, "gan": 2, "lstm": 3})
    shuffled = table.iloc[rng.permutation(len(table))].reset_index(drop=True)
    for column in ("participant_id", "clip_id"):
        names = shuffled[column].unique()
        new = dict(zip(names, rng.permutation(len(names)).astype(str), strict=True))
        shuffled[column] = shuffled[column].map(new)
    _assert_same(measure_rates(table), measure_rates(shuffled))


def products_of_unrelated_pairs(table: pd.DataFrame, first: str, second: str) -> float:
    """Return the mean product of residuals over pairs with neither listener nor clip in common."""
    shares = table.groupby("system")["judged_human"].transform("mean")
    rows = table.assign(residual=table["judged_human"] - shares)
    pairs = rows[rows["system"] == first].merge(rows[rows["system"] == second], how="cross")
    unrelated = (pairs["participant_id_x"] != pairs["participant_id_y"]) & (
        pairs["clip_id_x"] != pairs["clip_id_y"]
    )
    pairs = pairs[unrelated]
    return float((pairs["residual_x"] * pairs["residual_y"]).mean())


def test_the_covariance_is_minus_the_mean_product_of_residuals_of_unrelated_pairs() -> None:
    shares = {"human": 0.6, "gan": 0.4}
    table = simulate_study(
        np.random.default_rng(3), shares, listeners=9, clips=7, trials={"human": 4, "gan": 3}
    )
    rates = measure_rates(table)
    covariance = (rates.by_listener + rates.by_clip - rates.by_pair) / rates.unrelated
    for i, first in enumerate(rates.systems):
        for j, second in enumerate(rates.systems):
            expected = -products_of_unrelated_pairs(table, first, second)
            assert covariance[i, j] == pytest.approx(expected, abs=1e-12)


def test_the_variance_is_free_of_bias_where_that_of_gs_over_gs_minus_one_is_not() -> None:
    """Over all answers of 3 listeners to 2 clips, each equally likely, the truth is p (1 - p) / 6."""
    answers = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T.reshape(-1, 3, 2)
    other = [[0, 1], [1, 0], [0, 0]]
    means = []
    for matrix in answers:
        rates = measure_rates(make_judgments({"human": matrix.tolist(), "gan": other}))
        means.append((rates.by_listener + rates.by_clip - rates.by_pair)[0, 0] / rates.unrelated[0, 0])
    assert np.mean(means) == pytest.approx(0.25 / 6)


def test_the_variance_is_never_below_that_of_independent_judgments() -> None:
    rates = measure_rates(
        make_judgments({"human": [[1, 0], [0, 1], [1, 0]], "gan": [[1, 0], [0, 1], [0, 0]]})
    )
    gradient = np.array([1.0, 0.0])
    listener, clip, pair = rates.by_listener[0, 0], rates.by_clip[0, 0], rates.by_pair[0, 0]
    assert listener + clip - pair < 0
    assert rates.variance(gradient) == pytest.approx(pair / rates.unrelated[0, 0])


def test_answers_spread_evenly_over_listeners_and_clips_have_a_variance_and_degrees_of_freedom() -> None:
    rates = measure_rates(make_judgments({"human": [[1, 0], [0, 1]], "gan": [[0, 1], [1, 0]]}))
    gradient = np.array([1.0, 0.0])
    assert rates.variance(gradient) == pytest.approx(0.25)
    assert rates.degrees_of_freedom(gradient) == 1


def test_degrees_of_freedom_are_satterthwaites_and_no_fewer_than_those_of_clips_or_listeners() -> None:
    def count(of_pairs: float) -> float:
        counts, trials = np.array([10, 10]), np.array([20, 20])
        clips = (np.array([21, 21]), np.array([11, 6]), np.diag([0.002, 0.002]), np.diag([0.003, 0.002]))
        pairs = np.diag([of_pairs / 2, of_pairs / 2])
        rates = Rates(("human", "gan"), counts / trials, counts, trials, *clips, pairs, np.ones((2, 2)))
        return rates.degrees_of_freedom(np.array([1.0, -1.0]))

    uncertain = 0.004**2 / 20 + 0.003**2 / 10 + 0.002**2 / 5
    assert count(of_pairs=0.002) == pytest.approx(0.007**2 / uncertain)
    assert count(of_pairs=0.006) == pytest.approx(0.005**2 / (0.003**2 / 10 + 0.002**2 / 5))


def test_degrees_of_freedom_lie_between_the_fewest_and_all_clusters() -> None:
    matrix = np.random.default_rng(3).integers(0, 2, (30, 10)).tolist()
    other = np.random.default_rng(4).integers(0, 2, (30, 3)).tolist()
    rates = measure_rates(make_judgments({"human": matrix, "gan": other}))
    assert 9 <= rates.degrees_of_freedom(np.array([1.0, 0.0])) <= 29 + 9
    assert 2 <= rates.degrees_of_freedom(np.array([0.0, 1.0])) <= 29 + 2
    assert 2 <= rates.degrees_of_freedom(np.array([1.0, -1.0])) <= 29 + 11


def _assert_same(first: Rates, second: Rates) -> None:
    for name in ("share", "n_trials", "n_listeners", "n_clips", "by_listener", "by_clip", "by_pair"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-9, atol=1e-15)
    gradient = np.array([1.0, -1.0, 0.0])
    assert first.degrees_of_freedom(gradient) == pytest.approx(second.degrees_of_freedom(gradient))
