"""Whether reports find a difference as often as `study power` promises, in studies that it did not simulate.

    python benchmarks/promised_power.py                 # 1,000 studies per paradigm and truth, all cores

The promise is `analysis.power.simulate_grid` of a study with one generator: 40 listeners, 5 trials of each
system, of 40 clips each. The studies are those of the bots (`study_server.listeners`), who share no code with
it: signal detection, one listener and clip at a time. Each is decided by what the report says of its
generator, "told apart" or not: of single clips `estimate_fooling`, of pairs and ratings the verdict of the
declared claim. The first studies go through the whole analysis too, to see that it says the same.
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from analysis.answers import HUMAN_CLIP
from analysis.clusters import measure_rates
from analysis.equivalence import Verdict, check_equivalence
from analysis.estimates import Estimate
from analysis.findings import study_responses
from analysis.fooling import estimate_fooling
from analysis.pairs import estimate_pairs
from analysis.paradigms import study_pairs, study_ratings
from analysis.planning import HUMAN_SHARE, PROBIT, SD_CLIP, SD_LEAN, SD_SENSITIVITY, Plan, read_plan
from analysis.power import run_batches, simulate_grid
from analysis.ratings import estimate_ratings
from analysis.responses import Responses
from study_core.config import Config
from study_core.parallel import map_ordered
from study_server.listeners import Listener, Skill

PARADIGMS = ("yes_no", "two_afc", "rating")
READ_AS = {"yes_no": "yes_no", "two_afc": "pairs", "rating": "ratings"}
LISTENERS, CLIPS, TRIALS, LEVELS = 40, 40, 5, 5
DIFFERENT = (Verdict.DIFFERENT, Verdict.DIFFERENT_WITHIN_BOUND)
WHOLE = 3
"""So many studies of each go through the whole analysis too."""
NO_MODEL = "not asked for here"


def describe_study(paradigm: str) -> Config:
    """Return the config of the study."""
    return Config.model_validate(
        {
            "clips": {"systems": ["gan"], "per_system": CLIPS},
            "trials": {"paradigm": paradigm, "per_participant": {"human": TRIALS, "gan": TRIALS}},
            "recruitment": {"target_participants": LISTENERS},
        }
    )


def find_skill(plan: Plan, effect: float) -> Skill:
    """Return the bots' skill with which the generator differs by that much from human clips."""
    criterion, d_prime = 0.0, 2**0.5 * float(norm.ppf(0.5 + effect / 2))
    if plan.paradigm == "yes_no":
        human, generated = norm.ppf([HUMAN_SHARE, HUMAN_SHARE - effect])
        criterion, d_prime = float(human + generated) / 2, float(human - generated)
    if plan.paradigm == "rating":
        d_prime = brentq(lambda d: compute_chance(d) - 0.5 - effect / 2, 0, 9)
    sds = {"bias_sd": SD_LEAN, "sensitivity_sd": SD_SENSITIVITY, "clip_sd": SD_CLIP}
    return Skill(
        dprime=d_prime, criterion=criterion, **{name: float(sd / PROBIT) for name, sd in sds.items()}
    )


def compute_chance(d_prime: float) -> float:
    """Return how often bots with that d' rate a human clip above a generated one, half of ties included."""
    ends = norm.ppf(np.linspace(0, 1, LEVELS + 1))
    human, generated = (np.diff(norm.cdf(ends - side * d_prime / 2)) for side in (1, -1))
    return float(human @ (np.cumsum(generated) - generated / 2))


def hold_study(skill: Skill, config: Config, seed: int) -> pd.DataFrame:
    """Return the judgments of one study of bots, in the columns of the analysis."""
    rng = np.random.default_rng([2027, seed])
    rows = []
    for index in range(LISTENERS):
        listener = Listener(skill, seed, index, config.trials)
        human, gan = (
            [f"{name}-{clip}" for clip in rng.permutation(CLIPS)[:TRIALS]] for name in ("human", "gan")
        )
        rows += [
            {"participant_id": index, **row} for row in ask(listener, human, gan, rng, config.trials.paradigm)
        ]
    return pd.DataFrame(rows)


def ask(
    listener: Listener, human: list[str], gan: list[str], rng: np.random.Generator, paradigm: str
) -> list[dict[str, object]]:
    """Return the answers of one bot."""
    if paradigm == "two_afc":
        return [
            choose(listener, *pair, is_human_first=bool(rng.random() < 0.5))  # noqa: PLR2004 (a fair coin)
            for pair in zip(human, gan, strict=True)
        ]
    rows: list[dict[str, object]] = []
    for clip in rng.permutation([*human, *gan]):
        system = str(clip).split("-")[0]
        told = {"clip_id": str(clip), "system": system}
        if paradigm == "rating":
            told["rating"] = listener.rate(str(clip), is_generated=system == "gan")
        else:
            told["judged_human"] = int(listener.respond(str(clip), is_generated=system == "gan").judged_human)
        rows.append(told)
    return rows


def choose(listener: Listener, human: str, gan: str, *, is_human_first: bool) -> dict[str, object]:
    """Return a bot's answer to a pair."""
    first, second = (human, gan) if is_human_first else (gan, human)
    chose_first = listener.choose(first, second, is_first_generated=not is_human_first).judged_human
    wrong = int(chose_first != is_human_first)
    told = {"clip_id": gan, "system": "gan", HUMAN_CLIP: human}
    return {**told, "chose_first": int(chose_first), "judged_human": wrong}


def decide(table: pd.DataFrame, config: Config) -> bool:
    """Tell whether the report would say that listeners told the generator from human music."""
    level = config.analysis.confidence_level
    if config.trials.paradigm == "yes_no":
        return bool(estimate_fooling(measure_rates(table), level)[1].difference.excludes_zero)
    if config.trials.paradigm == "two_afc":
        share: Estimate = estimate_pairs(table, level)[0].correct
    else:
        share = estimate_ratings(table, level, NO_MODEL)[1].superiority
    bound = config.analysis.equivalence_bound / 2
    return check_equivalence(share, bound, level, center=0.5).verdict in DIFFERENT


def decide_by_report(table: pd.DataFrame, config: Config) -> bool:
    """Tell the same out of the whole analysis."""
    paradigm = config.trials.paradigm
    responses = Responses(table, "bots", "", {}, READ_AS[paradigm])
    if paradigm == "yes_no":
        (one,) = study_responses(responses, config.analysis).findings.generators
        return bool(one.fooling.difference.excludes_zero)
    study = (study_pairs if paradigm == "two_afc" else study_ratings)(responses, config.analysis)
    declared = next(claim for claim in study.findings.claims if claim.name == "declared")
    return declared.test.verdict in DIFFERENT


def run_study(study: tuple[str, bool, int]) -> bool:
    """Hold and decide one study: paradigm, whether there is an effect, seed."""
    paradigm, has_effect, seed = study
    config = describe_study(paradigm)
    plan = read_plan(config)
    table = hold_study(find_skill(plan, plan.effect if has_effect else 0.0), config, seed)
    found = decide(table, config)
    if seed < WHOLE and decide_by_report(table, config) != found:
        raise SystemExit(f"{paradigm}, study {seed}: the whole report decides otherwise.")
    return found


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    error = 100 * (2 * 0.25 / options.studies) ** 0.5
    print(
        f"{options.studies} studies each: by chance promised and found differ by up to {2 * error:.1f} points"
    )
    for paradigm in PARADIGMS:
        plan = read_plan(describe_study(paradigm))
        run = partial(run_batches, workers=options.workers)
        promised = simulate_grid(plan, [LISTENERS], [CLIPS], options.studies, run).iloc[0]
        studies = list(product([paradigm], [False, True], range(options.studies)))
        found = np.array(list(map_ordered(run_study, studies, workers=options.workers)), float)
        null, power = 100 * found.reshape(2, -1).mean(axis=1)
        print(
            f"{paradigm:8} power: promised {100 * promised['power']:.1f} %, found {power:.1f} %; "
            f"false positives: promised {100 * promised['false_positives']:.1f} %, found {null:.1f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
