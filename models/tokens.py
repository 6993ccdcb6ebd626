"""The token form: notes on a grid of 12 ticks per beat, each note a tuple that a generator predicts.

A token is (delta, pitch, duration class, velocity bin): ticks since the note before, semitones above A0,
index into `DURATION_TICKS`, steps of 4. `quantize` puts music on the grid, `fit_vocabulary` brings it to what
tokens can say; from there `encode` and `decode` lose nothing. `human` clips and generated clips alike are
scores made from tokens. For tokens that lose nothing of the grid see `models.exact_tokens`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

TICKS_PER_BEAT = 12
LOWEST_PITCH, N_PITCHES = 21, 88
MAX_DELTA = 8 * TICKS_PER_BEAT
DURATION_TICKS = np.array(
    [
        *range(1, 13),
        14,
        16,
        18,
        20,
        22,
        24,
        28,
        30,
        32,
        36,
        40,
        42,
        48,
        54,
        60,
        72,
        84,
        96,
        120,
        144,
        168,
        192,
    ]
)
VELOCITY_STEP = 4
N_VELOCITIES = 128 // VELOCITY_STEP
N_CLASSES = (MAX_DELTA + 1, N_PITCHES, len(DURATION_TICKS), N_VELOCITIES)
"""Number of values of each part of a token."""

LATENESS_BEATS = 0.016  # of the notation program that most files were exported from
_FAR_TICKS = 10**7
_MAJOR_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))


class PlayedNotes(Protocol):
    """What `quantize` needs of a file that was read; times in quarter-note beats."""

    @property
    def notes(self) -> NDArray[np.float64]:
        """Rows (onset, duration, pitch, velocity)."""

    @property
    def tempi(self) -> NDArray[np.float64]:
        """Rows (beat, beats per minute), the first at beat 0."""

    @property
    def meters(self) -> NDArray[np.float64]:
        """Rows (beat, bar length in beats), the first at beat 0."""


@dataclass(frozen=True, slots=True)
class Score:
    """Music on the grid; tick 0 is a bar line.

    `notes` has a row (onset tick, MIDI pitch, duration in ticks, velocity) per note, sorted by onset and
    pitch, a key once at a tick; `tempi` a row (tick, beats per minute) per change, the first at tick 0; of
    several at one tick the last holds.
    """

    notes: IntArray
    bar_ticks: int
    tempi: NDArray[np.float64]

    @property
    def end_tick(self) -> int:
        """The tick at which the last note ends."""
        return int((self.notes[:, 0] + self.notes[:, 2]).max())

    @property
    def duration_s(self) -> float:
        """Seconds from tick 0 to the end of the last note."""
        return float(self.seconds_at(self.end_tick))

    @property
    def bpm(self) -> float:
        """Mean tempo in beats per minute."""
        return self.end_tick / TICKS_PER_BEAT / self.duration_s * 60

    def seconds_at(self, tick: float) -> float:
        """Return the time of a tick in seconds."""
        return float(np.interp(tick, *self._clock))

    def tick_at(self, seconds: float) -> float:
        """Return the tick that is reached after some seconds."""
        ticks, times = self._clock
        return float(np.interp(seconds, times, ticks))

    @property
    def _clock(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ticks and seconds at every change of tempo, and at a tick far behind the last."""
        ticks = np.append(self.tempi[:, 0], self.tempi[-1, 0] + _FAR_TICKS)
        lengths_s = np.diff(ticks) * 60 / (self.tempi[:, 1] * TICKS_PER_BEAT)
        return ticks, np.append(0, np.cumsum(lengths_s))


def quantize(played: PlayedNotes) -> Score:
    """Return music on the grid: every onset and duration the nearest whole tick, velocities as they are.

    A key that is struck twice at one tick sounds once, for the longer time; a note that still sounds when its
    key is struck again ends there. Of several meters the one that lasts longest sets the bar.
    """
    start, bar_ticks = _find_bars(played)
    onset, duration = place_on_grid(played.notes)
    shift = -start % bar_ticks
    notes = np.column_stack([onset + shift, played.notes[:, 2], duration, played.notes[:, 3]])
    tempi = played.tempi * (TICKS_PER_BEAT, 1) + (shift, 0)
    tempi[0, 0] = 0
    return Score(_separate_keys(notes.astype(np.int64)), bar_ticks, tempi)


def place_on_grid(notes: NDArray[np.float64]) -> tuple[IntArray, IntArray]:
    """Return the onset and the duration of notes in ticks, the notation program's lateness taken away."""
    onset = np.rint((notes[:, 0] - find_lateness(notes[:, 0])) * TICKS_PER_BEAT).clip(0)
    duration = np.rint(notes[:, 1] * TICKS_PER_BEAT).clip(1)
    return onset.astype(np.int64), duration.astype(np.int64)


def find_lateness(beats: NDArray[np.float64]) -> float:
    """Return how late onsets are as a whole, in beats: 0.016, or 0 where that is nearer to the grid.

    The program moves each note by up to 0.04 beats, alike at the same place of a bar, 0.016 on average.
    """

    def distance_from_grid(lateness: float) -> float:
        ticks = (beats - lateness) * TICKS_PER_BEAT
        return float(np.abs(ticks - np.rint(ticks)).mean())

    return min((0.0, LATENESS_BEATS), key=distance_from_grid)


def fit_vocabulary(score: Score) -> Score:
    """Return the nearest music that tokens can say; from there `encode` and `decode` lose nothing.

    Durations become the nearest of the classes, velocities the middle of their bin, and rests of more than 8
    beats are cut by whole bars, as is the silence before the music.
    """
    notes = score.notes.copy()
    notes[:, 2] = DURATION_TICKS[_nearest_duration(notes[:, 2])]
    notes[:, 3] = notes[:, 3] // VELOCITY_STEP * VELOCITY_STEP + VELOCITY_STEP // 2
    removed_at, removed = _find_long_rests(notes[:, 0], score.bar_ticks)
    notes[:, 0] = _move_back(notes[:, 0], removed_at, removed)
    tempi = score.tempi.copy()
    tempi[:, 0] = _move_back(tempi[:, 0], removed_at, removed)
    return Score(notes, score.bar_ticks, tempi)


def encode(score: Score) -> IntArray:
    """Return a token per note, shape (notes, 4); every part counts from 0."""
    onset, pitch, duration, velocity = score.notes.T
    delta = np.diff(onset, prepend=0)
    return np.column_stack(
        [delta, pitch - LOWEST_PITCH, _nearest_duration(duration), velocity // VELOCITY_STEP]
    )


def decode(tokens: IntArray, bar_ticks: int, bpm: float) -> Score:
    """Return the score that tokens stand for, at a constant tempo."""
    delta, pitch, duration, velocity = np.asarray(tokens).T
    notes = np.column_stack(
        [
            np.cumsum(delta),
            pitch + LOWEST_PITCH,
            DURATION_TICKS[duration],
            velocity * VELOCITY_STEP + VELOCITY_STEP // 2,
        ]
    )
    return Score(notes, bar_ticks, np.array([[0.0, bpm]]))


def find_key_shift(score: Score) -> int:
    """Return the semitones (-5 to 6) that move most notes onto the C major and A minor scale."""
    counts = np.bincount(score.notes[:, 1] % 12, minlength=12)
    shifts = sorted(range(-5, 7), key=abs)
    return max(shifts, key=lambda shift: counts[np.roll(_MAJOR_SCALE, -shift)].sum())


def _find_bars(played: PlayedNotes) -> tuple[int, int]:
    """Return the start of the longest-lasting meter and its bar length, both in ticks."""
    end = played.notes[:, :2].sum(axis=1).max()
    lasts = np.diff(np.append(played.meters[:, 0].clip(max=end), end))
    beat, bar_beats = played.meters[int(lasts.argmax())]
    return round(beat * TICKS_PER_BEAT), max(round(bar_beats * TICKS_PER_BEAT), TICKS_PER_BEAT)


def _nearest_duration(ticks: NDArray[np.float64] | IntArray) -> IntArray:
    """Return the index of the nearest duration class."""
    between = (DURATION_TICKS[1:] + DURATION_TICKS[:-1]) / 2
    index: IntArray = np.searchsorted(between, ticks)
    return index


def _separate_keys(notes: IntArray) -> IntArray:
    """Return notes sorted by onset and pitch, each key sounding once at a time."""
    notes = notes[np.lexsort((-notes[:, 2], notes[:, 0], notes[:, 1]))]
    is_first = np.append(True, np.any(notes[1:, :2] != notes[:-1, :2], axis=1))
    notes = notes[is_first]
    is_struck_again = np.diff(notes[:, 1]) == 0
    gap = np.where(is_struck_again, np.diff(notes[:, 0]), notes[:-1, 2])
    notes[:-1, 2] = np.minimum(notes[:-1, 2], gap)
    separate: IntArray = notes[np.lexsort((notes[:, 1], notes[:, 0]))]
    return separate


def _find_long_rests(onset: IntArray, bar_ticks: int) -> tuple[IntArray, IntArray]:
    """Return the onsets before which ticks are cut, and how many: bars where there are enough."""
    delta = np.diff(onset, prepend=0)
    excess = (delta - MAX_DELTA).clip(0)
    whole_bars = -(-excess // bar_ticks) * bar_ticks
    removed = np.where(whole_bars <= delta, whole_bars, excess)
    removed[0] = max(removed[0], onset[0] // bar_ticks * bar_ticks)
    return onset[removed > 0], removed[removed > 0]


def _move_back(
    ticks: IntArray | NDArray[np.float64], removed_at: IntArray, removed: IntArray
) -> NDArray[np.float64]:
    """Return where ticks come to stand by what was cut before them; in a cut, at the note behind it."""
    index, before = np.searchsorted(removed_at, ticks, side="right"), np.append(0, np.cumsum(removed))
    following = np.append(removed_at - before[1:], np.inf)
    moved: NDArray[np.float64] = np.minimum(ticks - before[index], following[index])
    return moved
