"""Figure: does the answer hang on how the data were analyzed."""

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import INK, LINE, SOFT, size_figure
from analysis.figures.accounted import Tried
from analysis.figures.marks import color_of, draw_mark, set_title_of, shorten
from analysis.sensitivity import Specification
from analysis.wording import decimal, sign_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Does the answer hang on the choices made?"
PLAN = "as planned"
SPREAD, MOST_SPREAD = 0.22, 0.8
"""Between systems of one combination, in columns; all of them take at most the second."""
ROOM = 0.12
"""For a row of the legend, in heights of the figure."""


def explain_absence(explored: Tried) -> str:
    """Return why there is no curve; empty where there is one."""
    if not explored.sensitivity.options:
        return "the data allow no other choice: nothing was left out, and order and confidence are unknown"
    return ""


def draw(explored: Tried) -> "Figure":
    """Draw each generator's answer under every combination of choices, and the choices below."""
    options = explored.sensitivity.options
    figure = size_figure(4.2 + 0.45 * len(options))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4.2, 0.5 + 0.5 * len(options)])
    set_title_of(upper, TITLE, explored.study)
    draw_mark(upper, 0, along="y")
    order = order_choices(explored)
    systems = list(dict.fromkeys(one.system for one in explored.sensitivity.specifications))
    for i, system in enumerate(systems):
        step = min(SPREAD, MOST_SPREAD / len(systems))
        _draw_curve(upper, explored, system, order, shift=step * (i - (len(systems) - 1) / 2))
    upper.yaxis.set_major_formatter(lambda tick, _: _show(explored, tick))
    upper.grid(visible=True, axis="y")
    upper.tick_params(axis="x", length=0)
    unit = ", points" if explored.sensitivity.in_points else ""
    upper.set_ylabel(textwrap.fill(explored.sensitivity.answer + unit, 30))
    columns = 3 if len(systems) <= 3 else 2  # noqa: PLR2004 (in a row)
    legend = upper.legend(loc="upper left", bbox_to_anchor=(0, 1.0), ncols=columns, handlelength=1)
    legend.set_in_layout(False)
    low, high = upper.get_ylim()
    upper.set_ylim(low, high + ROOM * -(-len(systems) // columns) * (high - low))
    _draw_choices(lower, options, order)
    return figure


def read(explored: Tried) -> str:
    """Return the figure in a sentence."""
    parts = []
    for system in dict.fromkeys(one.system for one in explored.sensitivity.specifications):
        own = [one.difference for one in explored.sensitivity.specifications if one.system == system]
        values = [difference.value for difference in own]
        clear = sum(difference.excludes_zero for difference in own)
        low, high = (_show(explored, value) for value in (min(values), max(values)))
        unit = " points" if explored.sensitivity.in_points else ""
        parts.append(f"{system} between {low} and {high}{unit}, clear of 0 in {clear} of {len(own)}")
    ranges = "; for ".join(parts)
    return f"Under every combination of these choices, the {explored.sensitivity.answer} lies for {ranges}."


def _show(explored: Tried, value: float) -> str:
    if explored.sensitivity.in_points:
        return sign_points(value)
    return decimal(value, sign=bool(round(value, 2)))


def order_choices(explored: Tried) -> list[tuple[str, ...]]:
    """Return the combinations, ordered by the first generator's difference."""
    specifications = explored.sensitivity.specifications
    first = [one for one in specifications if one.system == specifications[0].system]
    return [one.choices for one in sorted(first, key=lambda one: (one.difference.value, one.choices))]


def _draw_curve(
    axes: "Axes", explored: Tried, system: str, order: list[tuple[str, ...]], *, shift: float
) -> None:
    own: dict[tuple[str, ...], Specification] = {
        one.choices: one for one in explored.sensitivity.specifications if one.system == system
    }
    color = color_of(explored.study, system)
    for x, choices in enumerate(order):
        if choices not in own:
            continue
        difference = own[choices].difference
        if difference.low is not None and difference.high is not None:
            axes.vlines(x + shift, difference.low, difference.high, color=color, alpha=0.45, linewidth=2)
        mark, size = ("D", 7) if not choices else ("o", 4.5)
        edge = INK if not choices else color
        axes.plot(x + shift, difference.value, mark, color=color, markersize=size, markeredgecolor=edge)
    axes.plot([], [], "o", color=color, label=shorten(system, 20))


def _draw_choices(axes: "Axes", options: tuple[str, ...], order: list[tuple[str, ...]]) -> None:
    names = (*options, PLAN)
    for row, name in enumerate(names):
        on = np.array([name in choices or (name == PLAN and not choices) for choices in order])
        x = np.arange(len(order))
        axes.plot(x[~on], np.full((~on).sum(), row), "o", color=LINE, markersize=4)
        axes.plot(x[on], np.full(on.sum(), row), "D" if name == PLAN else "o", color=SOFT, markersize=5)
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
