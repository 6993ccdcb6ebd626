"""What a planned study would find: simulated studies for every number of listeners and clips.

Each simulated study is analyzed by the primary line of its report (`analysis.power_lines`). Where a generator
is equal to human music, the share of studies that find a difference is the false-positive rate, and the share
that pass the equivalence test its success; where it differs by the stated effect, the share that find it is
the power. Other generators of the study do not enter: what decides depends on the judgments of one generator
and the human clips only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from analysis.estimates import MINIMUM_CLUSTERS
from analysis.planning import Plan
from analysis.power_lines import LINES
from analysis.sequential import SPENDING, find_boundaries
from study_core.errors import StudyError
from study_core.parallel import map_ordered
from study_core.seeds import random_generator

ONE_LOOK, UNCORRECTED = "one look", "no boundary"
"""Beside the boundaries: a single test at the end, and a test at full alpha at every look."""
BATCH = 25
"""Studies that a worker simulates at a time."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some studies of one plan and one truth, looked at after so many listeners each."""

    plan: Plan
    effect: float
    looks: tuple[int, ...]
    studies: range


Run = Callable[[list[Batch]], Iterator[pd.DataFrame]]
"""How batches are run; `run_batches` with its options filled in."""


def simulate_grid(
    plan: Plan, listeners: Sequence[int], clips: Sequence[int], studies: int, run: Run | None = None
) -> pd.DataFrame:
    """Return what every number of listeners and clips would find.

    Columns: `listeners`, `clips` (of each system), `false_positives` and `naive_false_positives` (judgments
    as independent), `power`, `half_width` (mean, of the interval of what decides, with effect),
    `equivalence` (success where there is no difference).
    """
    sizes = list(product(listeners, clips))
    batches = [batch for size in sizes for batch in list_batches(plan.resize(*size), studies)]
    outcomes = pd.concat((run or run_batches)(batches), ignore_index=True)
    return pd.DataFrame(
        [
            {"listeners": n, "clips": c}
            | _summarize(outcomes[(outcomes["listeners"] == n) & (outcomes["clips"] == c)])
            for n, c in sizes
        ]
    )


def simulate_looks(plan: Plan, looks: int, studies: int, run: Run | None = None) -> pd.DataFrame:
    """Return what the planned study would find with one look, and with several under each boundary.

    Columns: `boundary`, `looks`, `listeners` and `thresholds` (of p) at each look, `false_positives`,
    `power`, `mean_listeners` (with effect, until the study stops), `half_width` and `equivalence` (of the
    complete study).

    Raises
    ------
    StudyError
        If there are too few listeners, or clips, for so many looks.
    """
    at = tuple(round(plan.listeners * (i + 1) / looks) for i in range(looks))
    if at[0] < MINIMUM_CLUSTERS or len(set(at)) < looks:
        raise StudyError(
            f"{looks} looks at {plan.listeners} listeners are too many: at the first there are {at[0]}. "
            "Lower --looks, or raise recruitment.target_participants."
        )
    outcomes = pd.concat((run or run_batches)(list_batches(plan, studies, at)), ignore_index=True)
    variance = outcomes[outcomes["effect"] == 0].groupby("look")["variance"].mean()
    shares, alpha = [float(variance[plan.listeners] / variance[n]) for n in at], 1 - plan.level
    thresholds = {ONE_LOOK: [0.0] * (looks - 1) + [alpha], UNCORRECTED: [alpha] * looks} | {
        name: [float(2 * stats.norm.sf(z)) for z in find_boundaries(shares, alpha, name)] for name in SPENDING
    }
    complete = _summarize(outcomes[outcomes["look"] == plan.listeners])
    whole = {name: complete[name] for name in ("half_width", "equivalence")}
    return pd.DataFrame(
        [
            {"boundary": name, "looks": looks} | _stop(outcomes, at, ps) | whole
            for name, ps in thresholds.items()
        ]
    )


def _stop(outcomes: pd.DataFrame, at: tuple[int, ...], thresholds: list[float]) -> dict[str, object]:
    """Return how often a boundary is crossed without and with effect, and when."""
    crossed = {
        is_null: rows.pivot_table(index="study", columns="look", values="p")[list(at)].lt(thresholds)
        for is_null, rows in outcomes.groupby(outcomes["effect"] == 0)
    }
    stopped = crossed[False].to_numpy()
    ends = np.where(stopped.any(axis=1), stopped.argmax(axis=1), len(at) - 1)
    return {
        "listeners": list(at),
        "thresholds": thresholds,
        "false_positives": float(crossed[True].any(axis=1).mean()),
        "power": float(stopped.any(axis=1).mean()),
        "mean_listeners": float(np.array(at)[ends].mean()),
    }


def list_batches(plan: Plan, studies: int, looks: tuple[int, ...] = ()) -> list[Batch]:
    """Return the work of so many studies without and with effect, a look at the end of each by default."""
    starts = range(0, studies, BATCH)
    return [
        Batch(plan, effect, looks or (plan.listeners,), range(start, min(start + BATCH, studies)))
        for effect in (0.0, plan.effect)
        for start in starts
    ]


def run_batches(
    batches: list[Batch],
    *,
    workers: int | None = None,
    cluster: str | None = None,
    on_progress: Callable[[], object] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the outcomes of every batch, over all cores or a Dask cluster."""
    return map_ordered(judge_batch, batches, workers=workers, cluster=cluster, on_progress=on_progress)


def judge_batch(batch: Batch) -> pd.DataFrame:
    """Return a row per study and look: what an analysis then would have found of the difference.

    Columns: `listeners`, `clips`, `effect`, `study`, `look` (listeners by then), `p` (1 where there is no
    interval), `found_naive`, `variance`, `half_width`, `passed` (the equivalence test),
    `significant`.
    """
    plan = batch.plan
    draw = LINES[plan.paradigm].prepare(plan, batch.effect)
    # Not of the looks: the planned study's last one is then the same studies as its place in a grid.
    purpose = ("power", plan.listeners, plan.clips, f"{batch.effect:.6f}")
    rows = []
    for study in batch.studies:
        found = partial(_look, draw(random_generator(plan.seed, *purpose, study)), plan)
        rows += [{"study": study, "look": look} | found(look) for look in batch.looks]
    return pd.DataFrame(rows).assign(listeners=plan.listeners, clips=plan.clips, effect=batch.effect)


def _look(table: pd.DataFrame, plan: Plan, listeners: int) -> dict[str, float]:
    line = LINES[plan.paradigm]
    kept = table if listeners == plan.listeners else table[table["participant_id"] < listeners]
    found = line.estimate(kept, plan.level)
    test = line.test_equality(found, plan)
    return {
        "p": line.measure_p(found, kept),
        "found_naive": _misses(found.naive_low, line.center, found.naive_high),
        "variance": (found.standard_error or np.nan) ** 2,
        "half_width": np.nan if found.low is None or found.high is None else (found.high - found.low) / 2,
        "passed": float(test.p is not None and test.p < 1 - plan.level),
        "significant": _misses(found.low, line.center, found.high),
    }


def _misses(low: float | None, value: float, high: float | None) -> float:
    """Return 1 where there is an interval and the value lies outside, else 0."""
    return float(low is not None and high is not None and not low <= value <= high)


def _summarize(outcomes: pd.DataFrame) -> dict[str, float]:
    null, other = outcomes[outcomes["effect"] == 0], outcomes[outcomes["effect"] != 0]
    return {
        "false_positives": float(null["significant"].mean()),
        "naive_false_positives": float(null["found_naive"].mean()),
        "power": float(other["significant"].mean()),
        "half_width": float(other["half_width"].mean()),
        "equivalence": float(null["passed"].mean()),
    }
