"""The Bayesian mixed model: what draws say, when nothing is said, and the sampler where it is installed."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import bayes, readings
from analysis.bayes import describe_priors, draw, find_posterior, load_bambi
from analysis.convergence import Convergence
from analysis.findings import Study, add_posterior, study_responses
from analysis.hierarchical import estimate_difference, estimate_probability, fit_systems
from analysis.keys import KEYS
from analysis.link import Link
from analysis.mixed import MixedModel
from analysis.page import make_environment
from analysis.posterior import (
    METHOD,
    Draws,
    Posterior,
    summarize_components,
    summarize_contrasts,
    summarize_systems,
)
from analysis.posterior_keys import POSTERIOR_KEYS
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.cli import main
from study_core.config import AnalysisConfig
from study_core.errors import ToolMissingError
from tests.analysis.made import make_export, simulate_study
from tests.analysis.test_report import keys_of, text_of

SOUND = Convergence(
    n_chains=4, n_warm_up=1000, n_draws=2000, n_divergent=0, r_hat=1.002, ess_bulk=2900.0, ess_tail=2500.0
)
needs_bambi = pytest.mark.skipif(
    importlib.util.find_spec("bambi") is None, reason="Bambi is not installed: uv sync --extra bayes"
)


def make_draws(size: int = 500) -> Draws:
    """Return draws of three systems around 60, 30 and 45 % human."""
    rng = np.random.default_rng(3)
    shape = (4, size)
    return Draws(
        link="logit",
        systems=("human", "gan", "lstm"),
        coefficients=rng.normal([0.45, -0.95, -0.2], 0.3, (*shape, 3)),
        listener_sd=np.abs(rng.normal(0.5, 0.1, (*shape, 2))),
        correlation=rng.uniform(-0.5, 0.5, shape),
        clip_sd=np.abs(rng.normal(0.7, 0.2, shape)),
    )


def make_posterior(how: Convergence = SOUND) -> Posterior:
    draws = make_draws()
    return Posterior(
        systems=summarize_systems(draws, 0.95, 0.1),
        contrasts=summarize_contrasts(draws, 0.95),
        components=summarize_components(draws, 0.95),
        priors=describe_priors("logit"),
        software={"bambi": "0.21.0", "pymc": "6.4.0"},
        convergence=how,
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    path = tmp_path / "responses.csv"
    make_export().to_csv(path, index=False)
    return study_responses(read_responses(path), AnalysisConfig())


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_a_draw_is_averaged_over_listeners_and_clips_as_the_fitted_model_is(link: Link) -> None:
    model = fit_systems(make_export(), link)
    assert model.listener_sd.size == 2
    rates = _repeat(model).average()[0, 0]
    expected = [estimate_probability(model, {name: 1.0}, 0.95).value for name in model.terms]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_without_human_clips_listeners_differ_in_their_lean_only() -> None:
    full = make_draws()
    draws = replace(full, listener_sd=full.listener_sd[..., :1])
    assert [one.who for one in summarize_components(draws, 0.95)] == ["listeners' lean", "clips"]
    assert (draws.average() > 0).all()


def test_estimates_are_means_quantiles_and_shares_of_draws() -> None:
    draws = make_draws()
    human, gan, lstm = np.moveaxis(draws.average(), -1, 0)
    of_human, of_gan, of_lstm = summarize_systems(draws, 0.9, 0.1)
    assert (of_human.difference, of_human.below_human) == (None, None)
    assert of_gan.rate.value == pytest.approx(gan.mean())
    assert (of_gan.rate.low, of_gan.rate.high) == tuple(np.quantile(gan, [0.05, 0.95]))
    assert of_gan.difference is not None
    assert of_gan.difference.standard_error == pytest.approx((gan - human).std())
    assert of_gan.difference.p is None
    assert of_lstm.below_human == (lstm < human).mean()
    assert of_lstm.within_bound == (abs(lstm - human) < 0.1).mean()
    (contrast,) = summarize_contrasts(draws, 0.9)
    assert (contrast.first, contrast.second, contrast.below) == ("gan", "lstm", (gan < lstm).mean())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"r_hat": 1.2}, "R-hat is 1.200, above 1.05"),
        ({"r_hat": float("nan")}, "R-hat is nan, above 1.05"),
        ({"ess_tail": 60.0}, "the draws are worth 60 independent ones, below 100"),
        ({"n_divergent": 81}, "81 of 8000 draws diverged"),
    ],
)
def test_chains_that_did_not_meet_give_no_estimates(changed: Mapping[str, float], words: str) -> None:
    assert replace(SOUND, **changed).refusal == f"the chains did not converge: {words}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"r_hat": 1.02}, "R-hat is 1.020, above 1.01"),
        ({"ess_bulk": 390.0}, "The draws are worth 390 independent ones, fewer than 400"),
        ({"n_divergent": 3}, "3 of 8000 draws diverged"),
    ],
)
def test_chains_that_barely_met_warn(changed: Mapping[str, float], words: str) -> None:
    how = replace(SOUND, **changed)
    assert how.refusal == ""
    assert how.warnings[0].startswith(words)
    assert SOUND.warnings == ()


def test_the_report_has_the_bayesian_line_beside_the_others(study: Study, tmp_path: Path) -> None:
    posterior = make_posterior(replace(SOUND, n_divergent=3))
    page = write_report(add_posterior(study, posterior), tmp_path / "report", "With priors", pdf=False)
    text = text_of(page)
    for words in (
        "With priors: a Bayesian mixed model",
        f"gan {100 * posterior.systems[1].rate.value:.1f}%",
        "3 of 8000 draws diverged",
        "largest R-hat 1.002 (1 is perfect)",
        "each SD of listeners and clips, half-normal, scale 1 on the logit scale",
        "bambi 0.21.0, pymc 6.4.0; Capretto et al. 2022",
    ):
        assert words in text
    methods = pd.read_csv(page.parent / "table-methods.csv")
    assert (methods["method"] == METHOD).sum() == 6  # three rates, two differences, one contrast
    assert list(pd.read_csv(page.parent / "table-posterior.csv")["system"]) == ["human", "gan", "lstm"]
    assert METHOD in (page.parent / "figure-lines.svg").read_text(encoding="utf-8")
    numbers = json.loads((page.parent / "numbers.json").read_text(encoding="utf-8"))
    assert numbers["keys"] == KEYS | POSTERIOR_KEYS
    assert set(POSTERIOR_KEYS) <= keys_of(numbers)
    shown = keys_of(numbers["posterior"]) - set(describe_priors("logit")) - {"bambi", "pymc"}
    assert shown <= set(numbers["keys"])


def test_a_report_of_chains_that_did_not_converge_says_so_and_estimates_nothing(study: Study) -> None:
    how = replace(SOUND, r_hat=1.3)
    refused = Posterior(priors=describe_priors("logit"), software={}, convergence=how, because=how.refusal)
    told = add_posterior(study, refused)
    assert told.findings.comparisons == study.findings.comparisons
    page = make_environment().get_template("posterior.html").render(study=told, level=0.95, readings=readings)
    assert "Nothing is estimated because the chains did not converge: R-hat is 1.300, above 1.05." in page
    assert "<table" not in page


def test_a_large_study_is_told_that_it_needs_no_priors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayes, "MOST_JUDGMENTS", 90)
    found = find_posterior(make_export(), 0.95, 0.1, 1)
    assert found.because.startswith("96 judgments are more than the 90 that it is drawn for")
    assert (found.systems, found.convergence) == ((), None)


def test_without_bambi_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    with pytest.raises(
        ToolMissingError, match=r"Run `.tools/bin/uv sync --extra bayes`, or leave out --bayes\."
    ):
        load_bambi()


def test_without_bambi_analyze_stops_before_it_writes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    make_export().to_csv(tmp_path / "trials.csv", index=False)
    output = tmp_path / "report"
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(tmp_path / "trials.csv"), "--bayes", "--output", str(output)])
    assert stopped.value.code == 2
    assert "uv sync --extra bayes" in capsys.readouterr().err
    assert not output.exists()


def test_ratings_are_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bayes, "load_bambi", lambda: None)
    table = make_export().drop(columns=["judged_human", "confidence"])
    table.assign(rating=1 + np.arange(len(table)) % 5).to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(tmp_path / "trials.csv"), "--bayes", "--output", str(tmp_path / "report")])
    assert stopped.value.code == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "has ratings: the Bayesian model of --bayes is for answers human or computer" in told


def test_nothing_but_the_option_imports_bambi() -> None:
    script = (
        "import sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.split('.')[0] in ('bambi', 'pymc', 'arviz', 'arviz_stats'): sys.exit(name)\n"
        "sys.meta_path.insert(0, Watch())\n"
        "import analysis.bayes, analysis.cli, analysis.report, analysis.findings\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_bambi
def test_with_many_clips_the_sampled_model_is_the_fitted_one() -> None:
    shares = {"human": 0.65, "lstm": 0.5, "gan": 0.3}
    counts = {"human": 10, "lstm": 10, "gan": 10}
    table = simulate_study(np.random.default_rng(8), shares, listeners=40, clips=30, trials=counts)
    model = fit_systems(table)
    sample = draw(table, "logit", 1, kept=500)
    assert sample.convergence.refusal == ""
    for one in summarize_systems(sample.draws, 0.95, 0.1):
        fitted = estimate_probability(model, {one.system: 1.0}, 0.95)
        assert abs(one.rate.value - fitted.value) < 0.3 * (fitted.standard_error or 0)
        if one.difference is not None:
            between = estimate_difference(model, {one.system: 1.0}, {"human": 1.0}, 0.95)
            ratio = (one.difference.standard_error or 0) / (between.standard_error or 1)
            assert 0.9 < ratio < 1.3


@needs_bambi
def test_the_same_seed_gives_the_same_posterior_and_the_correlation_its_prior_range() -> None:
    first, second = (draw(make_export(), "probit", 5, kept=300).draws for _ in range(2))
    np.testing.assert_array_equal(first.average(), second.average())
    assert -0.95 < np.quantile(first.correlation, 0.05) < -0.2
    assert 0.2 < np.quantile(first.correlation, 0.95) < 0.95


def _repeat(model: MixedModel) -> Draws:
    """Return one draw at the fitted model's parameters."""
    return Draws(
        link=model.link,
        systems=model.terms,
        coefficients=model.coefficients[None, None],
        listener_sd=model.listener_sd[None, None],
        correlation=model.listener_correlation[0, 1][None, None],
        clip_sd=np.array([[model.clip_sd]]),
    )
