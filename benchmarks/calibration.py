"""Whether intervals cover the truth and tests keep their rate: simulated studies, the naive line beside.

    python benchmarks/calibration.py                 # 1,000 studies per scenario, all cores, some minutes
    python benchmarks/calibration.py --studies 10000 --no-mixed --seed 2027
    python benchmarks/calibration.py --studies 10000 --asked pairs --seed 2027
    python benchmarks/calibration.py --studies 10000 --asked ratings --seed 2027

Every scenario has human clips and clips of one generator. Shares and SDs (of listeners' lean, of their
sensitivity, and of clips) are on the logit scale; with effect, generated clips are judged human less often by
one unit of it. "primary" is the two-way line of the report, "mixed" the mixed model, "listeners" the variance
that takes the clips for the only ones there are, "naive" independent judgments (chi-squared, Wilson).

Pairs and ratings from 1 to 5 follow the probit model, with SDs and effect divided by 1.7. Of pairs, the share
correct takes the place of the rate (without effect, its misses are the false positives) and d' that of the
difference; of ratings, the generated clips' mean and its difference to the human ones'.
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from collections.abc import Mapping
from functools import partial
from itertools import islice, product

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import measure_means, measure_rates
from analysis.estimates import Estimate, estimate_function, unit_gradient
from analysis.fooling import estimate_fooling
from analysis.hierarchical import estimate_difference, estimate_probability, fit_systems
from analysis.link import integrate_link
from analysis.pairs import estimate_pairs
from analysis.simulation import Design, Population, simulate_study
from study_core.parallel import map_ordered

LEVEL = 0.95
EFFECT = 1.0
SEED = 7
SYSTEMS = ("human", "gan")
PROBIT = 1.7
"""So many logits make a probit."""
CUTS = np.array([-1.2, -0.4, 0.4, 1.2])
"""Between the ratings 1 to 5."""

Sds = tuple[float, float, float]
Outcome = tuple[Estimate | None, Estimate]
"""A rate and a difference, or what takes their places."""


def describe(listeners: int, clips: int, trials: int, sds: Sds) -> tuple[Design, Sds]:
    """Return a design with so many clips and trials of each of two systems, and the SDs."""
    both = dict.fromkeys
    return Design(n_listeners=listeners, n_clips=both(SYSTEMS, clips), trials=both(SYSTEMS, trials)), sds


SCENARIOS = {
    "complete: 30 hear all of 10 + 10": describe(30, 10, 10, (0.7, 0.7, 0.7)),
    "planned-missing: 60 hear 5 + 5 of 52 + 52": describe(60, 52, 5, (0.3, 0.7, 0.65)),
    "planned-missing: 40 hear 10 + 10 of 40 + 40": describe(40, 40, 10, (0.5, 0.5, 0.7)),
    "planned-missing: 300 hear 10 + 10 of 40 + 40": describe(300, 40, 10, (0.5, 0.5, 0.7)),
    "small: 12 hear 4 + 4 of 8 + 8": describe(12, 8, 4, (0.5, 0.5, 0.7)),
}


def make_population(effect: float, sds: Sds) -> Population:
    """Return the population whose systems lie an effect apart, around even, for the average listener."""
    sd = float(np.linalg.norm([sds[0], sds[1] / 2, sds[2]]))
    human, gan = (integrate_link("logit", side * effect, sd)[0] for side in (0.5, -0.5))
    shares = {"human": human, "gan": gan}
    return Population(shares=shares, sd_lean=sds[0], sd_sensitivity=sds[1], sd_clip=sds[2])


def judge_study(study: tuple[str, float, int], *, asked: str, base: int, mixed: bool) -> dict[str, float]:
    """Return whether each line's intervals miss the truth in one study: scenario, effect, seed."""
    name, effect, seed = study
    rng = np.random.default_rng([base, seed])
    if asked == "yes_no":
        rows, truth = judge_words(rng, *SCENARIOS[name], effect, mixed=mixed)
    else:
        rows, truth = (judge_pairs if asked == "pairs" else judge_ratings)(rng, *SCENARIOS[name], effect)
    return {
        f"{line} {what}": float(miss(estimate, target))
        for line, estimates in rows.items()
        for what, estimate, target in zip(("rate", "difference"), estimates, truth, strict=True)
        if estimate is not None
    }


def judge_words(
    rng: np.random.Generator, design: Design, sds: Sds, effect: float, *, mixed: bool
) -> tuple[Mapping[str, Outcome], tuple[float, float]]:
    """Return every line's rate and difference of one study, and the true ones."""
    population = make_population(effect, sds)
    table = simulate_study(rng, population, design)
    _, gan = estimate_fooling(rates := measure_rates(table), LEVEL)
    rows: dict[str, Outcome] = {
        "primary": (gan.rate, gan.difference),
        "naive": (naive(gan.rate), naive(gan.difference)),
    }
    gradient = unit_gradient(rates, "gan") - unit_gradient(rates, "human")
    half = stats.t.ppf(0.975, design.n_listeners - 1) * rates.listener_variance(gradient) ** 0.5
    rows["listeners"] = (None, around(gan.difference.value, half))
    if mixed:
        rows["mixed"] = fit_mixed(table)
    shares = population.shares
    return rows, (shares["gan"], shares["gan"] - shares["human"])


def judge_pairs(
    rng: np.random.Generator, design: Design, sds: Sds, effect: float
) -> tuple[Mapping[str, Outcome], tuple[float, float]]:
    """Return the share correct and d' of one study of pairs, and the true ones."""
    sd_lean, sd_sensitivity, sd_clip = np.array(sds) / PROBIT
    listeners, trials = design.n_listeners, design.trials["gan"]
    who = np.repeat(np.arange(listeners), trials)
    human, gan = (
        np.argsort(rng.random((listeners, design.n_clips[name])), axis=1)[:, :trials].ravel()
        for name in SYSTEMS
    )
    side = rng.choice([-1, 1], who.size)
    better = effect / PROBIT + rng.normal(0, sd_sensitivity, listeners)[who]
    better += rng.normal(0, sd_clip, design.n_clips["human"])[human]
    better -= rng.normal(0, sd_clip, design.n_clips["gan"])[gan]
    evidence = side * better + rng.normal(0, sd_lean, listeners)[who] + rng.normal(0, 2**0.5, who.size)
    table = pd.DataFrame({"participant_id": who, "clip_id": gan, "system": "gan", "human_clip_id": human})
    table = table.assign(chose_first=evidence > 0, judged_human=(evidence > 0) != (side > 0)).astype(
        {"chose_first": int, "judged_human": int}
    )
    (pair,) = estimate_pairs(table, LEVEL)
    z = effect / PROBIT / np.linalg.norm([2**0.5, sd_sensitivity, sd_lean, sd_clip, sd_clip])
    rows = {"primary": (pair.correct, pair.d_prime), "naive": (naive(pair.correct), naive(pair.d_prime))}
    return rows, (float(stats.norm.cdf(z)), float(2**0.5 * z))


def judge_ratings(
    rng: np.random.Generator, design: Design, sds: Sds, effect: float
) -> tuple[Mapping[str, Outcome], tuple[float, float]]:
    """Return the generated clips' mean rating and its difference to the human ones', and the true ones."""
    sd_lean, sd_sensitivity, sd_clip = np.array(sds) / PROBIT
    spread = np.linalg.norm([1, sd_lean, sd_sensitivity / 2, sd_clip])
    means = {name: side * effect / PROBIT for name, side in zip(SYSTEMS, (0.5, -0.5), strict=True)}
    rating, table = 1, pd.DataFrame()
    for cut in CUTS:  # the same listeners, clips and noise at every cut
        shifted = {name: float(stats.norm.cdf((mean - cut) / spread)) for name, mean in means.items()}
        sd = {"sd_lean": sd_lean, "sd_sensitivity": sd_sensitivity, "sd_clip": sd_clip}
        population = Population(shares=shifted, link="probit", **sd)
        table = simulate_study(np.random.default_rng(rng.bit_generator.seed_seq), population, design)
        rating = rating + table["judged_human"]
    found = measure_means(table, np.asarray(rating, np.float64))
    gan, human = (unit_gradient(found, name) for name in ("gan", "human"))
    mean, difference = (
        estimate_function(found, float(g @ found.share), g, LEVEL) for g in (gan, gan - human)
    )
    truth = {name: 1 + float(stats.norm.cdf((at - CUTS) / spread).sum()) for name, at in means.items()}
    rows = {"primary": (mean, difference), "naive": (naive(mean), naive(difference))}
    return rows, (truth["gan"], truth["gan"] - truth["human"])


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


def miss(estimate: Estimate, truth: float) -> float:
    """Return 1 where an interval does not cover the truth, 0 where it does, NaN where there is none."""
    if estimate.low is None or estimate.high is None:
        return float("nan")
    return float(not estimate.low <= truth <= estimate.high)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--asked", choices=["yes_no", "pairs", "ratings"], default="yes_no")
    parser.add_argument("--no-mixed", dest="mixed", action="store_false", help="leave the mixed model out")
    options = parser.parse_args()
    error = 100 * (0.05 * 0.95 / options.studies) ** 0.5
    print(
        f"Intervals of 95 % that miss the truth, in percent of {options.studies} studies (5.0 +-{error:.1f})."
    )
    print("Without effect, misses of the difference are false positives.")
    studies = list(product(SCENARIOS, (0.0, EFFECT), range(options.studies)))
    judge = partial(judge_study, asked=options.asked, base=options.seed, mixed=options.mixed)
    found = map_ordered(judge, studies)
    for name, effect in product(SCENARIOS, (0.0, EFFECT)):
        missed = pd.DataFrame(list(islice(found, options.studies)))
        misses = 100 * missed.mean()
        lines = {what: misses.filter(like=f" {what}") for what in ("rate", "difference")}
        table = pd.DataFrame({what: line.rename(lambda key: key.split()[0]) for what, line in lines.items()})
        print(f"\n{name}, {'with' if effect else 'without'} effect")
        print(table.round(1).to_string(na_rep=""))
        none = 100 * missed.isna().to_numpy().max(axis=1).mean()
        print(f"without an interval: {none:.1f} %" if none else "", flush=True)


if __name__ == "__main__":
    main()
