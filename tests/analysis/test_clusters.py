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
    table = gengap.table
    correct = (table["judged_human"] == 1) == (table["system"] == "human")
    rates = measure_rates(table.assign(judged_human=correct.astype(int), system="human"))
    to_logit = 1 / (rates.share * (1 - rates.share))
    assert np.sqrt(rates.variance(to_logit)) == pytest.approx(0.139721174676, rel=1e-8)


def test_two_way_error_of_the_slope_is_that_of_r_sandwich(gengap: Responses) -> None:
    """R was asked for no G / (G - 1), so ours is taken out again."""
    rates = measure_rates(gengap.table)
    to_logit = np.array([1, -1]) / (rates.share * (1 - rates.share))
    listener, clip, pair = (
        to_logit @ part @ to_logit * (groups - 1) / groups
        for part, groups in ((rates.by_listener, 112), (rates.by_clip, 30), (rates.by_pair, 3360))
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
        groups = column.groupby(table["system"]).nunique()[list(rates.systems)].to_numpy()
        theirs = cov_cluster(model, pd.factorize(column)[0], use_correction=False)
        corrected = theirs * np.sqrt(np.outer(groups / (groups - 1), groups / (groups - 1)))
        np.testing.assert_allclose(part * np.outer(slope, slope), corrected, rtol=1e-6, atol=1e-12)


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


def test_a_negative_two_way_variance_gives_way_to_the_larger_one_way_variance() -> None:
    rates = measure_rates(
        make_judgments({"human": [[1, 0], [0, 1], [1, 0]], "gan": [[1, 0], [0, 1], [0, 0]]})
    )
    gradient = np.array([1.0, 0.0])
    listener, clip, pair = rates.by_listener[0, 0], rates.by_clip[0, 0], rates.by_pair[0, 0]
    assert listener + clip - pair < 0
    assert rates.variance(gradient) == pytest.approx(max(listener, clip))
    assert rates.variance(gradient) > 0


def test_answers_spread_evenly_over_listeners_and_clips_keep_the_variance_of_pairs() -> None:
    rates = measure_rates(make_judgments({"human": [[1, 0], [0, 1]], "gan": [[0, 1], [1, 0]]}))
    assert rates.variance(np.array([1.0, 0.0])) == pytest.approx(rates.by_pair[0, 0])
    assert rates.by_pair[0, 0] > 0


def test_degrees_of_freedom_follow_the_fewer_of_listeners_and_clips() -> None:
    matrix = np.random.default_rng(3).integers(0, 2, (30, 10)).tolist()
    other = np.random.default_rng(4).integers(0, 2, (30, 3)).tolist()
    rates = measure_rates(make_judgments({"human": matrix, "gan": other}))
    assert rates.degrees_of_freedom(np.array([1.0, 0.0])) == pytest.approx(9)
    assert rates.degrees_of_freedom(np.array([0.0, 1.0])) == pytest.approx(2)
    assert 2 <= rates.degrees_of_freedom(np.array([1.0, -1.0])) <= 11


def _assert_same(first: Rates, second: Rates) -> None:
    for name in ("share", "n_trials", "n_listeners", "n_clips", "by_listener", "by_clip", "by_pair"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-9, atol=1e-15)
    gradient = np.array([1.0, -1.0, 0.0])
    assert first.degrees_of_freedom(gradient) == pytest.approx(second.degrees_of_freedom(gradient))
