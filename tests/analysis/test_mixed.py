"""The mixed models against R, a dense program, quadrature, finite differences and simulated truth."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import expit

from analysis import maximum
from analysis.hierarchical import (
    GENERATED,
    estimate_coefficients,
    estimate_difference,
    estimate_probability,
    fit_detection,
    fit_systems,
)
from analysis.laplace import Judgments, LaplaceLikelihood
from analysis.link import Link, integrate_link
from analysis.mixed import INTERCEPT, compare_models, fit_mixed_model
from analysis.responses import Responses
from study_core.errors import ResponsesError
from tests.analysis.models import LINKS, contrast, fit, simulate, standard_errors

AGREEMENT = 1e-4


# Numbers of R 4.2.2, glmmTMB 1.1.5, from the trials of the 112 attentive people.


@pytest.mark.parametrize(
    ("link", "estimates", "errors", "sds", "log_likelihood"),
    [
        (
            "logit",
            [-0.18482283018, 4.91472403141],
            [0.156906509186, 0.266172679236],
            [0.939201584789, 0.936020411902],
            -2230.269287,
        ),
        (
            "probit",
            [-0.0962192988312, 2.75951050025],
            [0.0837047877765, 0.140485437926],
            [0.499208809251, 0.503040342606],
            -2234.6318063,
        ),
    ],
)
def test_crossed_intercepts_agree_with_glmmtmb(
    gengap: Responses,
    link: Link,
    estimates: list[float],
    errors: list[float],
    sds: list[float],
    log_likelihood: float,
) -> None:
    model = fit(gengap.table, link)
    assert model.coefficients == pytest.approx(estimates, abs=AGREEMENT)
    assert standard_errors(model)[:2] == pytest.approx(errors, abs=AGREEMENT)
    assert [*model.listener_sd, model.clip_sd] == pytest.approx(sds, abs=AGREEMENT)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=AGREEMENT)
    assert model.warnings == ()


def test_correlated_slopes_agree_with_glmmtmb(gengap: Responses) -> None:
    model = fit(gengap.table, "probit", slopes=True)
    assert model.coefficients == pytest.approx([-0.0799759437329, 3.03224525653], abs=AGREEMENT)
    assert standard_errors(model)[:2] == pytest.approx([0.0927195513544, 0.180491497323], abs=AGREEMENT)
    assert model.listener_sd == pytest.approx([0.522579863737, 0.928242308416], abs=AGREEMENT)
    assert model.listener_correlation[1, 0] == pytest.approx(0.114334515676, abs=AGREEMENT)
    assert model.clip_sd == pytest.approx(0.552206709673, abs=AGREEMENT)
    assert model.log_likelihood == pytest.approx(-2136.4243334, abs=AGREEMENT)


def test_a_coefficient_per_system_agrees_with_glmmtmb(gengap: Responses) -> None:
    table = gengap.table
    systems = pd.get_dummies(table["system"], dtype=float)
    model = fit_mixed_model(table["judged_human"], systems, table["participant_id"], table["clip_id"])
    estimates = estimate_coefficients(model, 0.95)
    assert estimates["1"].value == pytest.approx(-2.2725347216, abs=AGREEMENT)
    assert estimates["1"].standard_error == pytest.approx(0.204587423339, abs=AGREEMENT)
    assert estimates["human"].value == pytest.approx(2.64218109478, abs=AGREEMENT)
    assert estimates["human"].standard_error == pytest.approx(0.20689741721, abs=AGREEMENT)
    # glmer's estimates, 1e-3 from the optimum, with its effects integrated out
    assert estimate_probability(model, {"1": 1}, 0.95).value == pytest.approx(0.147745797574, abs=1e-3)
    assert estimate_probability(model, {"human": 1}, 0.95).value == pytest.approx(0.88672258646, abs=1e-3)


def test_share_correct_agrees_with_glmmtmb(gengap: Responses) -> None:
    table = gengap.table
    correct = table["judged_human"] == (table["system"] == "human")
    constant = pd.DataFrame({INTERCEPT: np.ones(len(table))})
    model = fit_mixed_model(correct, constant, table["participant_id"], table["clip_id"])
    assert model.coefficients == pytest.approx([2.39324273853], abs=AGREEMENT)
    assert standard_errors(model)[0] == pytest.approx(0.152814987188, abs=AGREEMENT)
    assert [*model.listener_sd, model.clip_sd] == pytest.approx(
        [0.826350506592, 0.92474427269], abs=AGREEMENT
    )
    assert model.log_likelihood == pytest.approx(-2280.22168023, abs=AGREEMENT)


# What a fit says.


@pytest.mark.parametrize("link", LINKS)
def test_simulated_truth_is_recovered(link: Link) -> None:
    root = np.array([[0.6, 0.0], [0.3, 0.8]])
    table = simulate(1, (400, 60, 20), (-0.3, 1.2), root, sigma=0.5, link=link)
    model = fit(table, link, slopes=True)
    truth = [-0.3, 1.2, 0.6, 0.3, 0.8, 0.5]
    away = (model.parameters - truth) / standard_errors(model)
    assert np.abs(away).max() < 3
    assert standard_errors(model).max() < 0.25


@pytest.mark.parametrize("link", LINKS)
@settings(max_examples=25, deadline=None)
@given(eta=st.floats(-4, 4), sd=st.floats(0, 3))
def test_the_averaged_probability_is_its_integral(link: Link, eta: float, sd: float) -> None:
    cdf = expit if link == "logit" else stats.norm.cdf
    exact, _ = integrate.quad(lambda t: cdf(eta + sd * t) * stats.norm.pdf(t), -10, 10, epsabs=1e-12)
    value, by_eta, by_sd = integrate_link(link, eta, sd)
    assert value == pytest.approx(exact, abs=1e-7)
    step = 1e-4
    change = [integrate_link(link, eta + step, sd)[0], integrate_link(link, eta - step, sd)[0]]
    assert by_eta == pytest.approx((change[0] - change[1]) / (2 * step), abs=1e-6)
    change = [integrate_link(link, eta, sd + step)[0], integrate_link(link, eta, sd - step)[0]]
    assert by_sd == pytest.approx((change[0] - change[1]) / (2 * step), abs=1e-6)


def test_the_averaged_probability_agrees_with_numeric_integration_in_r() -> None:
    assert integrate_link("logit", 0.599244, 0.7127**0.5)[0] == pytest.approx(0.627058642781, abs=1e-9)
    assert integrate_link("logit", -2, 1.5**0.5)[0] == pytest.approx(0.17057441076, abs=1e-9)


def test_hierarchical_detection_is_the_probit_model_with_slopes(gengap: Responses) -> None:
    detection = fit_detection(gengap.table, 0.95)
    half = stats.t.ppf(0.975, 58) * 0.180491497323  # 60 clips less 2 terms; glmmTMB's standard error
    assert detection.d_prime.value == pytest.approx(3.03224525653, abs=AGREEMENT)
    assert detection.d_prime.low == pytest.approx(3.03224525653 - half, abs=3 * AGREEMENT)
    assert detection.criterion.value == pytest.approx(0.0799759437329, abs=AGREEMENT)
    assert detection.criterion.degrees_of_freedom == 58
    listeners = detection.listeners.set_index("listener")
    assert listeners["d_prime"].mean() == pytest.approx(3.03, abs=0.05)
    assert 0.5 < listeners["d_prime"].std() < 0.928  # shrunk


def test_effects_are_shrunk_and_their_sds_those_of_the_dense_hessian() -> None:
    table = simulate(0, (30, 8, 8), (0.2, 0.5), np.diag([0.9, 0.9]), sigma=0.7, link="logit")
    model = fit(table, "logit", slopes=True)
    assert model.warnings == ()
    effects = np.concatenate([model.listener_effects["effect"], model.clip_effects["effect"]])
    sds = np.concatenate([model.listener_effects["conditional_sd"], model.clip_effects["conditional_sd"]])
    terms, listener, clip = contrast(table).to_numpy(), table["participant_id"], table["clip_id"]
    rows = np.zeros((240, 68))
    for i in range(240):
        rows[i, 2 * listener[i] : 2 * listener[i] + 2] = terms[i]
        rows[i, 60 + list(model.clip_effects["clip"]).index(clip[i])] = 1
    share = expit(terms @ model.coefficients + rows @ effects)
    precision = np.eye(68) / model.clip_sd**2
    for j in range(30):
        block = slice(2 * j, 2 * j + 2)
        precision[block, block] = np.linalg.inv(model.listener_root @ model.listener_root.T)
    assert rows.T @ (1 - table["judged_human"] - share) == pytest.approx(precision @ effects, abs=1e-6)
    covariance = np.linalg.inv(precision + rows.T @ ((share * (1 - share))[:, None] * rows))
    assert sds == pytest.approx(np.sqrt(covariance.diagonal()), abs=1e-6)


def test_order_names_and_scale_change_nothing(gengap: Responses) -> None:
    table, slower = gengap.table, gengap.table.sample(frac=1, random_state=1).reset_index(drop=True)
    model = fit(table, "logit")
    terms = contrast(slower).assign(**{GENERATED: lambda t: 1000 * t[GENERATED]})
    again = fit_mixed_model(
        1 - slower["judged_human"], terms, "p" + slower["participant_id"].astype(str), slower["clip_id"]
    )
    assert again.log_likelihood == pytest.approx(model.log_likelihood, abs=1e-6)
    assert again.parameters * [1, 1000, 1, 1] == pytest.approx(model.parameters, abs=1e-6)
    assert standard_errors(again) * [1, 1000, 1, 1] == pytest.approx(standard_errors(model), abs=1e-5)


def test_one_more_slope_is_tested_at_the_boundary(gengap: Responses) -> None:
    smaller, larger = fit(gengap.table, "probit"), fit(gengap.table, "probit", slopes=True)
    test = compare_models(smaller, larger)
    assert test.statistic == pytest.approx(2 * (2234.6318063 - 2136.4243334), abs=3 * AGREEMENT)
    assert test.degrees_of_freedom == 2
    close = replace(larger, log_likelihood=smaller.log_likelihood + 2)
    expected = (stats.chi2.sf(4, 1) + stats.chi2.sf(4, 2)) / 2
    assert compare_models(smaller, close).p == pytest.approx(expected)


def test_one_more_fixed_term_is_tested_by_chi_squared(gengap: Responses) -> None:
    larger = fit(gengap.table, "logit")
    table = gengap.table
    constant = pd.DataFrame({INTERCEPT: np.ones(len(table))})
    smaller = fit_mixed_model(1 - table["judged_human"], constant, table["participant_id"], table["clip_id"])
    test = compare_models(smaller, larger)
    assert test.degrees_of_freedom == 1
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, 1))
    assert test.statistic > 100


def test_models_that_do_not_nest_are_refused(gengap: Responses) -> None:
    model = fit(gengap.table, "logit")
    with pytest.raises(
        ResponsesError, match=r"with 4 and 4 parameters.*6720 and 6720 judgments.*smaller one first"
    ):
        compare_models(model, model)


def test_a_difference_is_that_of_the_two_shares(gengap: Responses) -> None:
    model = fit_systems(gengap.table)
    shares = [estimate_probability(model, {system: 1}, 0.95) for system in ("1", "human")]
    difference = estimate_difference(model, {"1": 1}, {"human": 1}, 0.95)
    assert difference.value == pytest.approx(shares[0].value - shares[1].value)
    assert [share.degrees_of_freedom for share in (*shares, difference)] == [29, 29, 58]
    assert all(0 < share.low < share.value < share.high < 1 for share in shares)


def test_a_cell_needs_the_terms_of_the_model(gengap: Responses) -> None:
    model = fit_systems(gengap.table)
    with pytest.raises(ResponsesError, match=r"no terms \['lstm'\]"):
        estimate_probability(model, {"lstm": 1}, 0.95)
    with pytest.raises(ResponsesError, match=r"needs values of \['gen_c'\]"):
        estimate_probability(model, {"human": 0.5, "1": 0.5}, 0.95)
    between = estimate_probability(model, {"human": 0.5, "1": 0.5, GENERATED: 0}, 0.95)
    assert 0.14 < between.value < 0.89


# Fits that must not be trusted.


def test_an_sd_of_zero_is_said_and_leaves_the_standard_errors_of_the_model_without_it() -> None:
    table = simulate(7, (40, 30, 10), (0.2, 0.4), np.zeros((2, 2)), sigma=0.8, link="logit")
    # Every listener gives each answer equally often: less spread than chance.
    table["judged_human"] = table.groupby("participant_id")["judged_human"].rank("first").gt(5).astype(int)
    model = fit(table, "logit")
    assert model.listener_sd[0] < 1e-3
    assert "The listeners in intercept differ by no more than chance: their SD is 0." in model.warnings
    assert np.isfinite(model.covariance).all()
    one = fit_mixed_model(
        1 - table["judged_human"], contrast(table), np.arange(len(table)) % 2, table["clip_id"]
    )
    assert standard_errors(model)[:2] == pytest.approx(standard_errors(one)[:2], rel=0.05)


def test_a_system_always_judged_alike_is_said_and_leaves_the_others_as_they_are() -> None:
    table = simulate(4, (30, 20, 20), (0.0, 0.5), np.diag([0.5, 0.0]), sigma=0.5, link="logit")
    table["system"] = np.where(table["clip_id"] % 4 == 1, "lstm", table["system"])
    alike = table.assign(judged_human=table["judged_human"].where(table["system"] != "lstm", 1))
    model, without = fit_systems(alike), fit_systems(alike[alike["system"] != "lstm"])
    assert any(
        sentence.startswith("The answers are all alike wherever lstm decides") for sentence in model.warnings
    )
    assert np.isfinite(model.parameters).all()
    assert np.isfinite(model.covariance).all()
    shares = [estimate_probability(one, {"human": 1}, 0.95) for one in (model, without)]
    assert shares[0].value == pytest.approx(shares[1].value, abs=0.02)
    assert standard_errors(model)[model.terms.index("lstm")] > 5
    endless = replace(model, parameters=np.array([800.0, *model.parameters[1:]]))
    certain = estimate_probability(endless, {model.terms[0]: 1}, 0.95)
    assert certain.value == pytest.approx(1)
    assert (certain.low, certain.because) == (None, "all these judgments were alike")


def test_effects_beyond_reason_are_said() -> None:
    table = simulate(5, (60, 20, 10), (0.0, 30.0), np.diag([12.0, 0.0]), sigma=0.5, link="logit")
    warnings = " ".join(fit(table, "logit").warnings)
    assert "The SD of the listeners in intercept is" in warnings
    assert "The effect of gen_c is" in warnings
    assert warnings.count("on the logit scale: distrust this fit.") == 2


def test_a_perfect_correlation_is_said() -> None:
    root = np.array([[0.8, 0.0], [1.2, 0.0]])
    table = simulate(7, (60, 30, 12), (0.0, 0.5), root, sigma=0.5, link="logit")
    model = fit(table, "logit", slopes=True)
    assert abs(model.listener_correlation[1, 0]) > 0.99
    assert any("intercept and gen_c seem to correlate perfectly" in sentence for sentence in model.warnings)
    assert np.isfinite(model.covariance).all()


def test_a_search_cut_short_is_said(gengap: Responses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maximum, "CLOSE_GRADIENT", 1e4)  # BFGS ends where it starts
    monkeypatch.setattr(maximum, "NEWTON_STEPS", 1)
    sentence = fit(gengap.table, "logit").warnings[-1]
    assert sentence.startswith("The search stopped short of the maximum")
    assert sentence.endswith("Leave out terms, or collect more judgments.")


def test_a_saddle_is_not_taken_for_a_maximum(gengap: Responses) -> None:
    terms = contrast(gengap.table).to_numpy()
    ids = [pd.factorize(gengap.table[key])[0] for key in ("participant_id", "clip_id")]
    sign = np.where(gengap.table["judged_human"] == 0, 1.0, -1.0)
    likelihood = LaplaceLikelihood(Judgments(sign, terms, terms[:, :1], *ids), "logit")
    _, is_maximum = maximum._invert_information(likelihood, np.array([-0.15, 3.9, 0.0, 0.0]), 2)
    assert not is_maximum


# Judgments that cannot give a model.


def refuse(problem: str, change: Mapping[str, object]) -> None:
    table = simulate(8, (6, 6, 6), (0.0, 0.5), np.eye(2), sigma=0.5, link="logit")
    arguments = {
        "answers": table["judged_human"],
        "fixed": contrast(table),
        "listeners": table["participant_id"],
        "clips": table["clip_id"],
    }
    with pytest.raises(ResponsesError, match=problem) as error:
        fit_mixed_model(**(arguments | change))  # type: ignore[arg-type]
    assert str(error.value).startswith("The mixed model cannot be estimated:")


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        (r"have \[35, 36\] rows; give one row per judgment", {"answers": [0, 1] * 17 + [0]}),
        ("36 of 36 answers are not 0 or 1", {"answers": [2] * 36}),
        ("all 36 answers are 1; give the exact bound instead", {"answers": [1] * 36}),
        ("1 listeners, 0 rows without", {"listeners": ["a"] * 36}),
        ("18 clips, 18 rows without", {"clips": [None, *"abcdefghijklmnopqr"][1:] + [None] * 18}),
        ("terms among .* are missing or infinite", {"fixed": pd.DataFrame({"x": [np.nan] * 36})}),
        ("repeat one another or hold only 0", {"fixed": pd.DataFrame({"x": [1.0] * 36, "y": [2.0] * 36})}),
        ("repeat one another or hold only 0", {"by_listener": pd.DataFrame({"x": [0.0] * 36})}),
    ],
)
def test_judgments_that_cannot_give_a_model_are_refused(problem: str, change: Mapping[str, object]) -> None:
    refuse(problem, change)


def test_every_problem_is_named_at_once() -> None:
    change = {"answers": [1] * 36, "clips": ["a"] * 36, "fixed": pd.DataFrame({"x": [0.0] * 36})}
    refuse(r"(?s)all 36 answers.*1 clips.*hold only 0", change)


# Simulated studies: 30 listeners, 20 clips, no effect; `benchmarks/calibration.py` has more of them.


def test_false_positives_keep_their_rate_where_the_naive_test_loses_it() -> None:
    significant = naive = 0
    for seed in range(40):
        table = simulate(seed, (30, 20, 20), (0.0, 0.0), np.diag([0.7, 0.7]), sigma=0.7, link="logit")
        systems = fit_systems(table)
        significant += estimate_difference(systems, {"gan": 1}, {"human": 1}, 0.95).excludes_zero
        naive += stats.chi2_contingency(pd.crosstab(table["system"], table["judged_human"])).pvalue < 0.05
    assert significant <= 6  # 2 expected
    assert naive >= 7  # 13 expected
