"""What a clip is like, in 24 numbers that a listener could hear.

Time is in seconds where a listener feels speed, in beats where a musician counts. The top line is the highest
note of each onset. All are defined for any clip of two onsets or more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tokens import TICKS_PER_BEAT, IntArray, Score

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a clip: its name and what it says."""

    name: str
    meaning: str


FEATURES = (
    Feature("density", "notes per second"),
    Feature("chord size", "notes per onset"),
    Feature("polyphony", "notes sounding at a time, while any does"),
    Feature("rests", "share of the time in which nothing sounds"),
    Feature("pitch", "mean, MIDI number"),
    Feature("pitch spread", "standard deviation, semitones"),
    Feature("range", "highest less lowest, semitones"),
    Feature("pitch classes", "entropy, bits"),
    Feature("scale", "share of notes on the best-fitting major scale"),
    Feature("dissonance", "semitones, tritones and sevenths among the intervals that sound together"),
    Feature("leaps", "mean step of the top line, semitones"),
    Feature("steps", "share of its steps of one or two semitones"),
    Feature("repeated notes", "share of its steps that stay"),
    Feature("length", "mean of log2 of the notes' length in beats"),
    Feature("length spread", "its standard deviation"),
    Feature("legato", "median of a note's length over the time to the next onset, at most 4"),
    Feature("pace", "mean of log2 of the time between onsets in beats"),
    Feature("pace spread", "its standard deviation"),
    Feature("on the beat", "share of onsets"),
    Feature("off the eighths", "share of onsets on no eighth"),
    Feature("loudness", "mean velocity"),
    Feature("dynamics", "standard deviation of velocity"),
    Feature("echo", "share of notes that stood 1 to 16 beats before, at the best such distance"),
    Feature("repetition", "share of the top line's figures of four notes heard before"),
)
LONGEST_ECHO_BEATS = 16
FIGURE_NOTES = 4
_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
_DISSONANT = np.isin(np.arange(12), (1, 6, 11))
_MOST_LEGATO = 4.0


def measure_features(score: Score) -> Floats:
    """Return the features of a clip in the order of `FEATURES`."""
    onset, pitch, duration, velocity = score.notes.T
    values = [
        *_measure_texture(score),
        float(pitch.mean()),
        float(pitch.std()),
        float(np.ptp(pitch)),
        *_measure_harmony(onset, pitch, duration),
        *_measure_line(onset, pitch),
        *_measure_rhythm(onset, duration),
        float(velocity.mean()),
        float(velocity.std()),
        _find_echo(onset, pitch),
        _find_repetition(onset, pitch),
    ]
    return np.array(values)


def measure_all(scores: Sequence[Score]) -> Floats:
    """Return the features of clips, a row each."""
    return np.array([measure_features(score) for score in scores]).reshape(len(scores), len(FEATURES))


def _measure_texture(score: Score) -> list[float]:
    onset, duration = score.notes[:, 0], score.notes[:, 2]
    end = int((onset + duration).max())
    change = np.zeros(end + 1, dtype=np.int64)
    np.add.at(change, onset, 1)
    np.add.at(change, onset + duration, -1)
    sounding = np.cumsum(change)[:end]
    n_onsets = len(np.unique(onset))
    any_sounds = max(int((sounding > 0).sum()), 1)
    return [
        len(onset) / float(score.seconds_at(end)),
        len(onset) / n_onsets,
        float(sounding.sum()) / any_sounds,
        1 - any_sounds / end,
    ]


def _measure_harmony(onset: IntArray, pitch: IntArray, duration: IntArray) -> list[float]:
    counts = np.bincount(pitch % 12, weights=duration, minlength=12)
    share = counts[counts > 0] / counts.sum()
    notes = np.bincount(pitch % 12, minlength=12)
    on_scale = max(notes[np.roll(_MAJOR, shift)].sum() for shift in range(12)) / len(pitch)
    together = (onset[:, None] <= onset) & (onset < (onset + duration)[:, None])
    together &= np.arange(len(onset))[:, None] < np.arange(len(onset))
    intervals = np.abs(pitch[:, None] - pitch)[together] % 12
    dissonance = float(_DISSONANT[intervals].mean()) if len(intervals) else 0.0
    return [float(-(share * np.log2(share)).sum()), float(on_scale), dissonance]


def _find_top(onset: IntArray, pitch: IntArray) -> tuple[IntArray, IntArray]:
    """Return the onsets and pitches of the top line; notes are sorted by onset, then pitch."""
    is_top = np.append(onset[1:] != onset[:-1], True)
    return onset[is_top], pitch[is_top]


def _measure_line(onset: IntArray, pitch: IntArray) -> list[float]:
    _, top = _find_top(onset, pitch)
    steps = np.abs(np.diff(top)) if len(top) > 1 else np.zeros(1)
    return [float(steps.mean()), float(((steps > 0) & (steps <= 2)).mean()), float((steps == 0).mean())]  # noqa: PLR2004 (a tone)


def _measure_rhythm(onset: IntArray, duration: IntArray) -> list[float]:
    places = np.unique(onset)
    gaps = np.diff(places) if len(places) > 1 else np.array([TICKS_PER_BEAT])
    following = np.append(places[1:], places[-1] + gaps[-1])[np.searchsorted(places, onset)] - onset
    length, pace = np.log2(duration / TICKS_PER_BEAT), np.log2(gaps / TICKS_PER_BEAT)
    return [
        float(length.mean()),
        float(length.std()),
        float(np.median(np.minimum(duration / following, _MOST_LEGATO))),
        float(pace.mean()),
        float(pace.std()),
        float((places % TICKS_PER_BEAT == 0).mean()),
        float((places % (TICKS_PER_BEAT // 2) != 0).mean()),
    ]


def _find_echo(onset: IntArray, pitch: IntArray) -> float:
    keys = onset * 128 + pitch
    shares = []
    for lag in range(TICKS_PER_BEAT, LONGEST_ECHO_BEATS * TICKS_PER_BEAT + 1, TICKS_PER_BEAT):
        later = keys[onset >= lag]
        if len(later):
            shares.append(np.isin(later - lag * 128, keys).sum() / len(keys))
    return float(max(shares, default=0.0))


def _find_repetition(onset: IntArray, pitch: IntArray) -> float:
    places, top = _find_top(onset, pitch)
    moves = list(zip(np.diff(places).tolist(), np.diff(top).tolist(), strict=True))
    figures = [tuple(moves[i : i + FIGURE_NOTES - 1]) for i in range(len(moves) - FIGURE_NOTES + 2)]
    return 1 - len(set(figures)) / len(figures) if figures else 0.0
