"""How numbers are written in a sentence: shares, points, levels, counts and intervals."""

import math

from analysis.estimates import BOUND, Estimate

SIMULATED = "Simulated listeners"
D_PRIME = "d\u2032"
"""With a real prime, as it is printed."""
MINUS = "\u2212"


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage."""
    return f"{round(100 * share, digits) + 0.0:.{digits}f}%"  # no minus before a zero


def show_level(level: float) -> str:
    """Return a level as a percentage with all its digits: one of .995 is not 100%."""
    return f"{round(100 * level, 8):.10g}%"


def points(difference: float, digits: int = 0) -> str:
    """Return a difference of shares in percentage points, without its sign."""
    size = f"{abs(100 * difference):.{digits}f}"
    return f"{size} point{'' if float(size) == 1 else 's'}"


def needed_points(bound: float) -> str:
    """Return the smallest bound that passes in percentage points, rounded up: less would not have."""
    return points(math.ceil(round(1000 * abs(bound), 6)) / 1000, 1)


def decimal(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number with a real minus."""
    rounded = round(value, digits) + 0.0  # no minus before a zero
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", MINUS)


def sign_points(difference: float, digits: int = 0) -> str:
    """Return a difference of shares in percentage points, with its sign and without the word."""
    size = round(100 * difference, digits) + 0.0
    return f"{size:+.{digits}f}".replace("-", MINUS) if size else f"{0:.{digits}f}"


def count(n: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def give_range(estimate: Estimate, level: float, digits: int = 0) -> str:
    """Return a rate's interval in words, or why it has none."""
    if estimate.low is None or estimate.high is None:
        return f"interval cannot be estimated because {estimate.because}"
    kind = "bound" if estimate.method == BOUND else "interval"
    return f"{show_level(level)} {kind} {100 * estimate.low:.{digits}f} to {percent(estimate.high, digits)}"
