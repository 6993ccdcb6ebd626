"""Figure: is a share equal to one half: pairs to guessing, ratings to those of human clips."""

from typing import TYPE_CHECKING

from analysis.asked_exploration import Asked
from analysis.canvas import LINE, PAPER, explain
from analysis.equivalence import Claim, Verdict
from analysis.figures.marks import color_of, draw_mark, name_rows, start
from analysis.figures.ticks import set_percent
from analysis.paradigms import PairStudy
from analysis.wording import needed_points, percent, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Is it equal to human music?"
MIDDLE, MARGIN = 0.5, 0.02
_EQUAL = (Verdict.EQUAL, Verdict.DIFFERENT_WITHIN_BOUND)


def explain_absence(explored: Asked) -> str:
    """Return why nothing can be tested; empty where something can."""
    return "" if _list_declared(explored) else "no share has an interval"


def draw(explored: Asked) -> "Figure":
    """Draw the interval of each generator's test against the declared bound around one half."""
    claims = _list_declared(explored)
    figure, axes = start(explored.study, len(claims) + 0.3, TITLE)
    bound = claims[0].test.bound
    axes.axvspan(MIDDLE - bound, MIDDLE + bound, color=LINE, alpha=0.55, linewidth=0)
    draw_mark(axes, MIDDLE)
    ends = [MIDDLE - 2 * bound, MIDDLE + 2 * bound]
    for row, claim in enumerate(claims):
        low, high = claim.test.low or 0.0, claim.test.high or 0.0
        color, middle = color_of(explored.study, claim.system), (low + high) / 2
        axes.plot([low, high], [row, row], color=color, linewidth=5, solid_capstyle="butt")
        axes.plot(middle, row, "o", color=color, markersize=10, markeredgecolor=PAPER)
        style = {"textcoords": "offset points", "ha": "center", "weight": "bold"}
        axes.annotate(str(claim.test.verdict), (middle, row), (0, 10), **style)  # type: ignore[arg-type]
        ends += [low, high]
    name_rows(axes, [claim.system for claim in claims])
    set_percent(axes, low=max(0.0, min(ends) - MARGIN), high=min(1.0, max(ends) + MARGIN))
    if isinstance(explored.study, PairStudy):
        explain(axes, "pairs in which the human clip was found; 50% is guessing, the band is the bound")
    else:
        explain(axes, "chance to be rated above a human clip; at 50% both are alike, the band is the bound")
    return figure


def read(explored: Asked) -> str:
    """Return the figure in a sentence."""
    claims = _list_declared(explored)
    bound = points(claims[0].test.bound)
    equal = [claim.system for claim in claims if claim.test.verdict in _EQUAL]
    if equal:
        return (
            f"The interval of the test lies within {bound} of 50% for {', '.join(equal)}: any difference to "
            "human music is smaller than what was declared to matter."
        )
    smallest = min(claims, key=lambda claim: (claim.test.smallest_bound or 1.0, claim.system))
    need = "" if smallest.test.smallest_bound is None else needed_points(smallest.test.smallest_bound)
    return (
        f"No generator was shown to be equal to human music within {bound} of {percent(MIDDLE)}; the "
        f"closest, {smallest.system}, would have needed a bound of {need}."
    )


def _list_declared(explored: Asked) -> list[Claim]:
    claims = explored.study.findings.claims
    return [claim for claim in claims if claim.name == "declared" and claim.test.low is not None]
