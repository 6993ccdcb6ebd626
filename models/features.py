"""What a generator sees of the music: the last note, its place, how it lies among others, what is repeated.

Every column but the targets follows from the notes before; `models.past` finds the same, note by note.
"""

from dataclasses import dataclass

import numpy as np

from models.lookback import (
    N_MATCHES,
    NOTHING,
    find_matches,
    find_references,
    find_voices,
    look_back_for_delta,
    look_back_for_note,
    look_back_for_pitch,
    sort_keys,
)
from models.style import N_STYLES
from models.tokens import N_PITCHES, TICKS_PER_BEAT, IntArray

LAGS_BARS = (1, 2, 4, 8)
N_SEEN = len(LAGS_BARS) + N_MATCHES
N_REFERENCES = 6
MAX_INTERVAL = 24  # semitones; wider ones count as this

# Columns of a step's features. A step has heard one note and predicts the parts of the next in this order,
# each part knowing those before it.
NOTE = slice(0, 4)
PLACE = slice(4, 6)
SETTING = slice(6, 8)
CONTOUR = slice(8, 14)
DELTA_LOOKBACK = slice(14, 20)
TARGET = slice(20, 24)
TARGET_PLACE = slice(24, 26)
REFERENCES = slice(26, 32)
PITCH_LOOKBACK = slice(32, 38)
DURATION_LOOKBACK = slice(38, 45)
VELOCITY_LOOKBACK = slice(45, 52)
STYLE = slice(52, 52 + N_STYLES)
N_FEATURES = STYLE.stop
LOOKBACKS = (DELTA_LOOKBACK, PITCH_LOOKBACK, DURATION_LOOKBACK, VELOCITY_LOOKBACK)
"""The columns of what stands where the music may repeat itself, for each part of a token."""

N_BEATS = 16
_BAR_CLASSES = {48: 0, 36: 1, 24: 2, 72: 3}
N_BAR_CLASSES = 5
_TEMPO_BOUNDS = (75, 95, 115, 135, 160)
N_TEMPO_CLASSES = len(_TEMPO_BOUNDS) + 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same through a piece."""

    bar_ticks: int
    bpm: float

    @property
    def classes(self) -> tuple[int, int]:
        """The class of the bar length and of the tempo."""
        tempo_class = int(np.searchsorted(_TEMPO_BOUNDS, self.bpm))
        return _BAR_CLASSES.get(self.bar_ticks, N_BAR_CLASSES - 1), tempo_class


def find_place(onset: IntArray, bar_ticks: int | IntArray) -> tuple[IntArray, IntArray]:
    """Return the tick within the beat and the beat within the bar."""
    in_bar = onset % bar_ticks
    return in_bar % TICKS_PER_BEAT, np.minimum(in_bar // TICKS_PER_BEAT, N_BEATS - 1)


def count_interval(semitones: IntArray) -> IntArray:
    """Return intervals from 0 on, the widest up and down counted together with all that are wider."""
    return semitones.clip(-MAX_INTERVAL, MAX_INTERVAL) + MAX_INTERVAL


def build_features(
    tokens: IntArray, setting: Setting, start: int = 0, style: IntArray | None = None
) -> IntArray:
    """Return the features of every step between two notes from note `start` on.

    Parameters
    ----------
    tokens
        A token per note, shape (notes, 4); those before `start` are only looked back to.
    style
        Classes of what the music is like, shape (N_STYLES,); unknown where not given.

    Returns
    -------
    Shape (notes - start - 1, N_FEATURES).
    """
    onset, references = np.cumsum(tokens[:, 0]), find_references(tokens)
    now, then = slice(start, len(tokens) - 1), slice(start + 1, None)
    features = np.zeros((len(tokens) - start - 1, N_FEATURES), dtype=np.int64)
    features[:, NOTE], features[:, TARGET] = tokens[now], tokens[then]
    features[:, PLACE] = np.column_stack(find_place(onset[now], setting.bar_ticks))
    features[:, TARGET_PLACE] = np.column_stack(find_place(onset[then], setting.bar_ticks))
    features[:, SETTING] = setting.classes
    features[:, REFERENCES] = references[then]
    features[:, CONTOUR] = count_interval(tokens[now, 1:2] - references[now])
    if style is not None:
        features[:, STYLE] = style
    _look_back(features, tokens, onset, setting.bar_ticks, start)
    return features


def _look_back(features: IntArray, tokens: IntArray, onset: IntArray, bar_ticks: int, start: int) -> None:
    """Fill in what stands where the music may repeat itself."""
    now, then = slice(start, len(tokens) - 1), slice(start + 1, None)
    keys = sort_keys(onset, tokens[:, 1])
    lowest = np.where(tokens[then, 0] == 0, tokens[now, 1], -1)
    for i, lag in enumerate(np.array(LAGS_BARS) * bar_ticks):
        features[:, DELTA_LOOKBACK.start + i] = look_back_for_delta(keys, onset[now] - lag, tokens[now, 1])
        features[:, PITCH_LOOKBACK.start + i] = look_back_for_pitch(keys, onset[then] - lag, lowest)
        found = look_back_for_note(keys, onset[then] - lag, tokens[then, 1])
        _note_found(features, i, found, tokens)
    for i, follower in enumerate(find_matches(tokens), start=len(LAGS_BARS)):
        found = follower[now]
        is_there, is_then = found != NOTHING, tokens[found, 0] == tokens[then, 0]
        pitch = tokens[now, 1] + tokens[found, 1] - tokens[found - 1, 1]
        is_possible = is_there & is_then & (pitch >= 0) & (pitch < N_PITCHES)
        features[:, DELTA_LOOKBACK.start + i] = np.where(is_there, tokens[found, 0], NOTHING)
        features[:, PITCH_LOOKBACK.start + i] = np.where(is_possible, pitch, NOTHING)
        _note_found(features, i, np.where(is_possible & (pitch == tokens[then, 1]), found, NOTHING), tokens)
    _note_found(features, N_SEEN, find_voices(tokens)[then], tokens)


def _note_found(features: IntArray, i: int, found: IntArray, tokens: IntArray) -> None:
    """Fill in the duration and velocity of the notes found, by their index."""
    is_there = found != NOTHING
    features[:, DURATION_LOOKBACK.start + i] = np.where(is_there, tokens[found, 2], NOTHING)
    features[:, VELOCITY_LOOKBACK.start + i] = np.where(is_there, tokens[found, 3], NOTHING)
