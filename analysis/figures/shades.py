"""What the figures of many cells share: a cell's shade between two colors, columns side by side by system."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.canvas import INK, size_figure
from analysis.clusters import FloatArray
from analysis.figures.accounted import Accounted
from analysis.figures.marks import name_columns, set_title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIDDLE, NOTHING = "#f2efe9", (0, 0, 0, 0)


def draw_shades(
    study: Accounted,
    title: str,
    cells: FloatArray,
    edges: Sequence[tuple[str, int, int]],
    *,
    colors: tuple[str, str],
    ends: tuple[str, str],
) -> "tuple[Figure, Axes]":
    """Draw cells from 0 to 1, shape (rows, columns); NaN stays empty.

    Parameters
    ----------
    edges
        Of each system its name and its first and past-the-last column.
    colors, ends
        The colors of 0 and of 1, and what they mean.
    """
    from matplotlib.colors import LinearSegmentedColormap

    figure = size_figure(6)
    axes = figure.add_subplot()
    set_title_of(axes, title, study)
    shades = LinearSegmentedColormap.from_list("shades", [colors[0], MIDDLE, colors[1]]).with_extremes(
        bad=NOTHING
    )
    image = axes.imshow(cells, cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for _, left, _ in edges[1:]:
        axes.axvline(left - 0.5, color=INK, linewidth=1.2)
    middles = [(left + right) / 2 - 0.5 for _, left, right in edges]
    name_columns(axes, middles, [name for name, _, _ in edges], [""] * len(edges))
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.4, aspect=14, ticks=[0, 1], pad=0.02)
    bar.ax.set_yticklabels(ends)
    bar.outline.set_visible(False)
    return figure, axes
