"""The report's figures, a file each: what it draws, what it says in a sentence, why it may be missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.canvas import save_figure, set_style
from analysis.figures import (
    claims,
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
    matrix,
    means,
    moderators,
    pairs,
    plane,
    precision,
    ratings,
    reasons,
    roc,
    scale,
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
class Drawing:
    """How a figure is drawn of a study that was explored, what it says, and why it may be missing."""

    title: str
    draw: "Callable[[Any], Figure]"
    read: Callable[[Any], str]
    explain_absence: Callable[[Any], str] = lambda _: ""


DRAWINGS = {
    "fooling": Drawing(fooling.TITLE, fooling.draw, fooling.read),
    "equivalence": Drawing(
        equivalence.TITLE, equivalence.draw, equivalence.read, equivalence.explain_absence
    ),
    "lines": Drawing(lines.TITLE, lines.draw, lines.read, lines.explain_absence),
    "detection": Drawing(detection.TITLE, detection.draw, detection.read),
    "plane": Drawing(plane.TITLE, plane.draw, plane.read, plane.explain_absence),
    "roc": Drawing(roc.TITLE, roc.draw, roc.read, roc.explain_absence),
    "confidence": Drawing(confidence.TITLE, confidence.draw, confidence.read, confidence.explain_absence),
    "clips": Drawing(clips.TITLE, clips.draw, clips.read),
    "listeners": Drawing(listeners.TITLE, listeners.draw, listeners.read),
    "heatmap": Drawing(heatmap.TITLE, heatmap.draw, heatmap.read),
    "variance": Drawing(variance.TITLE, variance.draw, variance.read, variance.explain_absence),
    "learning": Drawing(learning.TITLE, learning.draw, learning.read, learning.explain_absence),
    "moderators": Drawing(moderators.TITLE, moderators.draw, moderators.read, moderators.explain_absence),
    "cues": Drawing(cues.TITLE, cues.draw, cues.read, cues.explain_absence),
    "reasons": Drawing(reasons.TITLE, reasons.draw, reasons.read, reasons.explain_absence),
    "specifications": Drawing(
        specifications.TITLE, specifications.draw, specifications.read, specifications.explain_absence
    ),
    "precision": Drawing(precision.TITLE, precision.draw, precision.read, precision.explain_absence),
    "flow": Drawing(flow.TITLE, flow.draw, flow.read),
}
"""In the order of the report."""


PAIR_DRAWINGS = {
    "pairs": Drawing(pairs.TITLE, pairs.draw, pairs.read),
    "claims": Drawing(claims.TITLE, claims.draw, claims.read, claims.explain_absence),
    "matrix": Drawing(matrix.TITLE, matrix.draw, matrix.read),
    **{name: DRAWINGS[name] for name in ("clips", "listeners", "confidence", "learning", "moderators")},
    **{name: DRAWINGS[name] for name in ("cues", "reasons", "specifications", "flow")},
}
RATING_DRAWINGS = {
    "ratings": Drawing(ratings.TITLE, ratings.draw, ratings.read),
    "claims": Drawing(claims.TITLE, claims.draw, claims.read, claims.explain_absence),
    "means": Drawing(means.TITLE, means.draw, means.read),
    "scale": Drawing(scale.TITLE, scale.draw, scale.read),
    **{name: DRAWINGS[name] for name in ("variance", "learning", "moderators", "cues", "reasons")},
    **{name: DRAWINGS[name] for name in ("specifications", "flow")},
}


def write_figures(
    explored: object, folder: Path, drawings: Mapping[str, Drawing] = DRAWINGS
) -> dict[str, Plate]:
    """Write each figure that the data allow as SVG and PNG; return all by name, in their order."""
    with set_style():
        return {name: _write(name, drawing, explored, folder) for name, drawing in drawings.items()}


def _write(name: str, drawing: Drawing, explored: object, folder: Path) -> Plate:
    because = drawing.explain_absence(explored)
    if because:
        return Plate(name, drawing.title, "", f"Cannot be drawn because {because}.")
    svg = save_figure(drawing.draw(explored), folder / f"figure-{name}")
    return Plate(name, drawing.title, svg, drawing.read(explored))
