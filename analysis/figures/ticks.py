"""How an axis is ticked: in percent, or in signed percentage points."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from analysis.estimates import Estimate
from analysis.wording import percent, sign_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def set_percent(axes: "Axes", which: str = "x", low: float = 0.0, high: float = 1.0) -> None:
    """Give an axis ticks in percent from low to high."""
    step = 0.25 if high - low > 0.6 else (0.1 if high - low > 0.25 else 0.05)  # noqa: PLR2004 (4 to 6 ticks)
    ticks = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    labels = [percent(tick) for tick in ticks]
    margin = 0.02 * (high - low)
    if which == "x":
        axes.set_xticks(ticks, labels)
        axes.set_xlim(low - margin, high + margin)
    else:
        axes.set_yticks(ticks, labels)
        axes.set_ylim(low - margin, high + margin)


def set_points(axes: "Axes", ends: Iterable[float]) -> None:
    """Give the x axis of a difference of shares ticks in signed percentage points, 0 always in view."""
    values = [0.0, *ends]
    low, high = min(values), max(values)
    margin = 0.06 * max(high - low, 0.1)
    span = high - low + 2 * margin
    step = next(size for size in (0.02, 0.05, 0.1, 0.2, 0.5) if span / size <= 8 or size == 0.5)  # noqa: PLR2004
    ticks = np.arange(np.ceil((low - margin) / step), np.floor((high + margin) / step) + 1) * step
    axes.set_xticks(ticks, [sign_points(tick) for tick in ticks])
    axes.set_xlim(low - margin, high + margin)


def list_ends(estimates: Iterable[Estimate]) -> list[float]:
    """Return every value and end of interval that there is."""
    return [end for one in estimates for end in (one.low, one.value, one.high) if end is not None]
