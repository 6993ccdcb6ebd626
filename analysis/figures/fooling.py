"""Figure: how often was each system called human."""

from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import LINE, explain
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, draw_estimate, draw_mark, name_rows, start
from analysis.figures.ticks import set_percent
from analysis.findings import Study
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "How often was each system called human?"
BIN = 0.05
"""Width of the stacks of dots, in share."""


def draw(explored: Exploration) -> "Figure":
    """Draw each system's share of judgments "human" with its interval, over a dot per clip."""
    found = explored.study.findings
    rows = found.systems
    figure, axes = start(explored.study, len(rows) * 1.1, TITLE)
    human = found.human.rate
    if human.low is not None and human.high is not None:
        axes.axvspan(human.low, human.high, color=LINE, alpha=0.55, linewidth=0)
    draw_mark(axes, human.value)
    for row, fooling in enumerate(rows):
        _draw_clips(axes, row, explored.study, fooling.system)
        color = color_of(explored.study, fooling.system)
        draw_estimate(axes, row, fooling.rate, color, percent(fooling.rate.value))
    name_rows(axes, [fooling.system for fooling in rows])
    set_percent(axes)
    explain(axes, 'judged "human"; small dots are clips, the band is human music')
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    found = explored.study.findings
    rates = sorted(found.generators, key=lambda g: (-g.fooling.rate.value, g.system))
    best = rates[0]
    start_ = f"{best.system} was taken for human"
    if len(rates) > 1:
        start_ = f"Of the generators, {start_} most often,"
    return (
        f"{start_} in {percent(best.fooling.rate.value)} of its trials; human clips themselves were called "
        f"human in {percent(found.human.rate.value)}, and that, not half, is the mark to compare with."
    )


def _draw_clips(axes: "Axes", row: int, study: Study, system: str) -> None:
    """Draw a dot per clip below the row's line; equal shares are stacked, by rank instead of by chance."""
    clips = study.findings.clips
    shares = np.sort(clips.loc[clips["system"] == system, "judged_human"].to_numpy())
    bins = np.floor(shares / BIN + 0.5 + 1e-9).astype(np.int64)
    height = np.arange(len(bins)) - np.searchsorted(bins, bins)
    step = min(0.06, 0.3 / max(1, height.max()))
    color = color_of(study, system)
    axes.plot(shares, row + 0.16 + step * height, ".", color=color, alpha=0.55, markersize=5.5)
