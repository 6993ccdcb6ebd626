"""Figure: who and what was left out."""

from typing import TYPE_CHECKING

from analysis.canvas import INK, LINE, PAPER, SOFT, size_figure
from analysis.figures.accounted import Tried
from analysis.figures.marks import set_title_of
from analysis.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Who and what was left out?"
ROW = 1.0
SIDE = 0.66
"""Where the boxes of what was left out begin, in widths of the figure."""


def draw(explored: Tried) -> "Figure":
    """Draw the flow of people, then of judgments, with a box to the side per rule that left any out."""
    study = explored.study
    people = [(stage, n) for stage, n in study.responses.flow.items() if stage != "withdrawn"]
    applied = [step for step in study.exclusions.steps[1:] if step.left_out]
    first, last = study.exclusions.steps[0], study.exclusions.steps[-1]
    rows = len(people) + 2 + len(applied)
    figure = size_figure(0.78 * rows)
    axes = figure.add_subplot()
    set_title_of(axes, TITLE, study)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(rows - 0.5, -0.6)
    for i, (stage, n) in enumerate(people):
        _draw_box(axes, i, f"{stage}: {count(n, 'person', 'people')}", SOFT)
        lost = people[i - 1][1] - n if i else 0
        if lost > 0:
            _draw_aside(axes, i - 0.5, f"{count(lost, 'person', 'people')} went no further")
    top = len(people)
    _draw_box(axes, top, f"in the file: {_describe(first.judgments, first.listeners, first.clips)}", INK)
    for i, step in enumerate(applied, start=top):
        _draw_aside(axes, i + 0.72, f"{step.name}:\n{count(step.left_out or 0, 'judgment')} left out")
    bottom = rows - 1
    _draw_box(axes, bottom, f"analyzed: {_describe(last.judgments, last.listeners, last.clips)}", INK)
    for i in range(bottom):
        if i < top or i == top:
            end = i + 1 if i < top else bottom
            arrow = {"arrowstyle": "-|>", "color": SOFT, "linewidth": 1.2}
            axes.annotate("", (0.31, end - 0.3), (0.31, i + 0.3), arrowprops=arrow)
    return figure


def read(explored: Tried) -> str:
    """Return the figure in a sentence."""
    steps = explored.study.exclusions.steps
    out = steps[0].judgments - steps[-1].judgments
    if not out:
        return f"All {count(steps[0].judgments, 'judgment')} in the file were analyzed; no rule left one out."
    most = max((step for step in steps if step.left_out), key=lambda step: step.left_out or 0)
    return (
        f"{out:,} of {count(steps[0].judgments, 'judgment')} were left out, most of them "
        f"({most.left_out or 0:,}) under the rule \u201c{most.name}\u201d; {steps[-1].listeners:,} of "
        f"{count(steps[0].listeners, 'listener')} remain."
    )


def _describe(judgments: int, listeners: int, clips: int) -> str:
    return f"{count(judgments, 'judgment')}\n{count(listeners, 'listener')}, {count(clips, 'clip')}"


def _draw_box(axes: "Axes", row: float, text: str, color: str) -> None:
    box = {"boxstyle": "round,pad=0.45,rounding_size=0.3", "facecolor": PAPER, "edgecolor": color}
    axes.text(0.31, row, text, ha="center", va="center", fontsize=9.5, bbox=box, color=INK)


def _draw_aside(axes: "Axes", row: float, text: str) -> None:
    axes.plot([0.31, SIDE], [row, row], color=LINE, linewidth=1.2, zorder=0)
    box = {"boxstyle": "square,pad=0.3", "facecolor": PAPER, "edgecolor": "none"}
    axes.text(SIDE, row, text, ha="left", va="center", fontsize=8.5, color=SOFT, bbox=box)
