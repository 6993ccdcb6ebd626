"""What a generator sees of the music: the last note, its place in the bar, and what stood there bars ago."""

from dataclasses import dataclass

import numpy as np

from models.tokens import MAX_DELTA, TICKS_PER_BEAT, IntArray

LAGS_BARS = (1, 2, 4, 8)
NOTHING = -1  # where no note stood at that place

# Columns of a step's features. A step has heard one note and predicts the parts of the next in this order,
# each part knowing those before it.
NOTE = slice(0, 4)
PLACE = slice(4, 6)
SETTING = slice(6, 8)
DELTA_LOOKBACK = slice(8, 12)
TARGET = slice(12, 16)
TARGET_PLACE = slice(16, 18)
PITCH_LOOKBACK = slice(18, 22)
DURATION_LOOKBACK = slice(22, 26)
VELOCITY_LOOKBACK = slice(26, 30)
N_FEATURES = 30

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


def build_features(tokens: IntArray, setting: Setting, start: int = 0) -> IntArray:
    """Return the features of every step between two notes from note `start` on.

    Parameters
    ----------
    tokens
        A token per note, shape (notes, 4); those before `start` are only looked back to.

    Returns
    -------
    Shape (notes - start - 1, N_FEATURES).
    """
    onset = np.cumsum(tokens[:, 0])
    keys = _sort_keys(onset, tokens[:, 1])
    now, then = slice(start, len(tokens) - 1), slice(start + 1, None)
    features = np.empty((len(tokens) - start - 1, N_FEATURES), dtype=np.int64)
    features[:, NOTE], features[:, TARGET] = tokens[now], tokens[then]
    features[:, PLACE] = np.column_stack(find_place(onset[now], setting.bar_ticks))
    features[:, TARGET_PLACE] = np.column_stack(find_place(onset[then], setting.bar_ticks))
    features[:, SETTING] = setting.classes
    lowest = np.where(tokens[then, 0] == 0, tokens[now, 1], -1)
    for i, lag in enumerate(np.array(LAGS_BARS) * setting.bar_ticks):
        features[:, 8 + i] = _look_back_for_delta(keys, onset[now] - lag, tokens[now, 1])
        features[:, 18 + i] = _look_back_for_pitch(keys, onset[then] - lag, lowest)
        found = _look_back_for_note(keys, onset[then] - lag, tokens[then, 1])
        is_there = found != NOTHING
        features[:, 22 + i] = np.where(is_there, tokens[found, 2], NOTHING)
        features[:, 26 + i] = np.where(is_there, tokens[found, 3], NOTHING)
    return features


def _sort_keys(onset: IntArray, pitch: IntArray) -> IntArray:
    """Return one number per note that sorts by onset, then pitch."""
    return onset * 128 + pitch


def _look_back_for_delta(keys: IntArray, tick: IntArray, pitch: IntArray) -> IntArray:
    """Return how long after this place the next note came then."""
    index = np.searchsorted(keys, _sort_keys(tick, pitch), side="right")
    delta = keys[index.clip(max=len(keys) - 1)] // 128 - tick
    has_past = (tick >= keys[0] // 128) & (delta <= MAX_DELTA)
    return np.where(has_past, delta, NOTHING)


def _look_back_for_pitch(keys: IntArray, tick: IntArray, lowest: IntArray) -> IntArray:
    """Return the first pitch at this place above a given one."""
    index = np.searchsorted(keys, _sort_keys(tick, lowest), side="right")
    key = keys[index.clip(max=len(keys) - 1)]
    return np.where((key // 128 == tick) & (key % 128 > lowest), key % 128, NOTHING)


def _look_back_for_note(keys: IntArray, tick: IntArray, pitch: IntArray) -> IntArray:
    """Return the index of the note of that pitch at this place."""
    key = _sort_keys(tick, pitch)
    index = np.searchsorted(keys, key).clip(max=len(keys) - 1)
    return np.where(keys[index] == key, index, NOTHING)
