"""Two one-sided tests: by hand, by statsmodels, and what may be said."""

import pytest
from scipy import stats

from analysis.equivalence import Verdict, check_equivalence, list_claims
from analysis.estimates import Estimate


def estimate(value: float, error: float, freedom: float = 30) -> Estimate:
    half = stats.t.ppf(0.975, freedom) * error
    return Estimate(
        value=value, low=value - half, high=value + half, standard_error=error, degrees_of_freedom=freedom
    )


def test_p_is_the_larger_of_two_one_sided_tests() -> None:
    test = check_equivalence(estimate(0.02, 0.03), 0.10, 0.95)
    below, above = stats.t.sf(0.12 / 0.03, 30), stats.t.cdf(-0.08 / 0.03, 30)
    assert test.p == pytest.approx(max(below, above))
    assert (test.low, test.high) == pytest.approx(stats.t.interval(0.90, 30, loc=0.02, scale=0.03))


@pytest.mark.parametrize("value", [0.02, -0.02, 0.0])
def test_the_smallest_bound_is_where_the_test_just_passes(value: float) -> None:
    smallest = check_equivalence(estimate(value, 0.03), 0.10, 0.95).smallest_bound
    assert check_equivalence(estimate(value, 0.03), smallest, 0.95).p == pytest.approx(0.05)
    assert check_equivalence(estimate(value, 0.03), smallest + 1e-6, 0.95).verdict == Verdict.EQUAL
    assert check_equivalence(estimate(value, 0.03), smallest - 1e-6, 0.95).verdict == Verdict.OPEN


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (0.01, 0.02, Verdict.EQUAL),
        (-0.30, 0.05, Verdict.DIFFERENT),
        (0.05, 0.01, Verdict.DIFFERENT_WITHIN_BOUND),
        (0.05, 0.10, Verdict.OPEN),
    ],
)
def test_a_difference_not_shown_is_never_called_equal(value: float, error: float, verdict: Verdict) -> None:
    assert check_equivalence(estimate(value, error), 0.10, 0.95).verdict == verdict


@pytest.mark.parametrize(
    "unknown",
    [
        Estimate(value=0.1, because="there is only one gan clip"),
        Estimate(value=0.0, low=0.0, high=0.0, standard_error=0.0, degrees_of_freedom=30),
    ],
)
def test_a_difference_without_interval_gets_no_verdict(unknown: Estimate) -> None:
    test = check_equivalence(unknown, 0.10, 0.95)
    assert test.verdict == Verdict.NOT_ESTIMATED
    assert (test.p, test.smallest_bound) == (None, None)


def test_claims_are_tested_against_the_declared_the_loose_and_the_strict_bounds() -> None:
    claims = list_claims("gan", estimate(0.02, 0.03), estimate(0.53, 0.02), 0.08, 0.95)
    assert [(claim.system, claim.quantity, claim.name, claim.test.bound) for claim in claims] == [
        ("gan", "difference", "declared", 0.08),
        ("gan", "difference", "loose", 0.10),
        ("gan", "difference", "strict", 0.05),
        ("gan", "accuracy", "loose", 0.10),
        ("gan", "accuracy", "strict", 0.05),
    ]
    assert claims[0].test == check_equivalence(estimate(0.02, 0.03), 0.08, 0.95)
    from_half = check_equivalence(estimate(0.03, 0.02), 0.10, 0.95)
    assert (claims[3].test.p, claims[3].test.verdict) == (pytest.approx(from_half.p), from_half.verdict)
