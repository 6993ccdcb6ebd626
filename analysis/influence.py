"""How far one clip, or one listener, can move the answer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.clusters import IntArray
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


def measure_influence(kept: pd.DataFrame, unit: str, column: str) -> Iterator[Influence]:
    """Yield, for each generator, the range of its difference to human music without one unit.

    Closed form: a unit's own judgments are taken from the counts, so a million judgments cost one pass.
    """
    ids = pd.Index(kept[column])
    codes, names = pd.factorize(ids, sort=True)
    systems = sorted(set(kept["system"]) - HUMAN_SYSTEMS)
    human = _count(codes, kept, kept["system"] == HUMAN, len(names))
    for system in systems:
        other = _count(codes, kept, kept["system"] == system, len(names))
        touched = (human[0] + other[0]) > 0
        whole = (human[0].sum() > human[0]) & (other[0].sum() > other[0]) & touched
        if not whole.any():
            continue
        value = other[1].sum() / other[0].sum() - human[1].sum() / human[0].sum()
        without = _leave_out(other, whole) - _leave_out(human, whole)
        most = names[np.flatnonzero(whole)[int(np.abs(without - value).argmax())]]
        ends = float(without.min()), float(without.max())
        yield Influence(unit, system, float(value), *ends, str(most), int(touched.sum()))


def _count(
    codes: IntArray, kept: pd.DataFrame, used: "pd.Series[bool]", size: int
) -> tuple[IntArray, IntArray]:
    """Return trials and judgments "human" per unit, each of shape (size,)."""
    judged = (used & (kept["judged_human"] == 1)).to_numpy()
    return np.bincount(codes[used.to_numpy()], minlength=size), np.bincount(codes[judged], minlength=size)


def _leave_out(counts: tuple[IntArray, IntArray], used: Mask) -> npt.NDArray[np.float64]:
    trials, hits = counts
    return np.asarray((hits.sum() - hits[used]) / (trials.sum() - trials[used]), np.float64)
