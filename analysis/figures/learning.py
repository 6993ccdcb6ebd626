"""Figure: did listeners become better in the course of a session."""

from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, PAPER, explain
from analysis.figures.accounted import Traced
from analysis.figures.marks import draw_mark, start
from analysis.figures.ticks import set_percent
from analysis.outcomes import OUTCOMES, Outcome
from analysis.wording import decimal, percent, sign_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Did listeners learn on the way?"


def explain_absence(explored: Traced) -> str:
    """Return why there is no curve; empty where there is one."""
    return explored.learning.because if explored.learning.curve is None else ""


def draw(explored: Traced) -> "Figure":
    """Draw the outcome by place in the session."""
    curve, outcome = explored.learning.curve, OUTCOMES[explored.learning.outcome]
    figure, axes = start(explored.study, 3.2, TITLE)
    if curve is None:
        return figure
    color, place = GENERATORS[0], range(len(curve))
    low, high = (curve[name].astype("float64") for name in ("low", "high"))
    axes.fill_between(place, low, high, color=color, alpha=0.16, linewidth=0)
    axes.plot(place, curve[outcome.name], "-o", color=color, linewidth=2, markersize=7, markeredgecolor=PAPER)
    draw_mark(axes, outcome.guessing or 0, along="y")
    pairs = zip(curve["first"], curve["last"], strict=True)
    axes.set_xticks(place, [f"{a}" if a == b else f"{a}\u2013{b}" for a, b in pairs])
    if outcome.in_points:
        set_percent(axes, "y")
    axes.grid(visible=True, axis="y")
    explain(axes, "trials of a session, in order; the band is the interval")
    axes.set_ylabel("human clips rated higher by" if outcome.is_gap else "answered correctly")
    return figure


def read(explored: Traced) -> str:
    """Return the figure in a sentence."""
    learned, outcome = explored.learning, OUTCOMES[explored.learning.outcome]
    trend, curve = learned.trend, learned.curve
    if trend is None or trend.low is None or trend.high is None:
        return f"Whether listeners became better cannot be estimated because {learned.because}."
    low, value, high = (_show(end, outcome) for end in (trend.low, trend.value, trend.high))
    unit = " points" if outcome.in_points else ""
    change = f"{value}{unit} per ten trials ({low} to {high})"
    what = f"the {outcome.words}{' in the ratings' if outcome.is_gap else ''}"
    if not trend.excludes_zero:
        return f"No learning was shown: {what} changed by {change}."
    verb = "became better" if trend.value > 0 else "became worse"
    first = ""
    if curve is not None:
        at = float(curve[outcome.name].iloc[0])
        first = f", from {percent(at) if outcome.in_points else _show(at, outcome)} at the start"
    how = "telling human clips from generated ones" if outcome.is_gap else "telling them apart"
    return f"Listeners {verb} at {how} on the way: {what} changed by {change}{first}."


def _show(value: float, outcome: Outcome) -> str:
    return sign_points(value, 1) if outcome.in_points else decimal(value, sign=True)
