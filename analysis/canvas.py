"""How every figure looks and is written: colors, type, SVG and PNG without dates, SVG to set into a page.

Colors are those of Okabe & Ito (2008), told apart by the color-blind.
"""

import io
import logging
import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study_core.manifest import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, PAPER, ALERT = "#22242a", "#6b7079", "#d9dce1", "#ffffff", "#b3261e"
"""Text, secondary text, rules, background, warning; a page may put its own in their place."""
DARK = "#1e2025"
"""Text on a bar: the bar keeps its color on a dark page, and so does this."""
GENERATORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Droid Sans Fallback", "WenQuanYi Zen Hei")
"""In this order, those that are installed: the first has no Japanese or Chinese, the others do."""
FONT_FILES = ("NotoSansCJK-Regular", "DroidSansFallback", "wqy-zenhei")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "study",
    "font.size": 10,
    "text.parse_math": False,  # a dollar sign in a system's name is one
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.5,
    "axes.axisbelow": True,
    "text.color": INK,
    "legend.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.color": LINE,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.dpi": 200,
}
WIDTH_IN, ROW_IN, FRAME_IN = 5.8, 0.6, 1.4
MARGIN, LINE_LENGTH = 0.012, 88
DASHES = (0, (4, 3))
"""Of every line that is a mark to compare with."""


def set_style() -> AbstractContextManager[None]:
    """Return a context to draw and save figures in; Matplotlib's settings outside it stay as they are."""
    from matplotlib import rc_context

    return rc_context(STYLE | {"font.family": find_fonts()})


@cache
def find_fonts() -> list[str]:
    """Return those of `FONTS` that are installed; Matplotlib brings the first.

    Matplotlib keeps a list of fonts from its first run; one installed since is added to it here.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {font.fname for font in fontManager.ttflist}
    for file in sorted(findSystemFonts()):
        if file not in listed and Path(file).name.startswith(FONT_FILES):
            fontManager.addfont(file)
    installed = {font.name for font in fontManager.ttflist}
    return [name for name in FONTS if name in installed]


def start_figure(rows: float, title: str, note: str = "") -> "tuple[Figure, Axes]":
    """Return a figure high enough for so many rows, with its title and a note in the warning color."""
    figure = size_figure(rows)
    axes = figure.add_subplot()
    set_title(axes, title, note)
    return figure, axes


def size_figure(rows: float) -> "Figure":
    """Return an empty figure high enough for so many rows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_IN, FRAME_IN + ROW_IN * rows), layout="constrained")


def set_title(axes: "Axes", title: str, note: str = "") -> None:
    """Give axes' figure its title, and below it a note in the warning color."""
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.suptitle(title, x=MARGIN, ha="left", fontsize=12.5, weight="bold")
    if note:
        axes.set_title(" ")  # room for the note, which stands below the title and not above the axes
        place: dict[str, Any] = {"xycoords": ("figure fraction", "axes fraction"), "annotation_clip": False}
        text = axes.annotate(note, (MARGIN, 1), (0, 8), textcoords="offset points", color=ALERT, **place)
        text.set(weight="bold", fontsize=9.5, in_layout=False)


def explain(axes: "Axes", text: str) -> None:
    """Say below a figure how to read it, in as many lines as it takes."""
    figure = axes.get_figure(root=True)
    if figure is not None:
        lines = textwrap.fill(text, LINE_LENGTH)
        figure.supxlabel(lines, x=MARGIN, ha="left", fontsize=9, color=SOFT, linespacing=1.35)


def save_figure(figure: "Figure", path: Path) -> str:
    """Write a figure as SVG and PNG beside each other and return the SVG; same figure, same bytes."""
    svg, png = io.BytesIO(), io.BytesIO()
    with tolerate_missing_glyphs():
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
    svg = _set_type(_strip_svg(svg, name), "var(--type)")
    for color, variable in ((INK, "ink"), (SOFT, "soft"), (LINE, "line"), (PAPER, "paper"), (ALERT, "alert")):
        svg = svg.replace(color, f"var(--{variable})")
    return svg


def color_svg(svg: str, name: str) -> str:
    """Return an SVG to set into a page on paper: ids of its own, colors as they are."""
    return _set_type(_strip_svg(svg, name), "'Noto Sans', 'DejaVu Sans', 'Droid Sans Fallback', sans-serif")


def _strip_svg(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' width="[^"]*pt" height="[^"]*pt"', "", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _set_type(svg: str, fonts: str) -> str:
    return re.sub(r"'DejaVu Sans'(, '[^']*')*", lambda _: fonts, svg)


@contextmanager
def tolerate_missing_glyphs() -> Iterator[None]:
    """Let a sign that no installed font has be drawn as a box, and one without a bold be thin, unsaid."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from")
            yield
    finally:
        log.setLevel(level)
