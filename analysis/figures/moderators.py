"""Figure: who told human clips from generated ones best."""

from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, INK, PAPER, SOFT, explain
from analysis.figures.accounted import Traced
from analysis.figures.marks import draw_mark, shorten, start
from analysis.figures.ticks import set_percent
from analysis.moderators import Moderator
from analysis.outcomes import OUTCOMES
from analysis.wording import count, decimal, percent, points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Who told them apart best?"
CLEAR = 0.05


def explain_absence(explored: Traced) -> str:
    """Return why no groups can be compared; empty where some can."""
    if _list_known(explored):
        return ""
    reasons = [f"{one.name.replace('_', ' ')}: {one.because}" for one in explored.moderators if one.because]
    return "; ".join(reasons) or "the data hold no facts about the listeners"


def draw(explored: Traced) -> "Figure":
    """Draw the outcome (share correct, or lead of human clips) of each group of each moderator."""
    known = _list_known(explored)
    outcome = OUTCOMES[known[0].outcome]
    n_rows = sum(len(one.groups) + 1 for one in known if one.groups is not None)
    figure, axes = start(explored.study, 0.5 * n_rows + 0.3, TITLE)
    draw_mark(axes, outcome.guessing or 0)
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
            axes.plot(group[outcome.name], row, "o", color=color, markersize=8, markeredgecolor=PAPER)
            ticks.append((row, f"{shorten(str(group['group']), 20)}  ({group['n_listeners']})"))
        row += 1.2
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=9)
    for label in axes.get_yticklabels():
        label.set_color(SOFT if label.get_text().isupper() else INK)
    axes.set_ylim(row - 0.6, -0.7)
    if outcome.in_points:
        set_percent(axes)
        explain(axes, "answered correctly; in brackets, listeners")
    else:
        explain(axes, "by how much human clips were rated above generated ones; in brackets, listeners")
    return figure


def read(explored: Traced) -> str:
    """Return the figure in a sentence."""
    known = _list_known(explored)
    clear = [one for one in known if one.p_adjusted is not None and one.p_adjusted < CLEAR]
    names = ", ".join(one.name.replace("_", " ") for one in known)
    if not clear:
        how = (
            "being right more often" if OUTCOMES[known[0].outcome].in_points else "telling them apart better"
        )
        return f"No fact about the listeners ({names}) was shown to go with {how}."
    return (
        f"Of {count(len(known), 'fact')} about the listeners ({names}), {len(clear)} went with the answers "
        f"after adjusting for asking that often: {'; '.join(_describe(one) for one in clear)}."
    )


def _list_known(explored: Traced) -> list[Moderator]:
    """Return the moderators with several groups, of the first outcome only."""
    known = [one for one in explored.moderators if one.groups is not None and len(one.groups) > 1]
    return [one for one in known if one.outcome == known[0].outcome]


def _describe(one: Moderator) -> str:
    name, outcome = one.name.replace("_", " "), OUTCOMES[one.outcome]
    if one.slope is not None:
        value = one.slope.value
        if outcome.in_points:
            return f"{points(value)} {'more' if value > 0 else 'fewer'} correct per SD of {name}"
        how = "further above" if value > 0 else "less far above"
        return f"human clips rated {decimal(abs(value))} {how} generated ones per SD of {name}"
    if one.groups is None:
        return name
    best = one.groups.iloc[int(one.groups[outcome.name].to_numpy().argmax())]
    at = best[outcome.name]
    shown = f"{percent(at)} correct" if outcome.in_points else f"a lead of {decimal(at)}"
    return f"{name} mattered, best where it was {best['group']} ({shown})"
