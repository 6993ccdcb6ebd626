"""Whether facts about listeners (training, games played...) go with how well they tell systems apart."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates
from analysis.estimates import Estimate, estimate_rate
from analysis.learning import add_systems, is_correct
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.regression import regress

FEW, THIRDS, MANY = 6, 3, 12
"""Up to so many values are shown each; numbers with more by thirds; words with more than MANY not at all."""


@dataclass(frozen=True, slots=True)
class Moderator:
    """How one fact goes with the share correct.

    Attributes
    ----------
    groups
        `group`, `n_listeners`, `n_trials`, `correct`, `low`, `high`.
    slope
        Change of the share correct per SD of a number, systems held equal; None for words.
    p
        Of the slope being 0, or of all groups being equally right.
    p_adjusted
        The same over all moderators (Benjamini & Hochberg).
    because
        Why there is none of this; empty where there is.
    """

    name: str
    groups: pd.DataFrame | None = None
    slope: Estimate | None = None
    p: float | None = None
    p_adjusted: float | None = None
    because: str = ""


def measure_moderators(
    table: pd.DataFrame, names: tuple[str, ...], before: pd.DataFrame, level: float
) -> tuple[Moderator, ...]:
    """Return every moderator that the data have, p adjusted over them.

    Whether a tune was known is one of them, over the judgments before exclusions.
    """
    found = [measure_moderator(table, name, level) for name in names]
    if "knows_tune" in before:
        claims = before["knows_tune"].map({True: "knew the tune", False: "did not"})
        found.append(measure_moderator(before.assign(knows_tune=claims), "knows_tune", level))
    known = [one.p for one in found if one.p is not None]
    adjusted = iter(adjust_benjamini_hochberg(known))
    return tuple(one if one.p is None else replace(one, p_adjusted=next(adjusted)) for one in found)


def measure_moderator(table: pd.DataFrame, name: str, level: float) -> Moderator:
    """Return how the column `name` goes with the share correct."""
    rows = table[table[name].notna()]
    numbers = pd.to_numeric(rows[name], errors="coerce")
    is_number = bool(len(rows)) and bool(np.isfinite(numbers).all()) and numbers.nunique() > 2  # noqa: PLR2004
    n_values = int(rows[name].nunique())
    if n_values < 2:  # noqa: PLR2004 (two groups to compare)
        because = "all listeners gave the same answer" if n_values else "nobody answered"
        return Moderator(name, because=because)
    if not is_number and n_values > MANY:
        return Moderator(name, because=f"it has {n_values} different answers, too many to compare")
    group = _cut(numbers, rows) if is_number else rows[name].astype(str)
    groups = _describe(rows, group, level)
    if is_number:
        return _fit_slope(Moderator(name, groups), rows, numbers, level)
    return _test_groups(Moderator(name, groups), rows, group)


def _fit_slope(
    moderator: Moderator, rows: pd.DataFrame, numbers: "pd.Series[float]", level: float
) -> Moderator:
    scaled = (numbers - numbers.mean()) / numbers.std(ddof=0)
    terms = add_systems(rows, pd.DataFrame({"slope": scaled}))
    found = regress(is_correct(rows), terms, rows)
    if isinstance(found, str):
        return replace(moderator, because=found)
    slope = found.estimate("slope", level)
    return replace(moderator, slope=slope, p=slope.p)


def _test_groups(moderator: Moderator, rows: pd.DataFrame, group: "pd.Series[str]") -> Moderator:
    dummies = pd.get_dummies(group, prefix="group", dtype=float).iloc[:, 1:]
    found = regress(is_correct(rows), add_systems(rows, dummies), rows)
    if isinstance(found, str):
        return replace(moderator, because=found)
    p = found.test_jointly(list(map(str, dummies)))
    return replace(moderator, p=p, because="" if p is not None else "too few listeners per group")


def _cut(numbers: "pd.Series[float]", rows: pd.DataFrame) -> "pd.Series[str]":
    """Return each row's group of a number: its value where there are few, else its third of the listeners."""
    if numbers.nunique() <= FEW:
        return numbers.map("{:g}".format)
    people = numbers.groupby(rows["participant_id"]).first()
    edges = np.unique(np.quantile(people, np.linspace(0, 1, THIRDS + 1)))
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return pd.Series([names[code] for code in codes], numbers.index)


def _describe(rows: pd.DataFrame, group: "pd.Series[str]", level: float) -> pd.DataFrame:
    rates = measure_rates(rows.assign(system=group, judged_human=is_correct(rows)))
    order = sorted(range(len(rates.systems)), key=lambda i: _sort_key(rates.systems[i]))
    points = [estimate_rate(rates, rates.systems[i], level) for i in order]
    return pd.DataFrame(
        {
            "group": [rates.systems[i] for i in order],
            "n_listeners": rates.n_listeners[order],
            "n_trials": rates.n_trials[order],
            "correct": [point.value for point in points],
            "low": [point.low for point in points],
            "high": [point.high for point in points],
        }
    )


def _sort_key(name: str) -> tuple[float, str]:
    try:
        return float(name.split(" to ", maxsplit=1)[0]), name
    except ValueError:
        return float("inf"), name
