"""How fast the mixed models are: time by listeners, and R beside it.

    python benchmarks/mixed_models.py   # with R's glmmTMB and glmer, and Bambi, where installed

Every listener judges 20 of 104 clips; the model has correlated slopes by listener. All on one core, R too, in
seconds of processor time, which other programs hardly change. R's packages are Debian's r-cran-glmmtmb and
r-cran-lme4. Bambi (`uv sync --extra bayes`) samples the model of `study analyze --bayes` of a study of few
clips, which is what it is for; what it compiles is counted, too. `benchmarks/calibration.py` tells how often
the intervals are right.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import numpy as np
import pandas as pd
from claims import state_claim, state_growth

from analysis.bayes import draw
from analysis.hierarchical import GENERATED, fit_systems
from analysis.mixed import INTERCEPT, MixedModel, fit_mixed_model
from analysis.simulation import Design, Population, simulate_study
from study_core.errors import ToolMissingError

LISTENERS = (250, 500, 1000, 2500, 5000)
BESIDE_R = 300
FEW_LISTENERS, FEW_CLIPS = 20, 6
"""Of a small study; clips of each system, all of which everybody hears."""
REPEATS = 3
POPULATION = Population(shares={"human": 0.6, "gan": 0.4}, sd_lean=0.3, sd_sensitivity=0.7, sd_clip=0.65)

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


def simulate(seed: int, listeners: int) -> pd.DataFrame:
    """Return judgments of 52 human and 52 generated clips, 10 of each by every listener."""
    clips, trials = dict.fromkeys(POPULATION.shares, 52), dict.fromkeys(POPULATION.shares, 10)
    design = Design(n_listeners=listeners, n_clips=clips, trials=trials)
    return simulate_study(np.random.default_rng(seed), POPULATION, design)


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
    costs = {}
    for listeners in LISTENERS:
        seconds, _ = time_fit(simulate(listeners, listeners))
        costs[listeners] = seconds
        print(f"{listeners:9}  {20 * listeners:9}  {seconds:7.2f}  {1000 * seconds / listeners:15.2f}")
    state_growth("Fitting a mixed model", "listeners", costs)


def compare_with_r() -> None:
    """Print time and estimates beside R's, or that R is absent."""
    responses = simulate(2018, BESIDE_R)
    seconds, model = time_fit(responses)
    errors = np.sqrt(model.covariance.diagonal()[:2])
    ours = np.array([*model.coefficients, *errors, model.log_likelihood])
    print(f"\n{BESIDE_R} listeners x 20 of 104 clips: {seconds:.3f} s")
    for package in ("glmmTMB", "lme4"):
        found = run_r(responses, package)
        if found is None:
            print(f"{package}: R or the package is absent")
            continue
        state_claim("Fitting a mixed model, 300 listeners", found[0] / seconds, f"times as fast as {package}")
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


def compare_with_bambi() -> None:
    """Print the time of Bambi's posterior of a study of few clips beside the fit's, or that it is absent."""
    both = dict.fromkeys(POPULATION.shares, FEW_CLIPS)
    design = Design(n_listeners=FEW_LISTENERS, n_clips=both, trials=both)
    responses = simulate_study(np.random.default_rng(2018), POPULATION, design)
    start = spend()
    try:
        sample = draw(responses, "logit", 2018)
    except ToolMissingError:
        print("Bambi: not installed")
        return
    seconds, start = spend() - start, spend()
    for _ in range(REPEATS):
        fit_systems(responses)
    fitted = (spend() - start) / REPEATS
    what = f"Fitting a mixed model, {FEW_LISTENERS} listeners x {2 * FEW_CLIPS} clips"
    state_claim(what, seconds / fitted, "times as fast as Bambi samples it")
    print(f"Bambi: {seconds:.1f} s, ours {fitted:.3f} s; {sample.convergence}")


def spend() -> float:
    """Return the seconds of processor time that this process and its finished children have had."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def main() -> None:
    """Read the command line and print a table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    compare_sizes()
    compare_with_r()
    compare_with_bambi()


if __name__ == "__main__":
    main()
