"""Whether a generator counts as equal to human music: a test of its own, never a p above .05.

Two one-sided tests (Schuirmann 1987; Lakens 2017) of the difference of shares against the declared bound.
A generator passes where both reject "further away than the bound", that is, where the interval of level
1 - 2 alpha lies inside the bounds.
"""

from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from analysis.estimates import Estimate


class Verdict(StrEnum):
    """What a study may say about a generator and human music."""

    DIFFERENT = "different"
    EQUAL = "equal"
    DIFFERENT_WITHIN_BOUND = "different, within the bound"
    OPEN = "open"
    NOT_ESTIMATED = "not estimated"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The equivalence test of one generator."""

    bound: float
    low: float | None
    """Interval of level 1 - 2 alpha: the test passes where it lies inside the bounds."""
    high: float | None
    p: float | None
    smallest_bound: float | None
    """The smallest bound with which the test would have passed."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """An equivalence test against one of several bounds.

    Attributes
    ----------
    quantity
        "difference" of rates to the human clips', bounds around 0; or "accuracy" (balanced), around .5.
    name
        "declared" in the config, "loose" or "strict".
    """

    system: str
    quantity: str
    name: str
    test: Equivalence


def check_equivalence(difference: Estimate, bound: float, level: float) -> Equivalence:
    """Return two one-sided tests of a difference of shares against +- bound, with alpha = 1 - level."""
    error, freedom = difference.standard_error, difference.degrees_of_freedom
    if error is None or freedom is None:
        return Equivalence(bound, None, None, None, None, Verdict.NOT_ESTIMATED)
    p_below = stats.t.sf((difference.value + bound) / error, freedom)
    p_above = stats.t.cdf((difference.value - bound) / error, freedom)
    half = float(stats.t.ppf(level, freedom)) * error
    p = float(max(p_below, p_above))
    return Equivalence(
        bound,
        difference.value - half,
        difference.value + half,
        p,
        abs(difference.value) + half,
        _judge(differs=difference.excludes_zero, equal=p < 1 - level),
    )


def _judge(*, differs: bool, equal: bool) -> Verdict:
    if equal:
        return Verdict.DIFFERENT_WITHIN_BOUND if differs else Verdict.EQUAL
    return Verdict.DIFFERENT if differs else Verdict.OPEN
