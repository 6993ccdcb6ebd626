"""How fast and how right the mixed models are: time by listeners, R beside it, and simulated studies.

    python benchmarks/mixed_models.py                  # time, with R's glmmTMB and glmer where installed
    python benchmarks/mixed_models.py --studies 1000   # false positives and coverage instead; some minutes

Every listener judges 20 of 104 clips; the model has correlated slopes by listener. All on one core, R too, in
seconds of processor time, which other programs hardly change. R's packages are Debian's r-cran-glmmtmb and
r-cran-lme4.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import numpy as np
import pandas as pd
from scipy import stats

from analysis.estimates import wilson_interval
from analysis.hierarchical import (
    GENERATED,
    estimate_difference,
    estimate_probability,
    fit_detection,
    fit_systems,
)
from analysis.link import integrate_link
from analysis.mixed import INTERCEPT, MixedModel, fit_mixed_model

LISTENERS = (250, 500, 1000, 2500, 5000)
BESIDE_R = 300
REPEATS = 3
LEVEL = 0.95
EFFECT = 1.0

R_SCRIPT = """
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
formula <- y ~ gen_c + (1 + gen_c | listener) + (1 | clip)
suppressWarnings(suppressMessages(library(arguments[2], character.only = TRUE)))
fit_once <- function() {
  if (arguments[2] == "glmmTMB") glmmTMB(formula, data, family = binomial)
  else suppressMessages(suppressWarnings(glmer(formula, data, family = binomial)))
}
seconds <- min(replicate(as.integer(arguments[3]), sum(system.time(model <<- fit_once())[1:2])))
estimates <- if (arguments[2] == "glmmTMB") fixef(model)$cond else fixef(model)
errors <- sqrt(diag(as.matrix(if (arguments[2] == "glmmTMB") vcov(model)$cond else vcov(model))))
cat(sprintf("[%.6f, %.9f, %.9f, %.9f, %.9f, %.9f]", seconds, estimates[1], estimates[2], errors[1], errors[2],
            as.numeric(logLik(model))))
"""


@dataclass(frozen=True)
class Scenario:
    """Listeners judge `each` of the clips, half of them human; SDs on the logit scale."""

    listeners: int
    clips: int
    each: int
    sd_listener: float
    sd_slope: float
    sd_clip: float


SCENARIOS = {
    "complete": Scenario(30, 20, 20, 0.7, 0.7, 0.7),
    "planned-missing": Scenario(60, 104, 10, 0.3, 0.7, 0.65),
}


def simulate(rng: np.random.Generator, scenario: Scenario, effect: float) -> pd.DataFrame:
    """Return responses; the effect is the generated clips' log odds of "human" less the human clips'."""
    half = scenario.clips // 2
    listener = np.repeat(np.arange(scenario.listeners), scenario.each)
    heard = [
        np.concatenate([rng.permutation(half)[: scenario.each // 2] + kind * half for kind in (0, 1)])
        for _ in range(scenario.listeners)
    ]
    clip = np.concatenate(heard)
    gen_c = np.where(clip < half, -0.5, 0.5)
    eta = (
        effect * gen_c
        + rng.normal(0, scenario.sd_listener, scenario.listeners)[listener]
        + rng.normal(0, scenario.sd_slope, scenario.listeners)[listener] * gen_c
        + rng.normal(0, scenario.sd_clip, scenario.clips)[clip]
    )
    return pd.DataFrame(
        {
            "participant_id": listener,
            "clip_id": clip,
            "system": np.where(gen_c > 0, "gan", "human"),
            "judged_human": (rng.logistic(size=eta.size) < eta).astype(int),
        }
    )


def fit(responses: pd.DataFrame) -> MixedModel:
    """Return the model that R is given too."""
    gen_c = np.where(responses["system"] == "human", -0.5, 0.5)
    terms = pd.DataFrame({INTERCEPT: 1.0, GENERATED: gen_c})
    ids = responses["participant_id"], responses["clip_id"]
    return fit_mixed_model(responses["judged_human"], terms, *ids, by_listener=terms)


def time_fit(responses: pd.DataFrame) -> tuple[float, MixedModel]:
    """Return the least seconds of a few fits, and the model."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        model = fit(responses)
        seconds.append(time.process_time() - start)
    return min(seconds), model


def compare_sizes() -> None:
    """Print time by number of listeners."""
    print("listeners  judgments  seconds  ms per listener")
    for listeners in LISTENERS:
        scenario = Scenario(listeners, 104, 20, 0.3, 0.7, 0.65)
        seconds, _ = time_fit(simulate(np.random.default_rng(listeners), scenario, EFFECT))
        print(f"{listeners:9}  {20 * listeners:9}  {seconds:7.2f}  {1000 * seconds / listeners:15.2f}")


def compare_with_r() -> None:
    """Print time and estimates beside R's, or that R is absent."""
    responses = simulate(np.random.default_rng(2018), Scenario(BESIDE_R, 104, 20, 0.3, 0.7, 0.65), EFFECT)
    seconds, model = time_fit(responses)
    errors = np.sqrt(model.covariance.diagonal()[:2])
    ours = np.array([*model.coefficients, *errors, model.log_likelihood])
    print(f"\n{BESIDE_R} listeners x 20 of 104 clips: {seconds:.3f} s")
    for package in ("glmmTMB", "lme4"):
        found = run_r(responses, package)
        if found is None:
            print(f"{package}: R or the package is absent")
            continue
        away = np.abs(ours - found[1:])
        print(f"{package}: {found[0]:.3f} s, {found[0] / seconds:.1f} times as long; largest differences:")
        print(f"  coefficients {away[:2].max():.0e}, standard errors {away[2:4].max():.0e}", end="")
        print(f", log-likelihood {away[4]:.0e}")


def run_r(responses: pd.DataFrame, package: str) -> np.ndarray | None:
    """Return R's seconds, coefficients, standard errors and log-likelihood; None where it is absent."""
    if shutil.which("Rscript") is None:
        return None
    gen_c = np.where(responses["system"] == "human", -0.5, 0.5)
    table = responses.rename(columns={"participant_id": "listener", "clip_id": "clip", "judged_human": "y"})
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "data.csv"), Path(folder, "fit.R")
        table.assign(gen_c=gen_c).to_csv(data, index=False)
        script.write_text(R_SCRIPT, encoding="utf-8")
        command = ["Rscript", "--vanilla", script, data, package, str(REPEATS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return np.array(json.loads(done.stdout)) if done.returncode == 0 else None


def judge_study(scenario: Scenario, effect: float, seed: int) -> dict[str, float]:
    """Return what the mixed model, and the test and interval of independent trials, say of one study."""
    responses = simulate(np.random.default_rng([2018, seed]), scenario, effect)
    sd = float(np.linalg.norm([scenario.sd_listener, scenario.sd_slope / 2, scenario.sd_clip]))
    truth, human = (integrate_link("logit", effect * gen_c, sd)[0] for gen_c in (0.5, -0.5))
    model = fit_systems(responses)
    share = estimate_probability(model, {"gan": 1}, LEVEL)
    difference = estimate_difference(model, {"gan": 1}, {"human": 1}, LEVEL)
    coefficient = fit(responses)
    t = abs(coefficient.coefficients[1] - effect) / np.sqrt(coefficient.covariance[1, 1])
    row = {
        "logit contrast off": t > stats.t.ppf((1 + LEVEL) / 2, coefficient.degrees_of_freedom),
        "difference found": difference.excludes_zero,
        "difference covered": difference.low <= truth - human <= difference.high,
        "share covered": share.low <= truth <= share.high,
        "share's width": share.high - share.low,
        "warned": bool(model.warnings),
    }
    counts = pd.crosstab(responses["system"], responses["judged_human"])
    low, high = wilson_interval(int(counts.loc["gan", 1]), int(counts.loc["gan"].sum()), LEVEL)
    row["naive: difference found"] = stats.chi2_contingency(counts, correction=False).pvalue < 1 - LEVEL
    row["naive: share covered"] = low <= truth <= high
    if effect == 0:  # the average listener's d' is 0 then under both links
        d_prime = fit_detection(responses, LEVEL).d_prime
        row["d' covered"] = d_prime.low <= 0 <= d_prime.high
    return row


def calibrate(studies: int) -> None:
    """Print rates over simulated studies; their standard error is at most 0.5 / sqrt(studies)."""
    for name, scenario in SCENARIOS.items():
        for effect in (0.0, EFFECT):
            rows = pd.DataFrame([judge_study(scenario, effect, seed) for seed in range(studies)])
            print(f"\n{name}, effect {effect:g}, {studies} studies: {scenario}")
            print(rows.astype(float).mean().round(4).to_string())


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=0, help="simulate so many studies per scenario")
    studies = parser.parse_args().studies
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if studies:
        calibrate(studies)
    else:
        compare_sizes()
        compare_with_r()


if __name__ == "__main__":
    main()
