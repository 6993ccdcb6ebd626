"""Whether intervals cover the truth and tests keep their rate: simulated studies, the naive line beside.

    python benchmarks/calibration.py                 # 1,000 studies per scenario, all cores, some minutes
    python benchmarks/calibration.py --studies 200 --no-mixed

Every scenario has human clips and clips of one generator. Shares and SDs (of listeners' lean, of their
sensitivity, and of clips) are on the logit scale; with effect, generated clips are judged human less often by
one unit of it. "primary" is the two-way line of the report, "mixed" the mixed model, "listeners" the variance
that takes the clips for the only ones there are, "naive" independent judgments (chi-squared, Wilson).
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial
from itertools import islice, product

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import measure_rates
from analysis.estimates import Estimate, unit_gradient
from analysis.fooling import estimate_fooling
from analysis.hierarchical import estimate_difference, estimate_probability, fit_systems
from analysis.link import integrate_link
from analysis.simulation import Design, Population, simulate_study
from study_core.parallel import map_ordered

LEVEL = 0.95
EFFECT = 1.0
SEED = 7
SYSTEMS = ("human", "gan")


Sds = tuple[float, float, float]


def describe(listeners: int, clips: int, trials: int, sds: Sds) -> tuple[Design, Sds]:
    """Return a design with so many clips and trials of each of two systems, and the SDs."""
    both = dict.fromkeys
    return Design(n_listeners=listeners, n_clips=both(SYSTEMS, clips), trials=both(SYSTEMS, trials)), sds


SCENARIOS = {
    "complete: 30 hear all of 10 + 10": describe(30, 10, 10, (0.7, 0.7, 0.7)),
    "planned-missing: 60 hear 5 + 5 of 52 + 52": describe(60, 52, 5, (0.3, 0.7, 0.65)),
    "planned-missing: 40 hear 10 + 10 of 40 + 40": describe(40, 40, 10, (0.5, 0.5, 0.7)),
    "planned-missing: 300 hear 10 + 10 of 40 + 40": describe(300, 40, 10, (0.5, 0.5, 0.7)),
}


def make_population(effect: float, sds: Sds) -> Population:
    """Return the population whose systems lie an effect apart, around even, for the average listener."""
    sd = float(np.linalg.norm([sds[0], sds[1] / 2, sds[2]]))
    human, gan = (integrate_link("logit", side * effect, sd)[0] for side in (0.5, -0.5))
    shares = {"human": human, "gan": gan}
    return Population(shares=shares, sd_lean=sds[0], sd_sensitivity=sds[1], sd_clip=sds[2])


def judge_study(study: tuple[str, float, int], *, mixed: bool) -> dict[str, float]:
    """Return whether each line's intervals miss the truth in one study: scenario, effect, seed."""
    name, effect, seed = study
    design, sds = SCENARIOS[name]
    population = make_population(effect, sds)
    table = simulate_study(np.random.default_rng([SEED, seed]), population, design)
    truth = population.shares["gan"] - population.shares["human"]
    _, gan = estimate_fooling(rates := measure_rates(table), LEVEL)
    rows = {"primary": (gan.rate, gan.difference), "naive": (naive(gan.rate), naive(gan.difference))}
    gradient = unit_gradient(rates, "gan") - unit_gradient(rates, "human")
    half = stats.t.ppf(0.975, design.n_listeners - 1) * rates.listener_variance(gradient) ** 0.5
    rows["listeners"] = (None, around(gan.difference.value, half))
    if mixed:
        rows["mixed"] = fit_mixed(table)
    return {
        f"{line} {what}": float(miss(estimate, target))
        for line, (rate, difference) in rows.items()
        for what, estimate, target in (
            ("rate", rate, population.shares["gan"]),
            ("difference", difference, truth),
        )
        if estimate is not None
    }


def fit_mixed(table: pd.DataFrame) -> tuple[Estimate, Estimate]:
    """Return the mixed model's rate and difference."""
    model = fit_systems(table)
    return (
        estimate_probability(model, {"gan": 1}, LEVEL),
        estimate_difference(model, {"gan": 1}, {"human": 1}, LEVEL),
    )


def naive(estimate: Estimate) -> Estimate:
    """Return the estimate with the interval of independent judgments."""
    return Estimate(value=estimate.value, low=estimate.naive_low, high=estimate.naive_high)


def around(value: float, half: float) -> Estimate:
    """Return an estimate with a symmetric interval."""
    return Estimate(value=value, low=value - half, high=value + half)


def miss(estimate: Estimate, truth: float) -> bool:
    """Tell whether an interval does not cover the truth."""
    return not estimate.low <= truth <= estimate.high


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--no-mixed", dest="mixed", action="store_false", help="leave the mixed model out")
    options = parser.parse_args()
    error = 100 * (0.05 * 0.95 / options.studies) ** 0.5
    print(
        f"Intervals of 95 % that miss the truth, in percent of {options.studies} studies (5.0 +-{error:.1f})."
    )
    print("Without effect, misses of the difference are false positives.")
    studies = list(product(SCENARIOS, (0.0, EFFECT), range(options.studies)))
    found = map_ordered(partial(judge_study, mixed=options.mixed), studies)
    for name, effect in product(SCENARIOS, (0.0, EFFECT)):
        misses = 100 * pd.DataFrame(list(islice(found, options.studies))).mean()
        lines = {what: misses.filter(like=f" {what}") for what in ("rate", "difference")}
        table = pd.DataFrame({what: line.rename(lambda key: key.split()[0]) for what, line in lines.items()})
        print(f"\n{name}, {'with' if effect else 'without'} effect")
        print(table.round(1).to_string(na_rep=""), flush=True)


if __name__ == "__main__":
    main()
