"""Figure: would another method have given another answer."""

from typing import TYPE_CHECKING

from analysis.canvas import ALERT, INK, PAPER, SOFT, explain
from analysis.comparison import INDEPENDENT, LISTENERS_ONLY, Comparison
from analysis.estimates import Estimate
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, draw_mark, shorten, start
from analysis.figures.ticks import list_ends, set_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Would another method have answered otherwise?"


def explain_absence(explored: Exploration) -> str:
    """Return why there is nothing to compare; empty where there is."""
    return "" if list_differences(explored) else "no difference was estimated by several methods"


def draw(explored: Exploration) -> "Figure":
    """Draw each generator's difference to the human clips by every method."""
    comparisons = list_differences(explored)
    rows = [(one, estimate) for one in comparisons for estimate in (one.primary, *one.others)]
    figure, axes = start(explored.study, 0.55 * (len(rows) + 0.8 * len(comparisons)), TITLE)
    draw_mark(axes, 0)
    names, row = [], 0.0
    for comparison in comparisons:
        for i, estimate in enumerate((comparison.primary, *comparison.others)):
            color = color_of(explored.study, comparison.system)
            _draw_line(axes, row, estimate, ALERT if is_naive(estimate) else color, primary=i == 0)
            names.append((row, _name(comparison, estimate, first=i == 0)))
            row += 1
        row += 0.8
    axes.set_yticks([place for place, _ in names], [name for _, name in names])
    axes.set_ylim(row - 1.2, -0.8)
    set_points(axes, list_ends(estimate for _, estimate in rows))
    explain(axes, "points judged human more (+) or less often than human clips; red lines are too narrow")
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    comparisons = list_differences(explored)
    apart = [one.disagreement for one in comparisons if one.disagreement]
    if apart:
        return " ".join(apart)
    ratios = [
        ((one.primary.high or 0) - (one.primary.low or 0)) / ((naive.high or 0) - (naive.low or 0))
        for one in comparisons
        for naive in one.others
        if naive.method == INDEPENDENT
        and naive.low is not None
        and naive.high is not None
        and naive.high > naive.low
    ]
    text = _compare_decisions(comparisons)
    if ratios and max(ratios) > 1:
        text += (
            "; the interval that takes every judgment as independent would have been "
            f"{max(ratios):.1f} times too narrow"
        )
    return f"{text}."


def _compare_decisions(comparisons: list[Comparison]) -> str:
    """Return whether the methods that are not too narrow decide alike, as far as they have intervals."""
    lines = [[line for line in (one.primary, *one.others) if not is_naive(line)] for one in comparisons]
    known = [[line for line in some if line.low is not None] for some in lines]
    several = [some for some in known if len(some) > 1]
    if not several:
        return "No two sound methods gave an interval to compare"
    if any(len({line.excludes_zero for line in some}) > 1 for some in several):
        return (
            "Not all sound methods lead to the same decisions, so the evidence is on the edge: "
            "rest no conclusion on it"
        )
    where = "" if len(several) == len(comparisons) else " where several gave an interval"
    return f"All sound methods lead to the same decisions{where}"


def list_differences(explored: Exploration) -> list[Comparison]:
    """Return the comparisons of differences to the human clips that have an interval."""
    comparisons = explored.study.findings.comparisons
    return [one for one in comparisons if one.quantity == "difference" and one.others]


def is_naive(estimate: Estimate) -> bool:
    """Tell whether a method takes judgments or clips as independent."""
    return estimate.method in (INDEPENDENT, LISTENERS_ONLY)


def _name(comparison: Comparison, estimate: Estimate, *, first: bool) -> str:
    return f"{shorten(comparison.system, 12)}: {estimate.method}" if first else shorten(estimate.method, 34)


def _draw_line(axes: "Axes", row: float, estimate: Estimate, color: str, *, primary: bool) -> None:
    if estimate.low is None or estimate.high is None:
        place = (estimate.value, row)
        axes.annotate("no interval", place, (8, 0), textcoords="offset points", va="center", color=SOFT)
    else:
        axes.plot([estimate.low, estimate.high], [row, row], color=color, linewidth=4 if primary else 1.8)
    size = 8 if primary else 5
    axes.plot(estimate.value, row, "o", color=color, markersize=size, markeredgecolor=PAPER)
    axes.tick_params(axis="y", labelsize=8.5, labelcolor=INK)
