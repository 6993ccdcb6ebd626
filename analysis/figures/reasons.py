"""Figure: what reasons did listeners give."""

from typing import TYPE_CHECKING

import pandas as pd

from analysis.canvas import GENERATORS
from analysis.exploration import Exploration
from analysis.figures.marks import name_rows, start
from analysis.readings import percent
from analysis.reasons import OTHER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "What reasons did listeners give?"


def explain_absence(explored: Exploration) -> str:
    """Return why there are no reasons; empty where there are."""
    return explored.reasons.because


def draw(explored: Exploration) -> "Figure":
    """Draw how many texts name each head, beside either answer."""
    table = _list_heads(explored)
    figure, axes = start(explored.study, 0.5 * len(table) + 0.4, TITLE)
    rows = range(len(table))
    axes.barh(rows, -table["n_computer"], color=GENERATORS[1], height=0.66, label='beside "computer"')
    axes.barh(rows, table["n_human"], color=GENERATORS[0], height=0.66, label='beside "human"')
    for row, (left, right) in enumerate(zip(table["n_computer"], table["n_human"], strict=True)):
        axes.annotate(f"{left}", (-left, row), (-4, 0), textcoords="offset points", ha="right", va="center")
        axes.annotate(f"{right}", (right, row), (4, 0), textcoords="offset points", ha="left", va="center")
    name_rows(axes, [str(head) for head in table["head"]])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.12)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, handlelength=1, handleheight=1)
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    table = _list_heads(explored)
    named = table[table["head"] != OTHER]
    top = named.iloc[0]
    share = named["n_computer"] / named["n_texts"].clip(lower=1)
    telling = named.iloc[int(share.to_numpy().argmax())]
    return (
        f"Of {explored.reasons.n_texts} reasons in words, {percent(top['share'])} spoke of {top['head']}; "
        f"{telling['head']} stood most often beside \u201ccomputer\u201d "
        f"({telling['n_computer']} of {telling['n_texts']})."
    )


def _list_heads(explored: Exploration) -> pd.DataFrame:
    return pd.DataFrame() if explored.reasons.table is None else explored.reasons.table
