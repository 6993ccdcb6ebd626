"""Figure: where do differences between judgments come from."""

from typing import TYPE_CHECKING

from analysis.canvas import DARK, PAPER
from analysis.figures.accounted import Parted
from analysis.figures.marks import start
from analysis.figures.ticks import set_percent
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Where do differences between judgments come from?"
COLORS = ("#56b4e9", "#009e73", "#e69f00", "#c9cdd3")
LARGE = 0.08
"""A part of at least this share has room for its number."""


def explain_absence(explored: Parted) -> str:
    """Return why the variance cannot be parted; empty where it can."""
    spread = explored.study.findings.spread
    if spread is None or spread.components is None:
        return (spread.because if spread else "") or "there is no mixed model of these judgments"
    return ""


def draw(explored: Parted) -> "Figure":
    """Draw the shares of the variance of a judgment's tendency as one bar."""
    figure, axes = start(explored.study, 1.1, TITLE)
    spread = explored.study.findings.spread
    if spread is None or spread.components is None:
        return figure
    left = 0.0
    for i, (who, share) in enumerate(zip(spread.components["who"], spread.components["share"], strict=True)):
        color = COLORS[i % len(COLORS)]
        axes.barh(
            0, share, left=left, color=color, height=0.7, edgecolor=PAPER, label=f"{who} {percent(share)}"
        )
        if share >= LARGE:
            axes.text(
                left + share / 2, 0, percent(share), ha="center", va="center", color=DARK, weight="bold"
            )
        left += share
    set_percent(axes)
    axes.set_yticks([])
    axes.set_ylim(-0.45, 0.45)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.01, -0.35), ncols=2, handlelength=1, handleheight=1)
    figure.draw_without_rendering()  # a layout with a legend outside settles in its second pass
    return figure


def read(explored: Parted) -> str:
    """Return the figure in a sentence."""
    spread = explored.study.findings.spread
    if spread is None or spread.components is None:
        return ""
    table = spread.components.set_index("who")["share"]
    people = sum(float(share) for who, share in table.items() if str(who).startswith("listener"))
    clips = sum(float(share) for who, share in table.items() if str(who).startswith("clip"))
    return (
        f"Of what makes one judgment of a system differ from another, {percent(people)} lies in who listens "
        f"and {percent(clips)} in which clip is heard; the rest is the single judgment."
    )
