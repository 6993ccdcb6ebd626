"""Style: what a stretch of music is like, in classes that a generator composes by.

A generator that only continues notes drifts to what is common: middling rhythms, even dynamics, few pitches.
So in training it is told what the stretch ahead is like, mostly, and when it composes it is told what some
stretch of a training piece, drawn at random, was like. Nothing of the notes is in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.tokens import DURATION_TICKS, MAX_DELTA, TICKS_PER_BEAT, VELOCITY_STEP, IntArray

if TYPE_CHECKING:
    from models.features import Setting

STYLES = (
    "notes per second",
    "notes per onset",
    "mean pitch",
    "spread of pitch",
    "pitch classes, bits",
    "notes off the scale",
    "steps of the top line",
    "stays of the top line",
    "leaps of the top line",
    "mean length",
    "spread of lengths",
    "spread of times between onsets",
    "onsets on beats",
    "mean velocity",
    "spread of velocity",
    "notes that stood a bar before",
    "figures heard before",
)
N_STYLES, N_CLASSES = len(STYLES), 7
UNKNOWN = 0
STRETCH_NOTES = 128  # as long as the crops of training, about a clip
FEWEST_NOTES = 24  # fewer have no style
FIGURE_STEPS = 3
_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StyleTable:
    """Where the classes of each style begin, shape (N_STYLES, 5), and styles of real music, a row each."""

    bounds: Floats
    pool: IntArray

    def classify(self, tokens: IntArray, setting: "Setting") -> IntArray:
        """Return the classes of a stretch, shape (N_STYLES,); UNKNOWN where it is short."""
        if len(tokens) < FEWEST_NOTES:
            return np.full(N_STYLES, UNKNOWN)
        values = measure_style(tokens, setting)
        classes: IntArray = 1 + (values[:, None] > self.bounds).sum(axis=1)
        return classes

    def draw(self, rng: np.random.Generator) -> IntArray:
        """Return the style of a stretch of real music."""
        row: IntArray = self.pool[int(rng.integers(len(self.pool)))]
        return row

    @property
    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The table as arrays that lie beside the weights."""
        return {"style/bounds": self.bounds.astype(np.float16), "style/pool": self.pool.astype(np.uint8)}


def read_styles(weights: Mapping[str, NDArray[Any]]) -> StyleTable:
    """Return the table that lies beside weights."""
    bounds, pool = weights["style/bounds"], weights["style/pool"]
    return StyleTable(bounds.astype(np.float64), pool.astype(np.int64))


def fit_styles(songs: Sequence[tuple[IntArray, "Setting"]], rng: np.random.Generator, n: int) -> StyleTable:
    """Return the table of so many stretches of songs, each class holding as many."""
    long_enough = [song for song in songs if len(song[0]) >= FEWEST_NOTES] or list(songs)
    stretches = [_draw_stretch(*long_enough[i % len(long_enough)], rng) for i in range(n)]
    values = np.array([measure_style(*stretch) for stretch in stretches])
    bounds = np.quantile(values, np.arange(1, N_CLASSES - 1) / (N_CLASSES - 1), axis=0).T
    bounds = bounds.astype(np.float16).astype(np.float64)  # as they are kept
    table = StyleTable(bounds, np.zeros((0, N_STYLES), np.int64))
    return StyleTable(bounds, np.array([table.classify(*stretch) for stretch in stretches]))


def cut_stretch(tokens: IntArray, bar_ticks: int, start: int, n_notes: int = STRETCH_NOTES) -> IntArray:
    """Return so many notes from one on, as if the piece began in that bar."""
    stretch = tokens[start : start + n_notes].copy()
    stretch[0, 0] = min(int(tokens[: start + 1, 0].sum()) % bar_ticks, MAX_DELTA)
    return stretch


def measure_style(tokens: IntArray, setting: "Setting") -> Floats:
    """Return the values of a stretch's styles, in the order of `STYLES`.

    The first delta counts from a bar line.
    """
    delta, pitch, duration, velocity = tokens.T
    onset = np.cumsum(delta)
    is_first = np.append(True, delta[1:] > 0)
    top = pitch[np.append(is_first[1:], True)]
    steps, gaps = np.abs(np.diff(top)), np.diff(onset[is_first])
    seconds = max(onset[-1] - onset[0], 1) / TICKS_PER_BEAT / setting.bpm * 60
    length = np.log2(DURATION_TICKS[duration])
    counts = np.bincount(pitch % 12, minlength=12)
    share = counts[counts > 0] / counts.sum()
    return np.array(
        [
            len(tokens) / seconds,
            len(tokens) / is_first.sum(),
            pitch.mean(),
            pitch.std(),
            -(share * np.log2(share)).sum(),
            1 - max(counts[np.roll(_SCALE, shift)].sum() for shift in range(12)) / len(tokens),
            _share((steps > 0) & (steps <= 2)),  # noqa: PLR2004 (a tone)
            _share(steps == 0),
            _share(steps),
            length.mean(),
            length.std(),
            np.log2(gaps).std() if len(gaps) else 0,
            _share(onset[is_first] % TICKS_PER_BEAT == 0),
            velocity.mean() * VELOCITY_STEP,
            velocity.std() * VELOCITY_STEP,
            _find_returns(onset, pitch, setting.bar_ticks),
            _find_figures(gaps, np.diff(top)),
        ]
    )


def _draw_stretch(
    tokens: IntArray, setting: "Setting", rng: np.random.Generator
) -> tuple[IntArray, "Setting"]:
    start = int(rng.integers(max(len(tokens) - STRETCH_NOTES, 0) + 1))
    return cut_stretch(tokens, setting.bar_ticks, start), setting


def _share(values: NDArray[np.bool_] | IntArray) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _find_returns(onset: IntArray, pitch: IntArray, bar_ticks: int) -> float:
    keys = onset * 128 + pitch
    later = keys[onset >= onset[0] + bar_ticks]
    return _share(np.isin(later - bar_ticks * 128, keys))


def _find_figures(gaps: IntArray, moves: IntArray) -> float:
    """Return the share of the top line's figures that came before, transposed or not."""
    steps = gaps * 256 + moves
    if len(steps) < FIGURE_STEPS:
        return 0.0
    figures = np.lib.stride_tricks.sliding_window_view(steps, FIGURE_STEPS)
    return 1 - len(np.unique(figures, axis=0)) / len(figures)
