"""Figure: which clips were taken for human."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.canvas import INK, LINE, explain
from analysis.clusters import FloatArray
from analysis.figures.accounted import Explored
from analysis.figures.marks import color_of, draw_mark, name_columns, start
from analysis.figures.ticks import set_percent
from analysis.wording import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Which clips were taken for human?"
MOST = 60
"""So many clips of a system are drawn; of more, every so many-th in the order of their shares."""
GAP = 0.12
"""Between two systems, in widths of one."""


def draw(explored: Explored) -> "Figure":
    """Draw each clip's share, raw and pulled towards its system's, in order, system beside system."""
    figure, axes = start(explored.study, 4, TITLE)
    ticks = []
    for i, (system, clips) in enumerate(explored.clips.groupby("system", sort=False)):
        left = i * (1 + GAP)
        _draw_system(axes, left, thin(clips), color_of(explored.study, str(system)))
        mean = np.average(clips["judged_human"], weights=clips["n_trials"])
        axes.plot([left, left + 1], [mean, mean], color=INK, linewidth=1.2)
        ticks.append((left + 0.5, str(system), count(len(clips), "clip")))
    draw_mark(axes, 0.5, along="y")
    name_columns(axes, *zip(*ticks, strict=True))
    set_percent(axes, "y")
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("taken for human")
    explain(axes, "filled: pulled towards the system's mean (black), with interval; hollow: as counted")
    return figure


def read(explored: Explored) -> str:
    """Return the figure in a sentence."""
    parts = []
    for system, clips in explored.clips.groupby("system", sort=False):
        low, high = percent(clips["shrunk"].min()), percent(clips["shrunk"].max())
        spread = f"from {low} to {high}" if low != high else f"all near {low}"
        parts.append(f"{system} {spread}")
    return (
        f"Allowing for chance, clips were taken for human: {'; '.join(parts)}. The wider a system's range, "
        "the more its answer depends on which clips stood for it."
    )


def thin(clips: pd.DataFrame) -> pd.DataFrame:
    """Return at most `MOST` clips in the order of their shares, the first and the last among them."""
    ordered = clips.sort_values(["shrunk", "clip_id"])
    places = np.unique(np.linspace(0, len(ordered) - 1, min(MOST, len(ordered))).round().astype(int))
    return ordered.iloc[places]


def draw_intervals(axes: "Axes", x: FloatArray, clips: pd.DataFrame, color: str) -> None:
    """Draw the intervals of the clips that have one."""
    known = clips["low"].notna().to_numpy()
    low, high = clips.loc[known, "low"], clips.loc[known, "high"]
    axes.vlines(x[known], low, high, color=color, linewidth=1.4, alpha=0.45)


def _draw_system(axes: "Axes", left: float, clips: pd.DataFrame, color: str) -> None:
    x = left + (np.arange(len(clips)) + 0.5) / len(clips)
    draw_intervals(axes, x, clips, color)
    axes.plot(x, clips["judged_human"], "o", markersize=3.2, markerfacecolor="none", markeredgecolor=color)
    axes.plot(x, clips["shrunk"], "o", markersize=4.2, color=color, markeredgewidth=0)
    axes.plot([left, left + 1], [0, 0], color=LINE, linewidth=0.8)
