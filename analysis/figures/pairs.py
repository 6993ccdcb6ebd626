"""Figure: in pairs, how often was the human clip found, and did listeners lean to one side."""

from typing import TYPE_CHECKING

from analysis.asked_exploration import PairExploration
from analysis.canvas import SOFT, explain, size_figure
from analysis.figures.marks import color_of, draw_estimate, draw_mark, name_rows, set_title_of
from analysis.figures.ticks import set_percent
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How often was the human clip found?"


def draw(explored: PairExploration) -> "Figure":
    """Draw each generator's share of pairs answered correctly, and that of first clips chosen."""
    pairs = explored.study.findings.pairs
    figure = size_figure(len(pairs) + 0.6)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2, 1])
    set_title_of(left, TITLE, explored.study)
    for row, pair in enumerate(pairs):
        color = color_of(explored.study, pair.system)
        draw_estimate(left, row, pair.correct, color, percent(pair.correct.value))
        draw_estimate(right, row, pair.first_bias, SOFT, percent(pair.first_bias.value))
    for axes, label in ((left, "human clip found"), (right, "first clip chosen")):
        draw_mark(axes, 0.5)
        set_percent(axes)
        axes.set_xlabel(label)
    right.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    name_rows(left, [pair.system for pair in pairs])
    right.tick_params(axis="y", labelleft=False)
    explain(left, "50% on the left is guessing, on the right no lean to either side")
    return figure


def read(explored: PairExploration) -> str:
    """Return the figure in a sentence."""
    pairs = explored.study.findings.pairs
    hardest = min(pairs, key=lambda pair: (pair.correct.value, pair.system))
    leaning = [pair.system for pair in pairs if _leans(pair.first_bias.low, pair.first_bias.high)]
    side = (
        f"listeners leant to one side in pairs with {', '.join(leaning)}"
        if leaning
        else "no lean to a side was shown"
    )
    least = "least often " if len(pairs) > 1 else ""
    return (
        f"The human clip was found {least}beside {hardest.system}, in {percent(hardest.correct.value)} of "
        f"pairs, where guessing gives 50%; {side}."
    )


def _leans(low: float | None, high: float | None) -> bool:
    middle = 0.5
    return low is not None and high is not None and not low <= middle <= high
