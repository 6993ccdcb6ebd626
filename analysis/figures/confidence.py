"""Figure: were the confident right."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.canvas import GENERATORS, PAPER, explain
from analysis.figures.accounted import Explored
from analysis.figures.marks import draw_mark, start
from analysis.figures.roc import describe_area
from analysis.figures.ticks import set_percent
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Were the confident right?"
MOST = 12
"""Of more levels of confidence, so many are drawn."""


def explain_absence(explored: Explored) -> str:
    """Return why there is no calibration curve; empty where there is one."""
    confidence = explored.study.findings.confidence
    if confidence is None or confidence.levels is None or len(confidence.levels) < 2:  # noqa: PLR2004
        return (confidence.because if confidence else "") or "there are no several levels of confidence"
    return ""


def draw(explored: Explored) -> "Figure":
    """Draw the share correct at each level of confidence; larger dots are more judgments."""
    figure, axes = start(explored.study, 3.4, TITLE)
    levels = list_levels(explored)
    color = GENERATORS[0]
    known = levels.dropna(subset=["low", "high"])
    axes.vlines(known["confidence"], known["low"], known["high"], color=color, linewidth=3)
    axes.plot(levels["confidence"], levels["correct"], color=color, linewidth=1, alpha=0.6)
    size = 40 + 260 * levels["n_trials"] / levels["n_trials"].max()
    axes.scatter(levels["confidence"], levels["correct"], s=size, color=color, edgecolor=PAPER, zorder=3)
    draw_mark(axes, 0.5, along="y")
    axes.set_xticks(levels["confidence"], [f"{level:g}" for level in levels["confidence"]])
    set_percent(axes, "y")
    axes.grid(visible=True, axis="y")
    explain(axes, "confidence, from guessing to certain; larger dots are more judgments")
    axes.set_ylabel("answered correctly")
    return figure


def read(explored: Explored) -> str:
    """Return the figure in a sentence."""
    levels = list_levels(explored)
    first, last = float(levels["correct"].iloc[0]), float(levels["correct"].iloc[-1])
    how = "more often" if last > first else "no more often"
    return (
        f"At their most confident, listeners were right {how} than at their least: {percent(last)} against "
        f"{percent(first)} of these judgments.{_read_insight(explored)}"
    )


def _read_insight(explored: Explored) -> str:
    """Return how often the correct were surer; nothing where that has no interval."""
    confidence = explored.study.findings.confidence
    area = None if confidence is None else confidence.type_2_auc
    if area is None or area.low is None:
        return ""
    surer = "A correct judgment was given with more confidence than a wrong one, ties half,"
    return f" {surer} {describe_area(area)} of the time; 50% is no insight."


def list_levels(explored: Explored) -> pd.DataFrame:
    """Return the levels of confidence, at most `MOST`, evenly taken."""
    confidence = explored.study.findings.confidence
    levels = pd.DataFrame() if confidence is None or confidence.levels is None else confidence.levels
    places = np.unique(np.linspace(0, len(levels) - 1, min(MOST, len(levels))).round().astype(int))
    return levels.iloc[places].astype({"low": "float64", "high": "float64"})
