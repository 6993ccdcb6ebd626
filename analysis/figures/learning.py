"""Figure: did listeners become better in the course of a session."""

from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, PAPER, explain
from analysis.figures.accounted import Explored
from analysis.figures.marks import draw_mark, set_percent, start
from analysis.readings import percent, sign_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Did listeners learn on the way?"


def explain_absence(explored: Explored) -> str:
    """Return why there is no curve; empty where there is one."""
    return explored.learning.because if explored.learning.curve is None else ""


def draw(explored: Explored) -> "Figure":
    """Draw the share correct by place in the session."""
    curve = explored.learning.curve
    figure, axes = start(explored.study, 3.2, TITLE)
    if curve is None:
        return figure
    color, place = GENERATORS[0], range(len(curve))
    low, high = (curve[name].astype("float64") for name in ("low", "high"))
    axes.fill_between(place, low, high, color=color, alpha=0.16, linewidth=0)
    axes.plot(place, curve["correct"], "-o", color=color, linewidth=2, markersize=7, markeredgecolor=PAPER)
    draw_mark(axes, 0.5, along="y")
    pairs = zip(curve["first"], curve["last"], strict=True)
    axes.set_xticks(place, [f"{a}" if a == b else f"{a}\u2013{b}" for a, b in pairs])
    set_percent(axes, "y")
    axes.grid(visible=True, axis="y")
    explain(axes, "trials of a session, in order; the band is the interval")
    axes.set_ylabel("answered correctly")
    return figure


def read(explored: Explored) -> str:
    """Return the figure in a sentence."""
    trend, curve = explored.learning.trend, explored.learning.curve
    if trend is None or trend.low is None or trend.high is None:
        return f"Whether listeners became better cannot be estimated because {explored.learning.because}."
    low, high = sign_points(trend.low, 1), sign_points(trend.high, 1)
    change = f"{sign_points(trend.value, 1)} points per ten trials ({low} to {high})"
    if not trend.excludes_zero:
        return f"No learning was shown: the share correct changed by {change}."
    verb = "became better" if trend.value > 0 else "became worse"
    first = "" if curve is None else f", from {percent(curve['correct'].iloc[0])} at the start"
    return f"Listeners {verb} on the way, by {change}{first}."
