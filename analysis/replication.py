"""Two studies of the same question side by side: how far their rates and d' lie apart, and how sure that is.

Both tables of judgments become one, a system of each study a system of its own, and the inference is the
report's: listeners and clips are samples (`analysis.clusters`). Where both studies played the same clips,
their chance is the same and not counted twice; else nothing is shared and the variances add up. A difference
between studies is B minus A.

That no difference is found says little about equality: `verdict` is that of two one-sided tests against the
declared bound (`analysis.equivalence`), for shares; d' and mean ratings have no bound.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import FloatArray, Rates, measure_rates
from analysis.detection import compute_d_prime
from analysis.equivalence import Equivalence, check_equivalence
from analysis.estimates import Estimate, estimate_function, estimate_rate, unit_gradient
from study_core.errors import ResponsesError
from study_core.types import HUMAN, HUMAN_SYSTEMS

FIRST, SECOND = "A", "B"
RATE, GAP, D_PRIME = "judged human", "difference to human", "d\u2032"
CORRECT = "human clip found"
MEAN, MEAN_GAP, SUPERIORITY = "mean rating", "mean rating less human's", "rated above a human clip"
SHARES, DIFFERENCES = (RATE, CORRECT, SUPERIORITY), (GAP,)
"""Quantities shown in percent, and in percentage points; the others are numbers."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A quantity of one system in both studies.

    Attributes
    ----------
    quantity
        Of single clips `RATE`, `GAP` (share judged human minus that of the human clips of the same study) and
        `D_PRIME`; of pairs `CORRECT` and `D_PRIME`; of ratings `MEAN`, `MEAN_GAP` and `SUPERIORITY`.
    difference
        Second minus first.
    equivalence
        Whether both are alike within the declared bound; None of d' and of means.
    """

    system: str
    quantity: str
    first: Estimate
    second: Estimate
    difference: Estimate
    equivalence: Equivalence | None


@dataclass(frozen=True, slots=True)
class Replication:
    """Two studies compared.

    Attributes
    ----------
    pairings
        The human clips' rate, then of each system that both have its rate, gap and d'.
    only_first, only_second
        Generators that one study alone has.
    n_shared_clips
        Clips that count as the same in both; None where the studies are said to have none in common.
    caution
        Why not to trust the comparison; empty where there is nothing.
    """

    pairings: tuple[Pairing, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    n_shared_clips: int | None
    caution: str = ""


def compare_studies(
    first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool, bound: float, level: float
) -> Replication:
    """Return two tables of kept judgments of single clips compared.

    Parameters
    ----------
    same_clips
        Whether a clip id stands for the same clip in both.

    Raises
    ------
    ResponsesError
        If the studies have no generator in common.
    """
    shared, only_first, only_second = find_common(first, second)
    rates = measure_rates(join_studies(first, second, same_clips=same_clips))
    pairings = [_pair(rates, HUMAN, RATE, bound, level)]
    pairings += [_pair(rates, name, what, bound, level) for name in shared for what in (RATE, GAP, D_PRIME)]
    common = set(first["clip_id"]) & set(second["clip_id"])
    return Replication(tuple(pairings), only_first, only_second, len(common) if same_clips else None)


def find_common(
    first: pd.DataFrame, second: pd.DataFrame
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the generators of both tables, of the first alone, and of the second alone.

    Raises
    ------
    ResponsesError
        If none is in both.
    """
    generators = [
        [name for name in sorted(table["system"].unique()) if name not in HUMAN_SYSTEMS]
        for table in (first, second)
    ]
    shared = tuple(name for name in generators[0] if name in generators[1])
    if not shared:
        raise ResponsesError(
            f"The studies have no generator in common: {FIRST} has {', '.join(generators[0])}, {SECOND} has "
            f"{', '.join(generators[1])}. Call the same one alike in both tables."
        )
    only_first, only_second = (tuple(name for name in names if name not in shared) for names in generators)
    return shared, only_first, only_second


def name_apart(
    first: pd.DataFrame, second: pd.DataFrame, clips: tuple[str, ...] = ("clip_id",)
) -> list[pd.DataFrame]:
    """Return the tables with ids of their own; of clips, those in the columns named.

    Listeners are always others, for their ids are random in each study.
    """
    return [
        table.assign(**{name: study + "/" + table[name].astype(str) for name in ("participant_id", *clips)})
        for study, table in ((FIRST, first), (SECOND, second))
    ]


def join_studies(first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool) -> pd.DataFrame:
    """Return one table, a system of each study a system of its own."""
    tables = name_apart(first, second, () if same_clips else ("clip_id",))
    return pd.concat(
        [
            table.assign(system=study + "/" + table["system"].astype(str))
            for study, table in zip((FIRST, SECOND), tables, strict=True)
        ],
        ignore_index=True,
    )


def _pair(rates: Rates, system: str, quantity: str, bound: float, level: float) -> Pairing:
    (a, slope_a), (b, slope_b) = (_locate(rates, study, system, quantity) for study in (FIRST, SECOND))
    difference = estimate_function(rates, b - a, slope_b - slope_a, level)
    if quantity == RATE:
        first, second = (estimate_rate(rates, f"{study}/{system}", level) for study in (FIRST, SECOND))
    else:
        first = estimate_function(rates, a, slope_a, level)
        second = estimate_function(rates, b, slope_b, level)
    equivalence = None if quantity == D_PRIME else check_equivalence(difference, bound, level)
    return Pairing(system, quantity, first, second, difference, equivalence)


def _locate(rates: Rates, study: str, system: str, quantity: str) -> tuple[float, FloatArray]:
    """Return a quantity of one study with its gradient over all shares, shape (S,)."""
    generated = unit_gradient(rates, f"{study}/{system}")
    if quantity == RATE:
        return float(generated @ rates.share), generated
    human = unit_gradient(rates, f"{study}/{HUMAN}")
    if quantity == GAP:
        return float((generated - human) @ rates.share), generated - human
    rows = [rates.index(f"{study}/{name}") for name in (HUMAN, system)]
    corrected = bool(np.isin(rates.share[rows], (0, 1)).any())
    value, _ = compute_d_prime(rates.n_judged_human[rows], rates.n_trials[rows], corrected=corrected)
    # dz(p)/dp = 1 / phi(z(p)); where a rate is 0 or 1 there is no interval, and its slope is never used.
    density = stats.norm.pdf(stats.norm.ppf(rates.share[rows]))
    slopes = 1 / np.where(density > 0, density, 1.0)
    return value, human * slopes[0] - generated * slopes[1]
