"""Figure: what reasons did listeners give."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.canvas import GENERATORS
from analysis.figures.accounted import Traced
from analysis.figures.marks import name_rows, start
from analysis.reasons import OTHER
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "What reasons did listeners give?"
ANSWERS = {
    "human": "\u201chuman\u201d",
    "computer": "\u201ccomputer\u201d",
    "right": "a right answer",
    "wrong": "a wrong answer",
    "high": "a rating above one\u2019s own mean",
    "low": "a lower rating",
}
"""What the sides of `analysis.reasons` are called."""
OFTEN = 5
"""A head that fewer texts name says nothing of an answer."""


def explain_absence(explored: Traced) -> str:
    """Return why there are no reasons; empty where there are."""
    return explored.reasons.because


def draw(explored: Traced) -> "Figure":
    """Draw how many texts name each head, beside either answer."""
    table = _list_heads(explored)
    figure, axes = start(explored.study, 0.5 * len(table) + 0.4, TITLE)
    rows = range(len(table))
    if explored.reasons.by_listener:
        axes.barh(rows, table["n_texts"], color=GENERATORS[0], height=0.66)
        _count_bars(axes, table["n_texts"], 1)
    else:
        _draw_answers(axes, table, explored.reasons.sides)
    name_rows(axes, [str(head) for head in table["head"]])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.12)
    return figure


def _draw_answers(axes: "Axes", table: pd.DataFrame, sides: tuple[str, str]) -> None:
    rows = range(len(table))
    right, left = sides
    for side, sign, color in ((left, -1, GENERATORS[1]), (right, 1, GENERATORS[0])):
        counts = table[f"n_{side}"]
        axes.barh(rows, sign * counts, color=color, height=0.66, label=f"beside {ANSWERS[side]}")
        _count_bars(axes, counts, sign)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, handlelength=1, handleheight=1)


def _count_bars(axes: "Axes", counts: "pd.Series[int]", side: int) -> None:
    """Write each count at the end of its bar, which grows to the right (1) or to the left (-1)."""
    place: dict[str, Any] = {
        "textcoords": "offset points",
        "va": "center",
        "ha": "left" if side > 0 else "right",
    }
    for row, count in enumerate(counts):
        axes.annotate(f"{count}", (side * count, row), (4 * side, 0), **place)


def read(explored: Traced) -> str:
    """Return the figure in a sentence."""
    table = _list_heads(explored)
    named = table[table["head"] != OTHER]
    top = named.iloc[0]
    if not top["n_texts"]:
        return (
            f"None of the {explored.reasons.n_texts} reasons in words named a head that the config declares."
        )
    if explored.reasons.by_listener:
        return (
            f"Of {explored.reasons.n_texts} listeners who said what gave it away, {percent(top['share'])} "
            f"spoke of {top['head']}."
        )
    said = f"Of {explored.reasons.n_texts} reasons in words, {percent(top['share'])} spoke of {top['head']}"
    often = named[named["n_texts"] >= OFTEN]
    if often.empty:
        return f"{said}."
    side = explored.reasons.sides[1]
    telling = often.iloc[int((often[f"n_{side}"] / often["n_texts"]).to_numpy().argmax())]
    return (
        f"{said}; {telling['head']} stood most often beside {ANSWERS[side]} "
        f"({telling[f'n_{side}']} of {telling['n_texts']})."
    )


def _list_heads(explored: Traced) -> pd.DataFrame:
    return pd.DataFrame() if explored.reasons.table is None else explored.reasons.table
