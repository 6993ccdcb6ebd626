"""Figure: how listeners used the scale of ratings."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.asked_exploration import RatingExploration
from analysis.canvas import GENERATORS, explain, size_figure
from analysis.figures.marks import set_title_of
from analysis.wording import decimal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How did listeners use the scale?"
MOST_ROWS = 240
"""Of more listeners, neighbors in the order share a row."""


def draw(explored: RatingExploration) -> "Figure":
    """Draw each listener's share of every level, the mildest listener on top."""
    from matplotlib.colors import LinearSegmentedColormap

    kept = explored.study.exclusions.kept
    means = kept.groupby("participant_id")["rating"].mean().sort_values(kind="stable", ascending=False)
    levels = np.sort(kept["rating"].dropna().unique())
    rated = kept[kept["rating"].notna()]
    rows = min(MOST_ROWS, len(means))
    row = means.index.get_indexer(pd.Index(rated["participant_id"])) * rows // len(means)
    cells = np.zeros((rows, len(levels)))
    np.add.at(cells, (row, np.searchsorted(levels, rated["rating"])), 1)
    figure = size_figure(4.2)
    axes = figure.add_subplot()
    set_title_of(axes, TITLE, explored.study)
    colors = LinearSegmentedColormap.from_list("use", ["#f2efe9", GENERATORS[0]])
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap=colors, vmin=0, aspect="auto", interpolation="nearest")
    axes.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel(f"{len(means)} listeners")
    explain(axes, describe_rows(len(means)))
    bar = figure.colorbar(image, ax=axes, shrink=0.5, aspect=14, pad=0.02)
    bar.ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    bar.outline.set_visible(False)
    return figure


def read(explored: RatingExploration) -> str:
    """Return the figure in a sentence."""
    listeners = explored.study.findings.listeners
    low, high = decimal(listeners["mean"].min()), decimal(listeners["mean"].max())
    flat = int((listeners["sd"] == 0).sum())
    plain = f"; {flat} gave one and the same rating to all clips" if flat else ""
    return f"Listeners' own mean ratings range from {low} to {high}{plain}."


def describe_rows(n_listeners: int) -> str:
    """Return what a row of so many listeners' figure is."""
    fits = n_listeners <= MOST_ROWS
    row = "a listener" if fits else "listeners of like means, for there are more than fit"
    return f"a row is {row}, the mildest on top; dark: that rating was given often"
