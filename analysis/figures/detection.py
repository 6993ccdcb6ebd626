"""Figure: how well was each generator told from human music."""

from typing import TYPE_CHECKING

from analysis.canvas import explain
from analysis.detection import Detection
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, draw_estimate, draw_mark, name_rows, start
from analysis.figures.ticks import list_ends
from analysis.wording import D_PRIME, decimal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How well was it told from human music?"


def draw(explored: Exploration) -> "Figure":
    """Draw each generator's d' with its interval; 0 is guessing."""
    found = explored.study.findings
    figure, axes = start(explored.study, len(found.generators), TITLE)
    draw_mark(axes, 0)
    for row, generator in enumerate(found.generators):
        d_prime = generator.detection.d_prime
        draw_estimate(axes, row, d_prime, color_of(explored.study, generator.system), decimal(d_prime.value))
    name_rows(axes, [generator.system for generator in found.generators])
    ends = list_ends(generator.detection.d_prime for generator in found.generators)
    axes.set_xlim(min(-0.5, *ends) - 0.1, max(1.5, *ends) + 0.1)
    explain(axes, f"{D_PRIME}; 0 is guessing, the line is the interval")
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    parts = [_read_d_prime(generator.detection) for generator in explored.study.findings.generators]
    return f"{'; '.join(parts)} (0 is guessing, 1 a fair ability, 2 a strong one)."


def _read_d_prime(detection: Detection) -> str:
    d_prime = detection.d_prime
    if d_prime.low is None or d_prime.high is None:
        return (
            f"{detection.system} {D_PRIME} is about {decimal(d_prime.value)} ({d_prime.method}), "
            f"its interval cannot be estimated because {d_prime.because}"
        )
    return (
        f"{detection.system} was told from human music with {D_PRIME} {decimal(d_prime.value)} "
        f"({decimal(d_prime.low)} to {decimal(d_prime.high)})"
    )
