"""The report's figures, a file each: what it draws, what it says in a sentence, why it may be missing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.canvas import save_figure, set_style
from analysis.exploration import Exploration
from analysis.figures import (
    clips,
    confidence,
    cues,
    detection,
    equivalence,
    flow,
    fooling,
    heatmap,
    learning,
    lines,
    listeners,
    moderators,
    plane,
    precision,
    reasons,
    roc,
    specifications,
    variance,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure of the report.

    Attributes
    ----------
    svg
        The figure; empty where it cannot be drawn.
    reading
        What it says, in a sentence; or why it cannot be drawn.
    """

    name: str
    title: str
    svg: str
    reading: str


@dataclass(frozen=True, slots=True)
class _Drawing:
    title: str
    draw: "Callable[[Exploration], Figure]"
    read: Callable[[Exploration], str]
    explain_absence: Callable[[Exploration], str] = lambda _: ""


DRAWINGS = {
    "fooling": _Drawing(fooling.TITLE, fooling.draw, fooling.read),
    "equivalence": _Drawing(
        equivalence.TITLE, equivalence.draw, equivalence.read, equivalence.explain_absence
    ),
    "lines": _Drawing(lines.TITLE, lines.draw, lines.read, lines.explain_absence),
    "detection": _Drawing(detection.TITLE, detection.draw, detection.read),
    "plane": _Drawing(plane.TITLE, plane.draw, plane.read, plane.explain_absence),
    "roc": _Drawing(roc.TITLE, roc.draw, roc.read, roc.explain_absence),
    "confidence": _Drawing(confidence.TITLE, confidence.draw, confidence.read, confidence.explain_absence),
    "clips": _Drawing(clips.TITLE, clips.draw, clips.read),
    "listeners": _Drawing(listeners.TITLE, listeners.draw, listeners.read),
    "heatmap": _Drawing(heatmap.TITLE, heatmap.draw, heatmap.read),
    "variance": _Drawing(variance.TITLE, variance.draw, variance.read, variance.explain_absence),
    "learning": _Drawing(learning.TITLE, learning.draw, learning.read, learning.explain_absence),
    "moderators": _Drawing(moderators.TITLE, moderators.draw, moderators.read, moderators.explain_absence),
    "cues": _Drawing(cues.TITLE, cues.draw, cues.read, cues.explain_absence),
    "reasons": _Drawing(reasons.TITLE, reasons.draw, reasons.read, reasons.explain_absence),
    "specifications": _Drawing(
        specifications.TITLE, specifications.draw, specifications.read, specifications.explain_absence
    ),
    "precision": _Drawing(precision.TITLE, precision.draw, precision.read, precision.explain_absence),
    "flow": _Drawing(flow.TITLE, flow.draw, flow.read),
}
"""In the order of the report."""


def write_figures(explored: Exploration, folder: Path) -> dict[str, Plate]:
    """Write each figure that the data allow as SVG and PNG; return all by name, in their order."""
    with set_style():
        return {name: _write(name, drawing, explored, folder) for name, drawing in DRAWINGS.items()}


def _write(name: str, drawing: _Drawing, explored: Exploration, folder: Path) -> Plate:
    because = drawing.explain_absence(explored)
    if because:
        return Plate(name, drawing.title, "", f"Cannot be drawn because {because}.")
    svg = save_figure(drawing.draw(explored), folder / f"figure-{name}")
    return Plate(name, drawing.title, svg, drawing.read(explored))
