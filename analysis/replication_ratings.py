"""Two studies of ratings side by side: mean ratings, and the chance to be rated above a human clip."""

import numpy as np
import pandas as pd

from analysis.clusters import FloatArray, Rates, measure_means
from analysis.confidence import place_ratings
from analysis.equivalence import check_equivalence
from analysis.estimates import Estimate, estimate_function, unit_gradient
from analysis.ratings import Rating, estimate_ratings, subtract_means
from analysis.replication import (
    FIRST,
    MEAN,
    MEAN_GAP,
    SECOND,
    SUPERIORITY,
    Pairing,
    Replication,
    find_common,
    join_studies,
)
from study_core.types import HUMAN

NO_MODEL = "no model is compared"


def compare_ratings(
    first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool, bound: float, level: float
) -> Replication:
    """Return two tables of kept ratings compared; options and errors are those of `compare_studies`.

    The chance to be rated above a human clip is alike within half of the declared bound, as in the report.
    """
    first, second = (table[table["rating"].notna()] for table in (first, second))
    shared, only_first, only_second = find_common(first, second)
    own = [{one.system: one for one in estimate_ratings(table, level, NO_MODEL)} for table in (first, second)]
    joint = join_studies(first, second, same_clips=same_clips)
    means = measure_means(joint, joint["rating"].to_numpy(np.float64))
    pairings = [_compare_means(means, own[0][HUMAN], own[1][HUMAN], level)]
    for system in shared:
        a, b = own[0][system], own[1][system]
        pairings += [_compare_means(means, a, b, level), _compare_gaps(means, a, b, level)]
        pairings.append(_compare_chances(joint, a, b, bound, level))
    common = set(first["clip_id"]) & set(second["clip_id"])
    tops = [float(table["rating"].max()) for table in (first, second)]
    return Replication(
        tuple(pairings), only_first, only_second, len(common) if same_clips else None, _warn(tops)
    )


def _compare_means(means: Rates, a: Rating, b: Rating, level: float) -> Pairing:
    difference = subtract_means(means, f"{SECOND}/{a.system}", f"{FIRST}/{a.system}", level)
    return Pairing(a.system, MEAN, a.mean, b.mean, difference, None)


def _compare_gaps(means: Rates, a: Rating, b: Rating, level: float) -> Pairing:
    first, second = _get(a.difference), _get(b.difference)
    gradient = _contrast(means, a.system, HUMAN, sign=-1)
    return Pairing(a.system, MEAN_GAP, first, second, _subtract(means, first, second, gradient, level), None)


def _compare_chances(joint: pd.DataFrame, a: Rating, b: Rating, bound: float, level: float) -> Pairing:
    """Return the chance to be rated above a human clip: a sum of mean placements (`analysis.confidence`)."""
    first, second = _get(a.superiority), _get(b.superiority)
    names = [f"{study}/{name}" for study in (FIRST, SECOND) for name in (HUMAN, a.system)]
    rows = joint[joint["system"].isin(names)]
    placements = np.empty(len(rows))
    for human, generated in (names[:2], names[2:]):
        inside = rows["system"].isin((human, generated)).to_numpy()
        some = rows[inside]
        is_generated = some["system"].eq(generated).to_numpy()
        placements[inside] = place_ratings(some["rating"].to_numpy(np.float64), is_generated)
    means = measure_means(rows, placements)
    gradient = _contrast(means, a.system, HUMAN, sign=1)
    difference = _subtract(means, first, second, gradient, level)
    equivalence = check_equivalence(difference, bound / 2, level)
    return Pairing(a.system, SUPERIORITY, first, second, difference, equivalence)


def _contrast(means: Rates, system: str, human: str, *, sign: int) -> FloatArray:
    """Return the gradient of system + sign x human of the second study, less that of the first."""
    first, second = (
        unit_gradient(means, f"{study}/{system}") + sign * unit_gradient(means, f"{study}/{human}")
        for study in (FIRST, SECOND)
    )
    return second - first


def _subtract(
    means: Rates, first: Estimate, second: Estimate, gradient: FloatArray, level: float
) -> Estimate:
    value = second.value - first.value
    for one, name in ((first, FIRST), (second, SECOND)):
        if one.low is None:
            return Estimate(value=value, because=f"in {name} {one.because}")
    return estimate_function(means, value, gradient, level)


def _get(estimate: Estimate | None) -> Estimate:
    """Return the estimate of a generator beside human clips, or that there are none."""
    return estimate or Estimate(value=0.0, because="there are no human clips")


def _warn(tops: list[float]) -> str:
    if tops[0] == tops[1]:
        return ""
    return (
        f"Ratings go up to {tops[0]:g} in {FIRST} and to {tops[1]:g} in {SECOND}: if the scales were not the "
        "same, mean ratings cannot be compared; the chance to be rated above a human clip can."
    )
