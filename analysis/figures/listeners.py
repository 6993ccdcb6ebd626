"""Figure: how good were the listeners."""

from typing import TYPE_CHECKING

import numpy as np

from analysis.canvas import GENERATORS, INK
from analysis.clusters import FloatArray
from analysis.figures.accounted import Explored, Judged
from analysis.figures.marks import start
from analysis.figures.ticks import set_percent
from analysis.wording import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How good were the listeners?"
BIN = 0.05
"""Width of a bar, in share correct."""


def draw(explored: Explored) -> "Figure":
    """Draw how many listeners were how often right, and how many would be if all guessed."""
    from matplotlib.ticker import MaxNLocator

    listeners = explored.study.findings.listeners
    figure, axes = start(explored.study, 3.4, TITLE)
    bars = np.arange(round(1 / BIN) + 1)
    shares = (listeners["n_correct"] / listeners["n_trials"]).to_numpy()
    counts = np.bincount(np.floor(shares / BIN + 0.5 + 1e-9).astype(np.int64), minlength=len(bars))
    axes.bar(bars * BIN, counts, width=0.86 * BIN, color=GENERATORS[0], label="listeners")
    guessing = expect_guessing(explored.study.findings)
    axes.plot(bars * BIN, guessing, color=INK, linewidth=1.8, label="if all had guessed")
    set_percent(axes)
    axes.set_xlim(-BIN / 2, 1 + BIN / 2)
    axes.set_xlabel("share of trials answered correctly")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("listeners")
    axes.set_ylim(0, 1.22 * max(counts.max(), guessing.max()))  # room for the legend
    axes.legend(loc="upper left", ncols=2)
    return figure


def read(explored: Explored) -> str:
    """Return the figure in a sentence."""
    found = explored.study.findings
    share = found.listeners["n_correct"] / found.listeners["n_trials"]
    above = int((share > limit_chance(found)).sum())
    return (
        f"Listeners were right in {percent(found.accuracy.correct.value)} of trials on average, "
        f"from {percent(share.min())} to {percent(share.max())}; {above} of {len(share)} did better than "
        "19 of 20 who guess would."
    )


def limit_chance(findings: Judged) -> FloatArray:
    """Return, per listener, the share correct that a guesser exceeds with a chance of at most 5 %."""
    from scipy import stats

    trials = findings.listeners["n_trials"].to_numpy()
    return np.asarray(stats.binom.ppf(0.95, trials, 0.5) / trials, np.float64)


def expect_guessing(findings: Judged) -> FloatArray:
    """Return the expected listeners per bar if all guessed: Binomial(trials, 1/2), summed over listeners."""
    from scipy import stats

    expected = np.zeros(round(1 / BIN) + 1)
    edges = (np.arange(len(expected) + 1) - 0.5) * BIN
    for trials, listeners in findings.listeners["n_trials"].value_counts(sort=False).items():
        # Each count is spread over its width, 1 / trials: else bars that no count falls into would dip.
        n = int(str(trials))
        below = np.concatenate([[0], stats.binom.cdf(np.arange(n + 1), n, 0.5)])
        expected += listeners * np.diff(np.interp(edges, (np.arange(n + 2) - 0.5) / n, below))
    return expected
