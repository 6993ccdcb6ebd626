"""Whether listeners of known d', bias and slopes come out of the analysis as they went in.

    python benchmarks/recovery.py                 # 200 studies, all cores, a few minutes
    python benchmarks/recovery.py --studies 40 --listeners 60

Listeners decide as signal-detection theory has it: "computer" where d'_j x + clip + noise exceeds c_j, x
being +1/2 of a generated and -1/2 of a human clip, and d'_j, c_j and clip normal. The table has the share of
studies in which the report's interval covers the truth. Marginal values are averaged over listeners and
clips, hierarchical ones are those of the average listener and clip. The SDs have no interval: their mean
estimate stands beside the truth, and a maximum-likelihood SD is a little too small.
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import measure_rates
from analysis.detection import estimate_detection
from analysis.estimates import Estimate
from analysis.fooling import estimate_fooling
from analysis.hierarchical import fit_detection
from analysis.simulation import Design, Population, simulate_study
from study_core.parallel import map_ordered

LEVEL = 0.95
SEED = 11
D_PRIME, CRITERION = 0.8, 0.2
"""Of the average listener and clip; c above 0 leans to "human"."""
SD_CRITERION, SD_D_PRIME, SD_CLIP = 0.3, 0.6, 0.4
SPREAD = float(np.linalg.norm([1, SD_CRITERION, SD_D_PRIME / 2, SD_CLIP]))
"""SD of a decision over listeners, clips and noise: marginal values are conditional ones divided by it."""
Z = {"human": (CRITERION + D_PRIME / 2) / SPREAD, "gan": (CRITERION - D_PRIME / 2) / SPREAD}
SHARES = {system: float(stats.norm.cdf(z)) for system, z in Z.items()}
TRUTH = {
    "fooling rate": SHARES["gan"],
    "human clips judged human": SHARES["human"],
    "difference of rates": SHARES["gan"] - SHARES["human"],
    "d', marginal": D_PRIME / SPREAD,
    "c, marginal": CRITERION / SPREAD,
    "d', hierarchical": D_PRIME,
    "c, hierarchical": CRITERION,
    "SD of c": SD_CRITERION,
    "SD of d'": SD_D_PRIME,
    "SD of clips": SD_CLIP,
}


def recover(study: int, *, listeners: int) -> dict[str, Estimate]:
    """Return the estimates of one simulated study."""
    population = Population(
        shares=SHARES, sd_lean=SD_CRITERION, sd_sensitivity=SD_D_PRIME, sd_clip=SD_CLIP, link="probit"
    )
    both = dict.fromkeys(SHARES, 10)
    design = Design(n_listeners=listeners, n_clips=dict.fromkeys(SHARES, 40), trials=both)
    table = simulate_study(np.random.default_rng([SEED, study]), population, design)
    rates = measure_rates(table)
    human, gan = estimate_fooling(rates, LEVEL)
    marginal, average = estimate_detection(rates, "gan", LEVEL), fit_detection(table, LEVEL)
    sd_criterion, sd_d_prime = map(float, average.model.listener_sd)
    sds = (sd_criterion, sd_d_prime, average.model.clip_sd)
    estimates = (
        *(gan.rate, human.rate, gan.difference),
        *(marginal.d_prime, marginal.criterion, average.d_prime, average.criterion),
        *(Estimate(value=sd) for sd in sds),
    )
    return dict(zip(TRUTH, estimates, strict=True))


def tabulate(found: list[dict[str, Estimate]]) -> pd.DataFrame:
    """Return truth, mean estimate and share of intervals that cover, a row per quantity."""
    rows = []
    for name, truth in TRUTH.items():
        estimates = [one[name] for one in found]
        known = [one for one in estimates if one.low is not None]
        covering = 100 * np.mean([one.low <= truth <= one.high for one in known]) if known else np.nan
        rows.append((name, truth, np.mean([one.value for one in estimates]), covering))
    return pd.DataFrame(rows, columns=["quantity", "truth", "mean estimate", "% covering"])


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--listeners", type=int, default=120)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    studies = range(options.studies)
    run = partial(recover, listeners=options.listeners)
    found = list(map_ordered(run, studies, workers=options.workers))
    error = 100 * (LEVEL * (1 - LEVEL) / options.studies) ** 0.5
    print(f"{options.studies} studies of {options.listeners} listeners, 10 + 10 of 40 + 40 clips each;")
    print(f"{100 * LEVEL:.0f} % intervals, +-{error:.1f} by chance")
    print(tabulate(found).round(3).to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
