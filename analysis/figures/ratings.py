"""Figure: how each system was rated."""

from typing import TYPE_CHECKING

from analysis.asked_exploration import RatingExploration
from analysis.canvas import DARK, INK, PAPER, explain, size_figure
from analysis.figures.marks import name_rows, set_title_of
from analysis.figures.ticks import set_percent
from analysis.wording import decimal
from study_core.types import HUMAN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How was each system rated?"
COLORS = ("#e69f00", "#f2efe9", "#56b4e9")
"""Of the lowest, the middle and the highest rating."""
ROOM = 0.07


def draw(explored: RatingExploration) -> "Figure":
    """Draw the share of every level per system, the lowest on the left, with the mean at the end."""
    from matplotlib.colors import LinearSegmentedColormap

    ratings = explored.study.findings.ratings
    figure = size_figure(0.8 * len(ratings) + 0.5)
    axes = figure.add_subplot()
    set_title_of(axes, TITLE, explored.study)
    levels = sorted({level for rating in ratings for level in rating.shares["rating"]})
    colors = LinearSegmentedColormap.from_list("ratings", list(COLORS))
    for row, rating in enumerate(ratings):
        left, shares = 0.0, rating.shares.set_index("rating")["share"]
        for i, level in enumerate(levels):
            share = float(shares.get(level, 0.0))
            color = colors(i / max(1, len(levels) - 1))
            axes.barh(row, share, left=left, color=color, edgecolor=PAPER, height=0.62)
            if share >= ROOM:
                axes.text(left + share / 2, row, f"{level:g}", ha="center", va="center", color=DARK)
            left += share
        axes.annotate(decimal(rating.mean.value), (1.02, row), va="center", weight="bold", color=INK)
    name_rows(axes, [rating.system for rating in ratings])
    set_percent(axes)
    axes.set_xlim(0, 1.12)
    explain(axes, "share of judgments at each rating, lowest on the left; at the end, the mean")
    return figure


def read(explored: RatingExploration) -> str:
    """Return the figure in a sentence."""
    best, *_, worst = sorted(
        explored.study.findings.ratings, key=lambda rating: (-rating.mean.value, rating.system)
    )
    sentence = (
        f"{_name(best.system)} rated highest, {decimal(best.mean.value)} on average, and "
        f"{_name(worst.system)} lowest, {decimal(worst.mean.value)}."
    )
    return sentence[0].upper() + sentence[1:] if best.system == HUMAN else sentence


def _name(system: str) -> str:
    return "human clips were" if system == HUMAN else f"{system} was"
