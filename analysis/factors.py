"""Every system's estimate at each level of a factor: a soundfont, a genre, a group of listeners.

The levels are systems to `analysis.clusters`, and groups of pairs to `analysis.pairs`, so that what two of
them share (a listener who heard both, a clip that stands in both) is counted in their difference. Unless it
was declared before the data, all of this is exploration.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.clusters import measure_means, order_systems
from analysis.estimates import Estimate, estimate_function, estimate_rate
from analysis.fooling import adjust_holm
from analysis.moderators import FEW, MANY, cut, sort_key
from analysis.outcomes import Outcome, estimate_mean
from analysis.pairs import estimate_share, measure_groups, weigh_means
from study_core.types import HUMAN, HUMAN_SYSTEMS

Weights = dict[tuple[str, str], float]
"""By system and level."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One system at one level.

    Attributes
    ----------
    mean
        Share judged human, share of pairs found, or mean rating.
    difference
        The same less that of the human clips at this level; None where there are none, and of pairs.
    """

    group: str
    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    mean: Estimate
    difference: Estimate | None


@dataclass(frozen=True, slots=True)
class Change:
    """How much a generator's answer (its difference; of pairs, its share) changes between two levels."""

    system: str
    first: str
    second: str
    difference: Estimate
    """At the first level less that at the second."""
    p_holm: float | None
    """Two-sided p, adjusted over all changes of the factor."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A column of the table, and the systems at each of its levels; `because` says why there are none."""

    name: str
    outcome: str = ""
    """What the means are of, as in `analysis.outcomes`."""
    cells: tuple[Cell, ...] = ()
    changes: tuple[Change, ...] = ()
    because: str = ""


def divide(table: pd.DataFrame, name: str, outcome: Outcome, level: float) -> Factor:
    """Return every system's mean outcome at each level of the column `name`."""
    rows = table[table[name].notna()]
    numbers = pd.to_numeric(rows[name], errors="coerce")
    n_values = int(rows[name].nunique())
    if n_values < 2:  # noqa: PLR2004 (levels to compare)
        because = "all rows have the same value" if n_values else "no row has a value"
        return Factor(name, outcome.name, because=because)
    if numbers.notna().all() and n_values > FEW:
        group = cut(numbers, numbers)
    elif n_values > MANY:
        return Factor(name, outcome.name, because=f"it has {n_values} different values, too many to compare")
    else:
        group = rows[name].astype(str)
    weigh, average = (_measure_pairs if HUMAN_CLIP in rows else _measure)(rows, group, outcome, level)
    cells = tuple(_list_cells(rows, group, weigh, average))
    return Factor(name, outcome.name, cells, _list_changes(cells, weigh))


Weigh = Callable[[Weights], Estimate]


def _measure(
    rows: pd.DataFrame, group: "pd.Series[str]", outcome: Outcome, level: float
) -> tuple[Weigh, Weigh]:
    """Return what estimates a weighted sum of cells' means, and what estimates one of them."""
    rates = measure_means(rows.assign(system=rows["system"] + ", " + group), outcome.value(rows))

    def weigh(weights: Weights) -> Estimate:
        named = {f"{system}, {at}": weight for (system, at), weight in weights.items()}
        gradient = np.array([named.get(name, 0.0) for name in rates.systems])
        if outcome.in_points:
            return estimate_function(rates, float(gradient @ rates.share), gradient, level)
        return estimate_mean(rates, tuple(named), gradient, level)

    def average(weights: Weights) -> Estimate:
        if not outcome.in_points:
            return weigh(weights)
        ((system, at),) = weights
        return estimate_rate(rates, f"{system}, {at}", level)

    return weigh, average


def _measure_pairs(
    rows: pd.DataFrame, group: "pd.Series[str]", outcome: Outcome, level: float
) -> tuple[Weigh, Weigh]:
    """Return the same as `_measure`, with the human clips of pairs as a third sample."""
    values = outcome.value(rows)
    codes, names = pd.factorize(pd.MultiIndex.from_arrays([rows["system"], group]))
    means = measure_groups(rows, values, np.asarray(codes, np.float64))
    cells = list(names)

    def weigh(weights: Weights) -> Estimate:
        return weigh_means(means, np.array([weights.get(cell, 0.0) for cell in cells]), level)

    def average(weights: Weights) -> Estimate:
        (cell,) = weights
        own = codes == cells.index(cell)
        return estimate_share(rows[own], values[own], level)

    return weigh, average


def _list_cells(rows: pd.DataFrame, group: "pd.Series[str]", weigh: Weigh, average: Weigh) -> Iterator[Cell]:
    levels = {str(at): rows[group == at] for at in sorted(group.unique(), key=sort_key)}
    for at, here in levels.items():
        systems = order_systems(here["system"].unique())
        for system in systems:
            own, difference = here[here["system"] == system], None
            if system != HUMAN and HUMAN in systems:
                difference = weigh({(system, at): 1.0, (HUMAN, at): -1.0})
            counts = len(own), own["participant_id"].nunique(), own["clip_id"].nunique()
            yield Cell(at, system, *counts, average({(system, at): 1.0}), difference)


def _list_changes(cells: tuple[Cell, ...], weigh: Weigh) -> tuple[Change, ...]:
    """Return every generator's change between every two levels that it has an answer at."""
    found = []
    has_human = any(cell.system in HUMAN_SYSTEMS for cell in cells)
    for first, second in combinations(cells, 2):
        if first.system != second.system or first.system in HUMAN_SYSTEMS:
            continue
        weights = {(first.system, first.group): 1.0, (second.system, second.group): -1.0}
        if has_human and (first.difference is None or second.difference is None):
            continue
        if has_human:
            weights |= {(HUMAN, first.group): -1.0, (HUMAN, second.group): 1.0}
        found.append((first.system, first.group, second.group, weigh(weights)))
    adjusted = iter(adjust_holm([one[-1].p for one in found if one[-1].p is not None]))
    return tuple(Change(*one, None if one[-1].p is None else next(adjusted)) for one in found)
