"""Marks that several figures share: an estimate with its interval, names of rows and columns, colors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.canvas import DASHES, GENERATORS, INK, PAPER, SOFT, set_title, start_figure
from analysis.estimates import Estimate
from analysis.figures.accounted import Accounted
from analysis.wording import SIMULATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_COLUMNS, COLUMN_SIGNS = 4, 48
"""Of columns, what fits below a figure in one row: so many names, and so many signs in all."""


def start(study: Accounted, rows: float, title: str) -> "tuple[Figure, Axes]":
    """Return a figure that says where its listeners are simulated."""
    return start_figure(rows, title, _note_simulated(study))


def _note_simulated(study: Accounted) -> str:
    """Return the note below a figure's title: empty where the listeners are people."""
    return SIMULATED if study.exclusions.simulated else ""


def set_title_of(axes: "Axes", title: str, study: Accounted) -> None:
    """Give axes their title, and the note where listeners are simulated."""
    set_title(axes, title, _note_simulated(study))


def color_of(study: Accounted, system: str) -> str:
    """Return a system's color; human clips are grey."""
    names = study.generators
    return GENERATORS[names.index(system) % len(GENERATORS)] if system in names else SOFT


def draw_estimate(axes: "Axes", row: float, estimate: Estimate, color: str, text: str = "") -> None:
    """Draw a point with its interval and, above it, a text."""
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [row, row], color=color, linewidth=3, solid_capstyle="round")
    axes.plot(estimate.value, row, "o", color=color, markersize=9, markeredgecolor=PAPER, markeredgewidth=1.5)
    if text:
        place, offset = (estimate.value, row), (0, 8)
        clear = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        style: dict[str, Any] = {"ha": "center", "weight": "bold", "color": INK, "bbox": clear}
        axes.annotate(text, place, offset, textcoords="offset points", **style)


def draw_mark(axes: "Axes", value: float, *, along: str = "x") -> None:
    """Draw the dashed line of a value to compare with."""
    (axes.axvline if along == "x" else axes.axhline)(value, color=SOFT, linewidth=1, linestyle=DASHES)


def name_rows(axes: "Axes", names: Sequence[str]) -> None:
    """Name the rows 0, 1, ... from the top."""
    axes.set_yticks(range(len(names)), [shorten(name) for name in names])
    axes.set_ylim(len(names) - 0.42, -0.6)


def name_columns(axes: "Axes", places: Sequence[float], names: Sequence[str], notes: Sequence[str]) -> None:
    """Name columns below the axes, each with a note under it; many stand in two rows by turns."""
    many = len(names) > FEW_COLUMNS
    most = 2 * COLUMN_SIGNS // len(names) if many else 14
    labels = [
        "\n\n" * (many and i % 2) + "\n".join(filter(None, (shorten(name, most), note)))
        for i, (name, note) in enumerate(zip(names, notes, strict=True))
    ]
    axes.set_xticks(places, labels)
    axes.tick_params(axis="x", length=0)


def shorten(name: str, most: int = 28) -> str:
    """Return a name that leaves room for the figure beside it."""
    return name if len(name) <= most else name[: most - 1] + "\u2026"
