"""How far one clip, or one listener, can move the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.clusters import FloatArray, IntArray
from study_core.types import HUMAN, HUMAN_SYSTEMS

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Influence:
    """How far the difference moves when one clip, or one listener, is left out.

    Attributes
    ----------
    unit
        "clip" or "listener".
    low, high
        Smallest and largest difference without one of them.
    most
        Id of the one whose absence moves it most.
    """

    unit: str
    system: str
    value: float
    low: float
    high: float
    most: str
    n_units: int


def measure_influence(
    kept: pd.DataFrame,
    values: "pd.Series[float]",
    unit: str,
    column: str,
    against: float | None = None,
) -> Iterator[Influence]:
    """Yield, for each generator, the range of its difference without one unit.

    The difference is that of the mean value to the human clips', or to the number `against`. Closed form: a
    unit's own judgments are taken from the sums, so a million judgments cost one pass.
    """
    codes, names = pd.factorize(pd.Index(kept[column]), sort=True)
    sums = partial(_add_up, codes, np.asarray(values, np.float64), kept["system"], len(names))
    human = sums(HUMAN) if against is None else None
    for system in sorted(set(kept["system"]) - HUMAN_SYSTEMS):
        own = sums(system)
        touched, whole = own[0] > 0, own[0].sum() > own[0]
        if human is not None:
            touched, whole = touched | (human[0] > 0), whole & (human[0].sum() > human[0])
        whole &= touched
        if not whole.any():
            continue
        value, without = _mean(own) - (against or 0.0), _leave_out(own, whole) - (against or 0.0)
        if human is not None:
            value, without = value - _mean(human), without - _leave_out(human, whole)
        most = names[whole][int(np.abs(without - value).argmax())]
        ends = float(without.min()), float(without.max())
        yield Influence(unit, system, float(value), *ends, str(most), int(touched.sum()))


def _add_up(
    codes: IntArray, values: FloatArray, systems: "pd.Series[str]", size: int, system: str
) -> tuple[IntArray, FloatArray]:
    """Return number and sum of a system's values per unit, each of shape (size,)."""
    used = (systems == system).to_numpy()
    sums = np.bincount(codes[used], values[used], size).astype(np.float64)
    return np.bincount(codes[used], minlength=size), sums


def _mean(sums: tuple[IntArray, FloatArray]) -> float:
    return float(sums[1].sum() / sums[0].sum())


def _leave_out(sums: tuple[IntArray, FloatArray], used: Mask) -> FloatArray:
    """Return the mean without each of the used units."""
    trials, totals = sums
    return np.asarray((totals.sum() - totals[used]) / (trials.sum() - trials[used]), np.float64)
