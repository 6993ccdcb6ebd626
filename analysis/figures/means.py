"""Figure: the mean rating of every clip, pulled towards its system's, and that of every system."""

from typing import TYPE_CHECKING

import numpy as np

from analysis.asked_exploration import RatingExploration
from analysis.canvas import INK, explain
from analysis.figures.clips import GAP, draw_intervals, thin
from analysis.figures.marks import color_of, name_columns, start
from analysis.wording import count, decimal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Which clips were rated high?"
WASH = 0.16


def draw(explored: RatingExploration) -> "Figure":
    """Draw each clip's mean rating in order, and each system's with its interval as a band."""
    figure, axes = start(explored.study, 4, TITLE)
    ticks = []
    for i, rating in enumerate(explored.study.findings.ratings):
        left, color = i * (1 + GAP), color_of(explored.study, rating.system)
        own = explored.clips[explored.clips["system"] == rating.system]
        clips = thin(own)
        x = left + (np.arange(len(clips)) + 0.5) / len(clips)
        if rating.mean.low is not None and rating.mean.high is not None:
            band = [rating.mean.low, rating.mean.low, rating.mean.high, rating.mean.high]
            axes.fill([left, left + 1, left + 1, left], band, color=color, alpha=WASH, linewidth=0)
        draw_intervals(axes, x, clips, color)
        axes.plot(x, clips["mean"], "o", markersize=3.2, markerfacecolor="none", markeredgecolor=color)
        axes.plot(x, clips["shrunk"], "o", markersize=4.2, color=color, markeredgewidth=0)
        axes.plot([left, left + 1], [rating.mean.value] * 2, color=INK, linewidth=1.2)
        ticks.append((left + 0.5, rating.system, count(len(own), "clip")))
    name_columns(axes, *zip(*ticks, strict=True))
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("mean rating")
    explain(
        axes,
        "filled: pulled towards the system's mean (black, with its interval as a band); hollow: as counted",
    )
    return figure


def read(explored: RatingExploration) -> str:
    """Return the figure in a sentence."""
    parts = []
    for system, clips in explored.clips.groupby("system", sort=False):
        low, high = decimal(clips["shrunk"].min()), decimal(clips["shrunk"].max())
        parts.append(f"{system} from {low} to {high}" if low != high else f"{system} all near {low}")
    return f"Allowing for chance, clips were rated: {'; '.join(parts)}."
