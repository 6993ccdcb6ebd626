"""Histograms as inline SVG, drawn in the colors of the page that they stand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

WIDTH, HEIGHT = 320, 120
_FLOOR = 100  # the y of the axis; labels stand below it


@dataclass(frozen=True, slots=True)
class Histogram:
    """What a histogram counts, and where its bars begin and end."""

    title: str
    unit: str
    values: ArrayLike
    edges: Sequence[float]
    """Of the bars, evenly drawn; values beyond the first and the last are counted there."""
    labels: Sequence[tuple[float, str]]
    """Edges to name on the axis."""

    def count(self) -> list[int]:
        """Return the height of each bar."""
        inside = np.clip(self.values, self.edges[0], np.nextafter(self.edges[-1], -np.inf))
        counts: list[int] = np.histogram(inside, self.edges)[0].tolist()
        return counts


def draw_histogram(histogram: Histogram) -> str:
    """Return a histogram as an SVG figure; each bar tells its count where one points at it."""
    counts = histogram.count()
    step, highest = WIDTH / len(counts), max([*counts, 1])
    bars = "".join(
        f'<rect x="{i * step:.2f}" y="{_FLOOR - _scale(count, highest):.1f}" width="{0.85 * step:.2f}" '
        f'height="{_scale(count, highest)}"><title>{_name_bar(histogram, i)}: {count:,}</title></rect>'
        for i, count in enumerate(counts)
        if count
    )
    span = histogram.edges[-1] - histogram.edges[0]
    labels = "".join(
        f'<text x="{(place - histogram.edges[0]) / span * WIDTH:.1f}" y="{HEIGHT - 4}">{escape(label)}</text>'
        for place, label in histogram.labels
    )
    title, unit, total = escape(histogram.title), escape(histogram.unit), int(np.size(histogram.values))
    return (
        f'<figure class="histogram"><figcaption><b>{title}</b> <span>{unit}</span></figcaption>'
        f'<svg viewBox="-8 0 {WIDTH + 16} {HEIGHT}" role="img" aria-label="{title}: histogram of {total:,}">'
        f'<line x2="{WIDTH}" y1="{_FLOOR}" y2="{_FLOOR}"/>{bars}{labels}</svg></figure>'
    )


def _scale(count: int, highest: int) -> float:
    return round(max(count / highest * (_FLOOR - 6), 1), 1)


def _name_bar(histogram: Histogram, index: int) -> str:
    low, high = histogram.edges[index : index + 2]
    return f"{low:g} to {high:g} {escape(histogram.unit)}"
