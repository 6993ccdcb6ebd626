"""Figure: what gave the computer away."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.canvas import GENERATORS, PAPER, SOFT, explain
from analysis.cues import JUDGED_COMPUTER, Cues
from analysis.figures.accounted import Cued
from analysis.figures.marks import draw_mark, name_rows, start
from analysis.figures.ticks import set_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "What gave it away?"
MOST = 20
CLEAR = 0.05
"""Adjusted p below which a feature is named."""


def explain_absence(explored: Cued) -> str:
    """Return why there are no cues; empty where there are."""
    return explored.cues.because


def draw(explored: Cued) -> "Figure":
    """Draw how each feature goes with being judged computer, the largest first."""
    table = list_cues(explored)
    title = TITLE if explored.cues.in_points else "What went with the ratings?"
    figure, axes = start(explored.study, 0.5 * len(table) + 0.6, title)
    draw_mark(axes, 0)
    for row, (effect, low, high, p) in enumerate(
        table[["effect", "low", "high", "p_adjusted"]].itertuples(index=False)
    ):
        color = GENERATORS[1] if p < CLEAR else SOFT
        axes.plot([low, high], [row, row], color=color, linewidth=2.6, solid_capstyle="round")
        axes.plot(effect, row, "o", color=color, markersize=7.5, markeredgecolor=PAPER)
    name_rows(axes, [str(name).replace("_", " ") for name in table["feature"]])
    if explored.cues.in_points:
        set_points(axes, np.concatenate([table["low"], table["high"]]))
        own = explored.cues.outcome == JUDGED_COMPUTER
        of = "of the feature" if own else "that a clip has more than the human one beside it"
        explain(axes, f"points {explored.cues.outcome} more often per SD {of}; grey: not shown")
    else:
        explain(axes, f"change of the {explored.cues.outcome} per SD of the feature; grey: not shown")
    return figure


def read(explored: Cued) -> str:
    """Return the figure in a sentence."""
    table = list_cues(explored)
    clear = table[table["p_adjusted"] < CLEAR]
    asked = 0 if explored.cues.table is None else len(explored.cues.table)
    if clear.empty:
        how = f"{'being' if explored.cues.in_points else 'the'} {explored.cues.outcome}"
        return f"Not one of the {asked} features was shown to go with {how}."
    parts = [
        _describe(str(name), effect, explored.cues)
        for name, effect in zip(clear["feature"], clear["effect"], strict=True)
    ]
    return (
        f"Of {asked} features, {len(clear)} went with the answers after adjusting for asking that often: "
        f"{', '.join(parts[:4])}{' ...' if len(parts) > 4 else ''}."  # noqa: PLR2004 (a sentence)
    )


def list_cues(explored: Cued) -> pd.DataFrame:
    """Return the features with the largest effects."""
    return pd.DataFrame() if explored.cues.table is None else explored.cues.table.head(MOST)


def _describe(name: str, effect: float, cues: Cues) -> str:
    more, name = "more" if effect > 0 else "less", name.replace("_", " ")
    return f"{more} {name} was {f'{cues.outcome} more often' if cues.in_points else 'rated higher'}"
