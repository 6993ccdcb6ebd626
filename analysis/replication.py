"""Two studies of the same question side by side: how far their rates and d' lie apart, and how sure that is.

Both tables of judgments become one, a system of each study a system of its own, and the inference is the
report's: listeners and clips are samples (`analysis.clusters`). Where both studies played the same clips,
their chance is the same and not counted twice; else nothing is shared and the variances add up. A difference
between studies is B minus A.

That no difference is found says little about equality: `verdict` is that of two one-sided tests against the
declared bound (`analysis.equivalence`), for shares; d' has no bound.
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


@dataclass(frozen=True, slots=True)
class Pairing:
    """A quantity of one system in both studies.

    Attributes
    ----------
    quantity
        `RATE`, `GAP` (share judged human minus that of the human clips of the same study) or `D_PRIME`.
    difference
        Second minus first.
    equivalence
        Whether both are alike within the declared bound; None of d'.
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
    """

    pairings: tuple[Pairing, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    n_shared_clips: int | None


def compare_studies(
    first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool, bound: float, level: float
) -> Replication:
    """Return two tables of kept judgments compared.

    Parameters
    ----------
    same_clips
        Whether a clip id stands for the same clip in both.

    Raises
    ------
    ResponsesError
        If the studies have no generator in common.
    """
    generators = [
        [name for name in sorted(table["system"].unique()) if name not in HUMAN_SYSTEMS]
        for table in (first, second)
    ]
    shared = [name for name in generators[0] if name in generators[1]]
    if not shared:
        raise ResponsesError(
            f"The studies have no generator in common: {FIRST} has {', '.join(generators[0])}, {SECOND} has "
            f"{', '.join(generators[1])}. Call the same one alike in both tables."
        )
    rates = measure_rates(_join(first, second, same_clips=same_clips))
    pairings = [_pair(rates, HUMAN, RATE, bound, level)]
    pairings += [_pair(rates, name, what, bound, level) for name in shared for what in (RATE, GAP, D_PRIME)]
    common = set(first["clip_id"]) & set(second["clip_id"])
    return Replication(
        tuple(pairings),
        tuple(name for name in generators[0] if name not in shared),
        tuple(name for name in generators[1] if name not in shared),
        len(common) if same_clips else None,
    )


def _join(first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool) -> pd.DataFrame:
    """Return one table; listeners are always others, for their ids are random in each study."""
    tables = []
    for study, table in ((FIRST, first), (SECOND, second)):
        named = table.assign(
            system=study + "/" + table["system"].astype(str),
            participant_id=study + "/" + table["participant_id"].astype(str),
        )
        tables.append(
            named if same_clips else named.assign(clip_id=study + "/" + table["clip_id"].astype(str))
        )
    columns = ["participant_id", "clip_id", "system", "judged_human"]
    return pd.concat([table[columns] for table in tables], ignore_index=True)


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
