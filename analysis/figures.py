"""The report's figures: how often each system fooled, how well it was told apart, how good listeners were.

Every row bears its system's name beside its color, and dots are stacked by rank instead of by chance, so that
the same estimates give the same picture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import GENERATORS, INK, LINE, PAPER, SOFT, save_figure, set_style, start_figure
from analysis.estimates import Estimate
from analysis.findings import Findings, Study
from analysis.readings import D_PRIME, SIMULATED, percent
from study_core.types import HUMAN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEP = 0.05
"""Width of a bar of the listeners' histogram, in share correct."""


def write_figures(study: Study, folder: Path) -> dict[str, str]:
    """Write each figure as SVG and PNG; return the SVGs by name, in the order of the report."""
    draw: dict[str, Callable[[Study], Figure]] = {
        "fooling": draw_fooling,
        "detection": draw_detection,
        "listeners": draw_listeners,
    }
    with set_style():
        return {name: save_figure(figure(study), folder / f"figure-{name}") for name, figure in draw.items()}


def draw_fooling(study: Study) -> "Figure":
    """Draw each system's share of judgments "human" with its interval, over a dot per clip."""
    found = study.findings
    rows = [found.human, *(generator.fooling for generator in found.generators)]
    figure, axes = _start(study, len(rows), "How often was each system called human?")
    human = found.human.rate
    if human.low is not None and human.high is not None:
        axes.axvspan(human.low, human.high, color=LINE, alpha=0.55, linewidth=0)
    axes.plot([human.value] * 2, [0, len(rows)], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    for row, fooling in enumerate(rows):
        color = _color(found, fooling.system)
        _draw_clips(axes, row, found, fooling.system)
        _draw_estimate(axes, row, fooling.rate, color, percent(fooling.rate.value))
    _name_rows(axes, [fooling.system for fooling in rows])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks(np.linspace(0, 1, 5), [percent(x) for x in np.linspace(0, 1, 5)])
    axes.set_xlabel('judged "human"; small dots are clips, the band is human music')
    return figure


def draw_detection(study: Study) -> "Figure":
    """Draw each generator's d' with its interval; 0 is guessing."""
    found = study.findings
    figure, axes = _start(study, len(found.generators), "How well was it told from human music?")
    axes.axvline(0, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    for row, generator in enumerate(found.generators):
        d_prime = generator.detection.d_prime
        _draw_estimate(axes, row, d_prime, _color(found, generator.system), f"{d_prime.value:.2f}")
    _name_rows(axes, [generator.system for generator in found.generators])
    ends = [v for g in found.generators for v in _reach(g.detection.d_prime)]
    axes.set_xlim(min(-0.5, *ends) - 0.1, max(1.5, *ends) + 0.1)
    axes.set_xlabel(f"{D_PRIME}; 0 is guessing, the line is the interval")
    return figure


def draw_listeners(study: Study) -> "Figure":
    """Draw how many listeners were how often right, and how many would be if all guessed."""
    from matplotlib.ticker import MaxNLocator

    listeners = study.findings.listeners
    figure, axes = _start(study, 3, "How good were the listeners?")
    bars = np.arange(round(1 / STEP) + 1)
    shares = (listeners["n_correct"] / listeners["n_trials"]).to_numpy()
    counts = np.bincount(_bar(shares), minlength=len(bars))
    axes.bar(bars * STEP, counts, width=0.86 * STEP, color=GENERATORS[0], label="listeners")
    axes.plot(
        bars * STEP, expect_guessing(study.findings), color=INK, linewidth=1.8, label="if all had guessed"
    )
    axes.set_xlim(-STEP / 2, 1 + STEP / 2)
    axes.set_xticks(np.linspace(0, 1, 5), [percent(x) for x in np.linspace(0, 1, 5)])
    axes.set_xlabel("share of trials answered correctly")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, axis="y", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylabel("listeners")
    axes.legend(frameon=False, loc="upper left")
    return figure


def expect_guessing(findings: Findings) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the expected listeners per bar if all guessed: Binomial(trials, 1/2), summed over listeners."""
    from scipy import stats

    expected = np.zeros(round(1 / STEP) + 1)
    edges = (np.arange(len(expected) + 1) - 0.5) * STEP
    for trials, listeners in findings.listeners["n_trials"].value_counts(sort=False).items():
        # Each count is spread over its width, 1 / trials: else bars that no count falls into would dip.
        n = int(str(trials))
        below = np.concatenate([[0], stats.binom.cdf(np.arange(n + 1), n, 0.5)])
        expected += listeners * np.diff(np.interp(edges, (np.arange(n + 2) - 0.5) / n, below))
    return expected


def _bar(
    shares: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the bar that each share falls into; bars are centred on multiples of STEP."""
    return np.floor(shares / STEP + 0.5 + 1e-9).astype(np.int64)


def _start(study: Study, rows: int, title: str) -> "tuple[Figure, Axes]":
    return start_figure(rows, title, SIMULATED if study.exclusions.simulated else "")


def _draw_estimate(axes: "Axes", row: int, estimate: Estimate, color: str, text: str) -> None:
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [row, row], color=color, linewidth=3, solid_capstyle="round")
    axes.plot(
        estimate.value, row, "o", color=color, markersize=10, markeredgecolor=PAPER, markeredgewidth=1.5
    )
    axes.annotate(
        text,
        (estimate.value, row),
        (0, 9),
        textcoords="offset points",
        ha="center",
        weight="bold",
        color=INK,
    )


def _draw_clips(axes: "Axes", row: int, found: Findings, system: str) -> None:
    """Draw a dot per clip below the row's line; equal shares are stacked."""
    shares = found.clips.loc[found.clips["system"] == system, "judged_human"].to_numpy()
    bars = np.sort(_bar(shares))
    height = np.arange(len(bars)) - np.searchsorted(bars, bars)
    step = min(0.06, 0.3 / max(1, height.max()))
    axes.plot(
        np.sort(shares),
        row + 0.16 + step * height,
        ".",
        color=_color(found, system),
        alpha=0.55,
        markersize=6,
    )


def _name_rows(axes: "Axes", systems: list[str]) -> None:
    axes.set_yticks(range(len(systems)), systems)
    axes.set_ylim(len(systems) - 0.42, -0.55)


def _reach(estimate: Estimate) -> list[float]:
    return [end for end in (estimate.low, estimate.value, estimate.high) if end is not None]


def _color(found: Findings, system: str) -> str:
    if system == HUMAN:
        return SOFT
    return GENERATORS[[g.system for g in found.generators].index(system) % len(GENERATORS)]
