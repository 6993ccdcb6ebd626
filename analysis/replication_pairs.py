"""Two studies of pairs side by side: the share of human clips found, and d'.

Both quantities of a study are its own report's. Their difference has the three-way clustered variance of all
pairs together (`analysis.pairs`), in which studies with nothing in common are independent; its degrees of
freedom are Welch's (1947), or where clips are shared those of the study with fewer.
"""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.answers import HUMAN_CLIP
from analysis.clusters import FloatArray
from analysis.equivalence import check_equivalence
from analysis.estimates import Estimate, estimate_by_t
from analysis.pairs import METHOD, Means, Pair, estimate_pairs, measure_groups
from analysis.replication import (
    CORRECT,
    D_PRIME,
    FIRST,
    SECOND,
    Pairing,
    Replication,
    find_common,
    name_apart,
)

CLIPS = ("clip_id", HUMAN_CLIP)


def compare_pairs(
    first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool, bound: float, level: float
) -> Replication:
    """Return two tables of kept pairs compared; options and errors are those of `compare_studies`.

    The declared bound is one of a difference of shares taken for human, twice as far apart as the shares
    found: these are alike within half of it.
    """
    shared, only_first, only_second = find_common(first, second)
    tables = name_apart(first, second, () if same_clips else CLIPS)
    pairings = []
    for system in shared:
        rows = [table[table["system"] == system] for table in tables]
        (a,), (b,) = (estimate_pairs(some, level) for some in rows)
        joint = pd.concat(rows, ignore_index=True)
        study = np.repeat([0.0, 1.0], [len(some) for some in rows])
        found = _subtract(a.correct, b.correct, _vary_share(joint, study), level, same_clips=same_clips)
        equivalence = check_equivalence(found, bound / 2, level)
        pairings.append(Pairing(system, CORRECT, a.correct, b.correct, found, equivalence))
        pairings.append(_compare_d_primes(system, a, b, joint, study, level, same_clips=same_clips))
    common = sum(len(set(first[name]) & set(second[name])) for name in CLIPS)
    return Replication(tuple(pairings), only_first, only_second, common if same_clips else None)


def _compare_d_primes(  # noqa: PLR0913 (both studies, apart and together)
    system: str,
    a: Pair,
    b: Pair,
    joint: pd.DataFrame,
    study: FloatArray,
    level: float,
    *,
    same_clips: bool,
) -> Pairing:
    known = a.d_prime.standard_error and b.d_prime.standard_error
    variance = _vary_d_prime(joint, study) if known else 0.0
    found = _subtract(a.d_prime, b.d_prime, variance, level, same_clips=same_clips)
    return Pairing(system, D_PRIME, a.d_prime, b.d_prime, found, None)


def _vary_share(joint: pd.DataFrame, study: FloatArray) -> float:
    """Return the variance of the second study's share found less the first's."""
    means = measure_groups(joint, 1 - joint["judged_human"].to_numpy(np.float64), study)
    return means.variance(np.array([-1.0, 1.0]))


def _vary_d_prime(joint: pd.DataFrame, study: FloatArray) -> float:
    """Return the variance of the second study's d' less the first's, by the delta method."""
    human_first = (joint["chose_first"] != joint["judged_human"]).to_numpy(np.float64)
    means: Means = measure_groups(joint, joint["chose_first"].to_numpy(np.float64), 2 * study + human_first)
    slopes = np.array([1.0, -1.0, -1.0, 1.0]) / stats.norm.pdf(stats.norm.ppf(means.mean)) / 2**0.5
    return means.variance(slopes)


def _subtract(a: Estimate, b: Estimate, variance: float, level: float, *, same_clips: bool) -> Estimate:
    """Return the second estimate minus the first with that variance, or why it has no interval."""
    value = b.value - a.value
    for one, name in ((a, FIRST), (b, SECOND)):
        if not one.standard_error:
            because = one.because or "all pairs were judged alike"
            return Estimate(value=value, method=METHOD, because=f"in {name} {because}")
    freedom = _combine_freedom(a, b, same_clips=same_clips)
    return estimate_by_t(value, variance**0.5, freedom, level, method=METHOD)


def _combine_freedom(a: Estimate, b: Estimate, *, same_clips: bool) -> float:
    errors = np.array([a.standard_error, b.standard_error], np.float64)
    freedoms = np.array([a.degrees_of_freedom, b.degrees_of_freedom], np.float64)
    if same_clips:
        return float(freedoms.min())
    return float((errors**2).sum() ** 2 / (errors**4 / freedoms).sum())
