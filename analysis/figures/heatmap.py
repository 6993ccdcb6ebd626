"""Figure: who said what about which clip."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.canvas import GENERATORS, explain
from analysis.clusters import FloatArray
from analysis.exploration import Exploration
from analysis.figures.shades import draw_shades
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Who said what about which clip?"
MOST_ROWS, MOST_COLUMNS = 240, 360
"""Of more listeners or clips, neighbors in the order share a cell."""
SHARED = "the share \u201chuman\u201d of neighbors in the order, for there are more than fit"


def draw(explored: Exploration) -> "Figure":
    """Draw every judgment: clips by system and share, listeners by how often they said "human"."""
    cells, edges = tabulate(explored)
    colors, ends = (GENERATORS[1], GENERATORS[0]), ("computer", "human")
    figure, axes = draw_shades(explored.study, TITLE, cells, edges, colors=colors, ends=ends)
    axes.set_ylabel(f"{len(explored.study.findings.listeners)} listeners")
    explain(
        axes, f"{len(explored.clips)} clips, by system and share; empty where a listener did not hear one"
    )
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    kept = explored.study.exclusions.kept
    lean = kept.groupby("participant_id")["judged_human"].mean()
    fits = len(lean) <= MOST_ROWS and len(explored.clips) <= MOST_COLUMNS
    cell = "one judgment" if fits else SHARED
    return (
        f"Each cell is {cell}; the most trusting listener said \u201chuman\u201d in "
        f"{percent(lean.max())} of trials, the most suspicious in {percent(lean.min())}, and "
        "columns of one color are clips that everybody heard alike."
    )


def tabulate(explored: Exploration) -> tuple[FloatArray, list[tuple[str, int, int]]]:
    """Return the share "human" per cell, NaN where empty, and each system's name, first and last column.

    Shape (rows, columns), at most `MOST_ROWS` by `MOST_COLUMNS`.
    """
    kept = explored.study.exclusions.kept
    lean = kept.groupby("participant_id")["judged_human"].mean().sort_values(kind="stable", ascending=False)
    clips = explored.clips.assign(place=np.arange(len(explored.clips)))
    order = clips.groupby("system", sort=False).ngroup()
    clips = clips.iloc[np.lexsort((clips["clip_id"], clips["judged_human"], order))]
    rows, columns = min(MOST_ROWS, len(lean)), min(MOST_COLUMNS, len(clips))
    row = lean.index.get_indexer(pd.Index(kept["participant_id"])) * rows // len(lean)
    places = clips.set_index("clip_id").index.get_indexer(pd.Index(kept["clip_id"]))
    column = places * columns // len(clips)
    shape, cell = (rows, columns), row * columns + column
    counts = np.bincount(cell, minlength=rows * columns).astype(np.float64)
    human = np.bincount(cell, kept["judged_human"], minlength=rows * columns)
    with np.errstate(invalid="ignore"):
        shares = np.where(counts > 0, human / counts, np.nan).reshape(shape)
    systems = clips["system"].to_numpy()
    firsts = np.flatnonzero(np.concatenate([[True], systems[1:] != systems[:-1]]))
    bounds = np.append(firsts, len(clips)) * columns // len(clips)
    names = [str(systems[first]) for first in firsts]
    return shares, list(zip(names, map(int, bounds), map(int, bounds[1:]), strict=False))
