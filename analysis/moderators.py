"""Whether facts about listeners (training, games played...) go with how well they tell systems apart."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.estimates import MINIMUM_CLUSTERS, Estimate
from analysis.learning import add_systems, cross_human, trace
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.outcomes import CORRECT, Outcome, average_groups
from analysis.regression import FACTORS, regress

FEW, THIRDS, MANY = 6, 3, 12
"""Up to so many values are shown each; numbers with more by thirds; words with more than MANY not at all."""


@dataclass(frozen=True, slots=True)
class Moderator:
    """How one fact goes with an outcome.

    Attributes
    ----------
    outcome
        Its name, as in `analysis.outcomes`.
    groups
        `group`, `n_listeners`, `n_trials`, the outcome under its name, `low`, `high`.
    slope
        Change of the outcome per SD of a number, systems held equal; None for words.
    p
        Of the slope being 0, or of all groups being equal.
    p_adjusted
        The same over all moderators (Benjamini & Hochberg).
    because
        Why there is none of this; empty where there is.
    """

    name: str
    outcome: str = CORRECT.name
    groups: pd.DataFrame | None = None
    slope: Estimate | None = None
    p: float | None = None
    p_adjusted: float | None = None
    because: str = ""


def measure_moderators(
    table: pd.DataFrame,
    names: tuple[str, ...],
    before: pd.DataFrame,
    level: float,
    outcomes: tuple[Outcome, ...] = (CORRECT,),
) -> tuple[Moderator, ...]:
    """Return every moderator that the data have, p adjusted over them and over all outcomes.

    Whether a tune was known is one of them, over the judgments before exclusions.
    """
    found = [measure_moderator(table, name, level, outcome) for outcome in outcomes for name in names]
    if "knows_tune" in before:
        claims = before["knows_tune"].map({True: "knew the tune", False: "did not"})
        told = before.assign(knows_tune=claims)
        found += [measure_moderator(told, "knows_tune", level, outcome) for outcome in outcomes]
    known = [one.p for one in found if one.p is not None]
    adjusted = iter(adjust_benjamini_hochberg(known))
    return tuple(one if one.p is None else replace(one, p_adjusted=next(adjusted)) for one in found)


def measure_moderator(table: pd.DataFrame, name: str, level: float, outcome: Outcome = CORRECT) -> Moderator:
    """Return how the column `name` goes with the outcome."""
    rows = table[table[name].notna()]
    numbers = pd.to_numeric(rows[name], errors="coerce")
    is_number = bool(len(rows)) and bool(np.isfinite(numbers).all()) and numbers.nunique() > 2  # noqa: PLR2004
    n_values = int(rows[name].nunique())
    if n_values < 2:  # noqa: PLR2004 (two groups to compare)
        because = "all listeners gave the same answer" if n_values else "nobody answered"
        return Moderator(name, outcome.name, because=because)
    if not is_number and n_values > MANY:
        return Moderator(
            name, outcome.name, because=f"it has {n_values} different answers, too many to compare"
        )
    people = numbers.groupby(rows["participant_id"]).first()
    group = cut(numbers, people) if is_number else rows[name].astype(str)
    moderator = Moderator(name, outcome.name, _describe(rows, group, outcome, level))
    if not is_number:
        return _test_groups(moderator, rows, group, outcome)
    found = trace(rows, outcome, (numbers - numbers.mean()) / numbers.std(ddof=0))
    if isinstance(found, str):
        return replace(moderator, because=found)
    slope = found.estimate("term", level)
    return replace(moderator, slope=slope, p=slope.p)


def _test_groups(
    moderator: Moderator, rows: pd.DataFrame, group: "pd.Series[str]", outcome: Outcome
) -> Moderator:
    sizes = rows.groupby(group)[["participant_id", "clip_id"]].nunique()
    for column, counts in sizes.items():
        if counts.min() < MINIMUM_CLUSTERS:
            because = f'only one {FACTORS[str(column)]} is in the group "{counts.idxmin()}"'
            return replace(moderator, because=because)
    dummies = pd.get_dummies(group, prefix="group", dtype=float).iloc[:, 1:]
    terms = cross_human(rows, dummies) if outcome.is_gap else dummies
    found = regress(outcome.value(rows), add_systems(rows, terms), rows)
    if isinstance(found, str):
        return replace(moderator, because=found)
    p = found.test_jointly(list(map(str, dummies)), int(sizes.to_numpy().min()))
    return replace(moderator, p=p, because="" if p is not None else "too few listeners per group")


def cut(numbers: "pd.Series[float]", units: "pd.Series[float]") -> "pd.Series[str]":
    """Return each row's group of a number: its value where there are few, else its third of the units."""
    if numbers.nunique() <= FEW:
        return numbers.map("{:g}".format)
    inner = np.quantile(units, np.linspace(0, 1, THIRDS + 1))[1:-1]
    # The ends are those of the rows: a fact may change from row to row of one listener.
    edges = np.unique(np.clip([numbers.min(), *inner, numbers.max()], numbers.min(), numbers.max()))
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return pd.Series([names[code] for code in codes], numbers.index)


def _describe(rows: pd.DataFrame, group: "pd.Series[str]", outcome: Outcome, level: float) -> pd.DataFrame:
    """Return each group's outcome, in the order of their numbers or names."""
    groups = average_groups(rows, group, outcome, level)
    return groups.sort_values("group", key=lambda names: names.map(sort_key)).reset_index(drop=True)


def sort_key(name: str) -> tuple[float, str]:
    """Return what puts groups into the order of their numbers, words after them."""
    try:
        return float(name.split(" to ", maxsplit=1)[0]), name
    except ValueError:
        return float("inf"), name
