"""Ability and lean: d' beside the criterion."""

from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import INK, PAPER
from analysis.clusters import FloatArray, Rates, measure_rates
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, draw_mark, shorten, start
from analysis.wording import D_PRIME, decimal
from study_core.types import HUMAN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Ability and lean"
SIDES = 90
"""Points of an ellipse."""


def explain_absence(explored: Exploration) -> str:
    """Return why no ellipse can be drawn; empty where one can."""
    if any(g.detection.d_prime.low is not None for g in explored.study.findings.generators):
        return ""
    return "no generator's sensitivity has an interval"


def draw(explored: Exploration) -> "Figure":
    """Draw each generator's d' and criterion with their joint confidence region."""
    study = explored.study
    figure, axes = start(study, 5, TITLE)
    rates = measure_rates(study.exclusions.kept)
    for generator in study.findings.generators:
        it, color = generator.detection, color_of(study, generator.system)
        if it.d_prime.low is None:
            continue
        x, y = it.d_prime.value, it.criterion.value
        outline = outline_region(rates, generator.system, study.config.confidence_level)
        axes.fill(x + outline[0], y + outline[1], color=color, alpha=0.16, linewidth=0)
        axes.plot(x + outline[0], y + outline[1], color=color, linewidth=1.3)
        axes.plot(x, y, "o", color=color, markersize=9, markeredgecolor=PAPER, markeredgewidth=1.5)
        name = shorten(generator.system, 18)
        axes.annotate(name, (x, y), (9, 7), textcoords="offset points", color=INK, weight="bold")
    draw_mark(axes, 0)
    draw_mark(axes, 0, along="y")
    axes.grid(visible=True)
    axes.margins(0.12)
    axes.set_xlabel(f"{D_PRIME}: how well it was told from human music")
    axes.set_ylabel("c: leaning to computer (\u2212) or to human (+)")
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    parts = []
    for generator in explored.study.findings.generators:
        lean = generator.detection.criterion
        side = "human" if lean.value > 0 else "computer"
        sure = "leant to" if lean.excludes_zero else "leant, if anything, to"
        c = decimal(lean.value, sign=True)
        parts.append(f"with {generator.system}, listeners {sure} \u201c{side}\u201d (c {c})")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}; {D_PRIME} is free of that lean, a fooling rate is not."


def outline_region(rates: Rates, system: str, level: float) -> FloatArray:
    """Return the outline of the joint region of d' and c around 0, shape (2, SIDES).

    An ellipse from the two-way clustered covariance, scaled by F(2, degrees of freedom); directions in which
    that covariance comes out negative have no width.
    """
    from scipy import stats

    rows = [rates.index(HUMAN), rates.index(system)]
    slopes = 1 / stats.norm.pdf(stats.norm.ppf(rates.share[rows]))
    gradient = np.array([[1.0, -1.0], [0.5, 0.5]]) * slopes
    parts = (rates.by_listener, rates.by_clip, rates.by_pair)
    listener, clip, pair = ((part / rates.unrelated)[np.ix_(rows, rows)] for part in parts)
    values, vectors = np.linalg.eigh(gradient @ (listener + clip - pair) @ gradient.T)
    freedom = max(1.0, float(min(rates.n_listeners[rows].min(), rates.n_clips[rows].min())) - 1)
    radius = np.sqrt(2 * stats.f.ppf(level, 2, freedom) * np.maximum(values, 0))
    angle = np.linspace(0, 2 * np.pi, SIDES)
    return np.asarray(vectors @ (radius[:, None] * np.array([np.cos(angle), np.sin(angle)])), np.float64)
