"""Whether a generator counts as equal to human music: a test of its own, never a p above .05.

Two one-sided tests (Schuirmann 1987; Lakens 2017) of the difference of shares against the declared bound.
A generator passes where both reject "further away than the bound", that is, where the interval of level
1 - 2 alpha lies inside the bounds.
"""

from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from analysis.estimates import Estimate

DIFFERENCE_BOUNDS = {"loose": 0.10, "strict": 0.05}
"""Of the difference of shares, around 0."""
ACCURACY_BOUNDS = {"loose": 0.10, "strict": 0.05}
"""Of balanced accuracy, around .5: |d'| below about .5 and .25."""


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


def check_equivalence(estimate: Estimate, bound: float, level: float, *, center: float = 0.0) -> Equivalence:
    """Return two one-sided tests of an estimate against center +- bound, with alpha = 1 - level.

    The center is 0 of a difference of shares, 1/2 of an accuracy.
    """
    error, freedom, away = estimate.standard_error, estimate.degrees_of_freedom, estimate.value - center
    if not error or freedom is None:
        return Equivalence(bound, None, None, None, None, Verdict.NOT_ESTIMATED)
    p_below = stats.t.sf((away + bound) / error, freedom)
    p_above = stats.t.cdf((away - bound) / error, freedom)
    half = float(stats.t.ppf(level, freedom)) * error
    p = float(max(p_below, p_above))
    differs = estimate.low is not None and estimate.high is not None
    differs = differs and not (estimate.low or 0.0) <= center <= (estimate.high or 0.0)
    return Equivalence(
        bound,
        estimate.value - half,
        estimate.value + half,
        p,
        abs(away) + half,
        _judge(differs=differs, equal=p < 1 - level),
    )


def list_claims(
    system: str, difference: Estimate, balanced_accuracy: Estimate, declared: float, level: float
) -> tuple[Claim, ...]:
    """Return the tests of one generator against the declared, the loose and the strict bounds."""
    bounds = {"declared": declared, **DIFFERENCE_BOUNDS}
    of_difference = [
        Claim(system, "difference", name, check_equivalence(difference, bound, level))
        for name, bound in bounds.items()
    ]
    of_accuracy = [
        Claim(system, "accuracy", name, check_equivalence(balanced_accuracy, bound, level, center=0.5))
        for name, bound in ACCURACY_BOUNDS.items()
    ]
    return (*of_difference, *of_accuracy)


def _judge(*, differs: bool, equal: bool) -> Verdict:
    if equal:
        return Verdict.DIFFERENT_WITHIN_BOUND if differs else Verdict.EQUAL
    return Verdict.DIFFERENT if differs else Verdict.OPEN
