"""Figure: beside which human clips was which generated clip taken for human."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.asked_exploration import PairExploration
from analysis.canvas import GENERATORS, INK, explain, size_figure
from analysis.clusters import FloatArray
from analysis.figures.marks import set_title_of, shorten
from analysis.readings import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Which clip won against which?"
MIDDLE, NOTHING = "#f2efe9", (0, 0, 0, 0)
MOST = 240
"""Of more human or generated clips, neighbors in the order share a cell."""


def draw(explored: PairExploration) -> "Figure":
    """Draw how often each generated clip (column) was taken for human beside each human clip (row)."""
    from matplotlib.colors import LinearSegmentedColormap

    kept = explored.study.exclusions.kept
    cells, systems = tabulate(kept)
    figure = size_figure(6)
    axes = figure.add_subplot()
    set_title_of(axes, TITLE, explored.study)
    shades = [GENERATORS[0], MIDDLE, GENERATORS[1]]
    colors = LinearSegmentedColormap.from_list("winners", shades, bad=NOTHING)
    image = axes.imshow(cells, cmap=colors, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for _, left, _ in systems[1:]:
        axes.axvline(left - 0.5, color=INK, linewidth=1.2)
    middles = [(left + right) / 2 - 0.5 for _, left, right in systems]
    axes.set_xticks(middles, [shorten(name, 14) for name, _, _ in systems])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel(f"{kept[HUMAN_CLIP].nunique()} human clips")
    explain(axes, "columns are generated clips; both in the order of how often they were taken for human")
    bar = figure.colorbar(image, ax=axes, shrink=0.4, aspect=14, ticks=[0, 1], pad=0.02)
    bar.ax.set_yticklabels(["human clip\nfound", "generated\ntaken for it"])
    bar.outline.set_visible(False)
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
