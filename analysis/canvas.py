"""How every figure looks and is written: colors, type, SVG and PNG without dates, SVG to set into a page.

Colors are those of Okabe & Ito (2008), told apart by the color-blind.
"""

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study_core.manifest import write_bytes

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, PAPER, ALERT = "#22242a", "#6b7079", "#d9dce1", "#ffffff", "#b3261e"
"""Text, secondary text, rules, background, warning; a page may put its own in their place."""
GENERATORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "study",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.parse_math": False,  # a dollar sign in a system's name is one
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 26,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "text.color": INK,
    "legend.labelcolor": INK,
    "xtick.color": SOFT,
    "ytick.color": LINE,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "grid.color": LINE,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.dpi": 200,
}
WIDTH_IN, ROW_IN, FRAME_IN = 5.6, 0.68, 1.5


def set_style() -> "AbstractContextManager[None]":
    """Return a context to draw and save figures in; Matplotlib's settings outside it stay as they are."""
    from matplotlib import rc_context

    return rc_context(STYLE)


def start_figure(rows: int, title: str, note: str = "") -> "tuple[Figure, Axes]":
    """Return a figure high enough for so many rows, with its title and a note in the warning color."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, FRAME_IN + ROW_IN * rows), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(note, (0, 1), (0, 8), color=ALERT, weight="bold", **place)
    return figure, axes


def save_figure(figure: "Figure", path: Path) -> str:
    """Write a figure as SVG and PNG beside each other and return the SVG; same figure, same bytes."""
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", metadata={"Software": None})
    write_bytes(path.with_suffix(".svg"), svg.getvalue())
    write_bytes(path.with_suffix(".png"), png.getvalue())
    return svg.getvalue().decode()


def embed_svg(svg: str, name: str) -> str:
    """Return an SVG to set into a page: ids of its own, and the page's colors and type.

    Text, rules and background take the custom properties `--ink`, `--soft`, `--line` and `--paper` of the
    page's style sheet, so that one figure serves a light and a dark page.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' width="[^"]*pt" height="[^"]*pt"', "", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", svg)
    svg = svg.replace("'DejaVu Sans'", "var(--type)")
    for color, variable in ((INK, "ink"), (SOFT, "soft"), (LINE, "line"), (PAPER, "paper"), (ALERT, "alert")):
        svg = svg.replace(color, f"var(--{variable})")
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
