"""Figure: who was better at it."""

from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, INK, PAPER, SOFT, explain
from analysis.figures.accounted import Explored
from analysis.figures.marks import draw_mark, set_percent, shorten, start
from analysis.moderators import Moderator
from analysis.readings import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Who was better at it?"
CLEAR = 0.05


def explain_absence(explored: Explored) -> str:
    """Return why no groups can be compared; empty where some can."""
    if _list_known(explored):
        return ""
    reasons = [f"{one.name.replace('_', ' ')}: {one.because}" for one in explored.moderators if one.because]
    return "; ".join(reasons) or "the data hold no facts about the listeners"


def draw(explored: Explored) -> "Figure":
    """Draw the share correct of each group of each moderator."""
    known = _list_known(explored)
    n_rows = sum(len(one.groups) + 1 for one in known if one.groups is not None)
    figure, axes = start(explored.study, 0.5 * n_rows + 0.3, TITLE)
    draw_mark(axes, 0.5)
    row, ticks = 0.0, []
    for i, one in enumerate(known):
        if one.groups is None:
            continue
        ticks.append((row, one.name.replace("_", " ").upper()))
        for _, group in one.groups.iterrows():
            row += 1
            color = GENERATORS[i % len(GENERATORS)]
            if group["low"] is not None and group["low"] == group["low"]:
                axes.plot([group["low"], group["high"]], [row, row], color=color, linewidth=2.6)
            axes.plot(group["correct"], row, "o", color=color, markersize=8, markeredgecolor=PAPER)
            ticks.append((row, f"{shorten(str(group['group']), 20)}  ({group['n_listeners']})"))
        row += 1.2
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=9)
    for label in axes.get_yticklabels():
        label.set_color(SOFT if label.get_text().isupper() else INK)
    axes.set_ylim(row - 0.6, -0.7)
    set_percent(axes)
    explain(axes, "answered correctly; in brackets, listeners")
    return figure


def read(explored: Explored) -> str:
    """Return the figure in a sentence."""
    known = _list_known(explored)
    clear = [one for one in known if one.p_adjusted is not None and one.p_adjusted < CLEAR]
    names = ", ".join(one.name.replace("_", " ") for one in known)
    if not clear:
        return f"No fact about the listeners ({names}) was shown to go with being right more often."
    return f"Of {names}: {'; '.join(_describe(one) for one in clear)}."


def _list_known(explored: Explored) -> list[Moderator]:
    return [one for one in explored.moderators if one.groups is not None and len(one.groups) > 1]


def _describe(one: Moderator) -> str:
    name = one.name.replace("_", " ")
    if one.slope is not None:
        return f"{100 * abs(one.slope.value):.0f} points {_more(one.slope.value)} correct per SD of {name}"
    if one.groups is None:
        return name
    best = one.groups.iloc[int(one.groups["correct"].to_numpy().argmax())]
    return f"{name} mattered, best where it was {best['group']} ({percent(best['correct'])} correct)"


def _more(value: float) -> str:
    return "more" if value > 0 else "fewer"
