"""Figure: is it equal to human music."""

from typing import TYPE_CHECKING

from analysis.canvas import LINE, PAPER, explain
from analysis.equivalence import Verdict
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, draw_mark, name_rows, start
from analysis.figures.ticks import set_points
from analysis.wording import needed_points, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Is it equal to human music?"


def explain_absence(explored: Exploration) -> str:
    """Return why nothing can be tested; empty where something can."""
    if any(g.equivalence.low is not None for g in explored.study.findings.generators):
        return ""
    return "no difference to the human clips has an interval"


def draw(explored: Exploration) -> "Figure":
    """Draw each generator's difference, its interval and the test's, against the declared bounds."""
    study = explored.study
    found, bound = study.findings, study.config.equivalence_bound
    figure, axes = start(study, len(found.generators) + 0.3, TITLE)
    axes.axvspan(-bound, bound, color=LINE, alpha=0.55, linewidth=0)
    draw_mark(axes, 0)
    ends = [-bound, bound]
    for row, generator in enumerate(found.generators):
        difference, test = generator.fooling.difference, generator.equivalence
        color = color_of(explored.study, generator.system)
        if difference is None or difference.low is None or difference.high is None:
            axes.annotate("cannot be estimated", (0, row), ha="center", va="center")
            continue
        axes.plot([difference.low, difference.high], [row, row], color=color, linewidth=1.6)
        if test.low is not None and test.high is not None:
            axes.plot([test.low, test.high], [row, row], color=color, linewidth=5, solid_capstyle="butt")
        axes.plot(difference.value, row, "o", color=color, markersize=10, markeredgecolor=PAPER)
        place, offset = (difference.value, row), (0, 10)
        axes.annotate(
            str(test.verdict), place, offset, textcoords="offset points", ha="center", weight="bold"
        )
        ends += [difference.low, difference.high]
    name_rows(axes, [generator.system for generator in found.generators])
    set_points(axes, ends)
    explain(axes, "points judged human more (+) or less often than human clips; the band is the bound")
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    study = explored.study
    bound = points(study.config.equivalence_bound)
    equal = [g.system for g in study.findings.generators if g.equivalence.verdict in _WITHIN]
    if equal:
        return (
            f"The thick line, the interval of the test, lies inside \u00b1{bound} for {', '.join(equal)}: "
            "any difference to human music is smaller than what was declared to matter."
        )
    smallest = [
        (g.equivalence.smallest_bound, g.system)
        for g in study.findings.generators
        if g.equivalence.smallest_bound is not None
    ]
    least, system = min(smallest)
    return (
        f"No generator was shown to be equal to human music within \u00b1{bound}; the closest, {system}, "
        f"would have needed a bound of \u00b1{needed_points(least)}."
    )


_WITHIN = (Verdict.EQUAL, Verdict.DIFFERENT_WITHIN_BOUND)
