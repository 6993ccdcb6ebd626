"""Figure: beside which human clips was which generated clip taken for human."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.asked_exploration import PairExploration
from analysis.canvas import GENERATORS, explain
from analysis.clusters import FloatArray
from analysis.figures.shades import draw_shades
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Which clip won against which?"
MOST = 240
"""Of more human or generated clips, neighbors in the order share a cell."""


def draw(explored: PairExploration) -> "Figure":
    """Draw how often each generated clip (column) was taken for human beside each human clip (row)."""
    kept = explored.study.exclusions.kept
    cells, systems = tabulate(kept)
    colors, ends = (GENERATORS[0], GENERATORS[1]), ("human clip\nfound", "generated\ntaken for it")
    figure, axes = draw_shades(explored.study, TITLE, cells, systems, colors=colors, ends=ends)
    axes.set_ylabel(f"{kept[HUMAN_CLIP].nunique()} human clips")
    explain(axes, "columns are generated clips; both in the order of how often they were taken for human")
    return figure


def read(explored: PairExploration) -> str:
    """Return the figure in a sentence."""
    clips = explored.clips
    human, others = (clips[(clips["system"] == "human") == is_human] for is_human in (True, False))
    ends = [percent(end) for one in (others, human) for end in (one["shrunk"].min(), one["shrunk"].max())]
    return (
        f"Allowing for chance, generated clips won {ends[0]} to {ends[1]} of their pairs and human clips "
        f"{ends[2]} to {ends[3]}: columns or rows of one color are clips that decide a pair alone."
    )


def tabulate(kept: pd.DataFrame) -> tuple[FloatArray, list[tuple[str, int, int]]]:
    """Return the share of pairs won per cell, NaN where there are none, and systems with their columns.

    Shape (human clips, generated clips), at most `MOST` by `MOST`.
    """
    won = kept.groupby(["system", "clip_id"])["judged_human"].mean().reset_index()
    won = won.sort_values(["system", "judged_human", "clip_id"], kind="stable")
    lost = kept.groupby(HUMAN_CLIP)["judged_human"].mean().sort_values(kind="stable", ascending=False)
    rows, columns = min(MOST, len(lost)), min(MOST, len(won))
    row = lost.index.get_indexer(pd.Index(kept[HUMAN_CLIP])) * rows // len(lost)
    column = pd.Index(won["clip_id"]).get_indexer(pd.Index(kept["clip_id"])) * columns // len(won)
    cell, size = row * columns + column, rows * columns
    counts = np.bincount(cell, minlength=size)
    wins = np.bincount(cell, kept["judged_human"], minlength=size)
    with np.errstate(invalid="ignore"):
        shares = np.where(counts > 0, wins / counts, np.nan).reshape(rows, columns)
    systems = won["system"].to_numpy()
    firsts = np.flatnonzero(np.concatenate([[True], systems[1:] != systems[:-1]]))
    bounds = np.append(firsts, len(won)) * columns // len(won)
    names = [str(systems[first]) for first in firsts]
    return shares, list(zip(names, map(int, bounds), map(int, bounds[1:]), strict=False))
