"""Figure: what would more listeners or more clips have bought."""

from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import ALERT, INK, SOFT
from analysis.exploration import Exploration
from analysis.figures.marks import shorten, start
from analysis.precision import Precision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "What would more listeners or clips buy?"
FIRST_TICK = 10
LABEL_SHARE = 0.06
"""Of the axis: what a line's label takes."""


def explain_absence(explored: Exploration) -> str:
    """Return why no other design can be planned from this study; empty where one can."""
    return "" if _find_widest(explored) else "the study is too small to plan another from"


def draw(explored: Exploration) -> "Figure":
    """Draw the half-width of the widest rate's interval by listeners, a line per number of clips."""
    figure, axes = start(explored.study, 3.8, TITLE)
    plan = _find_widest(explored)
    if plan is None or plan.table is None or plan.half_width is None:
        return figure
    top = min(50, 1.08 * 100 * plan.table["half_width"].max())
    last = int(plan.table["listeners"].max())
    lowest = 0.0
    for clips, rows in reversed(list(plan.table.groupby("clips"))):
        shade = 0.25 + 0.75 * (1 - np.log(int(str(clips)) / 4) / np.log(25))
        axes.plot(rows["listeners"], 100 * rows["half_width"], color="#0072b2", alpha=shade, linewidth=2)
        place = max(lowest, 100 * rows["half_width"].iloc[-1])
        axes.annotate(
            f"{clips} clips", (last, place), (6, 0), textcoords="offset points", va="center", fontsize=9
        )
        lowest = place + LABEL_SHARE * top
    axes.plot(plan.n_listeners, 100 * plan.half_width, "D", color=ALERT, markersize=8, label="this study")
    axes.set_xscale("log")
    ticks = [FIRST_TICK * 2**i for i in range(int(np.log2(last / FIRST_TICK)) + 1)]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(9, last * (last / FIRST_TICK) ** 0.17)
    axes.set_ylim(0, top)
    axes.grid(visible=True)
    axes.set_xlabel("listeners")
    axes.set_ylabel("points to each side of the rate")
    axes.legend(loc="upper right", title=f"rate of {shorten(plan.system, 20)}", labelcolor=INK)
    axes.yaxis.label.set_color(SOFT)
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    plan = _find_widest(explored)
    if plan is None or plan.table is None or plan.half_width is None:
        return ""
    table = plan.table.set_index(["clips", "listeners"])["half_width"]
    many_listeners, many_clips = 100 * table[10, 480], 100 * table[100, 60]
    return (
        f"With {plan.n_listeners} listeners and {plan.n_clips} clips, the rate of {plan.system} is known to "
        f"\u00b1{100 * plan.half_width:.0f} points; 480 listeners with 10 clips would give "
        f"\u00b1{many_listeners:.0f}, 60 listeners with 100 clips \u00b1{many_clips:.0f}."
    )


def _find_widest(explored: Exploration) -> Precision | None:
    """Return the plan of the generator whose rate is known least well."""
    known = [plan for plan in explored.precision if plan.half_width is not None]
    return max(known, key=lambda plan: plan.half_width or 0, default=None)
