"""One file's music as its author gave it: all notes of all tracks, not yet what the generators eat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[Any]
"""A structured array: `table["pitch"]` is a column, `table[mask]` some rows."""

NOTE = np.dtype(
    [
        ("onset_beat", "f8"),
        ("duration_beat", "f8"),
        ("pitch", "i8"),
        ("velocity", "i8"),
        ("track", "i8"),
        ("channel", "i8"),
        ("program", "i8"),
    ]
)
PEDAL = np.dtype([("beat", "f8"), ("track", "i8"), ("channel", "i8"), ("value", "i8")])
TEMPO = np.dtype([("beat", "f8"), ("bpm", "f8")])
METER = np.dtype([("beat", "f8"), ("numerator", "i8"), ("denominator", "i8")])
KEY = np.dtype([("beat", "f8"), ("sharps", "i8"), ("is_minor", "?")])
DRUM_CHANNEL = 9


def make_table(kind: np.dtype[Any], *columns: Sequence[Any] | NDArray[Any]) -> Table:
    """Return a table of that kind from its columns."""
    table = np.empty(len(columns[0]), dtype=kind)
    for name, column in zip(kind.names or (), columns, strict=True):
        table[name] = column
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What a MIDI file holds; all times in quarter-note beats from its start.

    Multiplied by `ticks_per_beat`, every time is a whole number of the file's ticks.
    """

    notes: Table
    """`NOTE` rows by onset, pitch and track, one at least. Velocity is 1 to 127, a duration may be 0; channel
    9 is drums; `program` (0 to 127) is the one that its channel plays at the onset, whatever track set it."""
    pedal: Table
    """`PEDAL` rows by beat: every event of controller 64; a value from 64 up holds the notes of its channel,
    in all tracks."""
    tempi: Table
    """`TEMPO` rows by beat, the first at beat 0, each beat once."""
    meters: Table
    """`METER` rows by beat, the first at beat 0, each beat once; 6/8 has numerator 6 and denominator 8."""
    keys: Table
    """`KEY` rows by beat, none where the file names no key; flats are negative sharps."""
    file_format: int
    """0: one track; 1: tracks that sound together."""
    ticks_per_beat: int
    track_names: tuple[str, ...]
    """A name per track, empty where it has none; in format 1 the first is often the title."""
    texts: tuple[str, ...]
    """Text and copyright notices, in the order of the file."""
    repairs: tuple[str, ...]
    """A sentence for each kind of fault that was mended to read the file."""

    @property
    def n_tracks(self) -> int:
        """The number of tracks, those without notes included."""
        return len(self.track_names)

    @property
    def end_beat(self) -> float:
        """The beat at which the last note ends."""
        return float((self.notes["onset_beat"] + self.notes["duration_beat"]).max())

    def seconds_at(self, beats: float | Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the times of some beats in seconds, by the file's tempi."""
        return find_seconds(np.asarray(beats, dtype=float), self.tempi["beat"], self.tempi["bpm"])


def find_seconds(
    beats: NDArray[np.float64], changed_at: NDArray[np.float64], bpm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the times of some beats in seconds, by the tempi that hold from certain beats on."""
    seconds_per_beat = 60 / bpm
    begun = np.append(0, np.cumsum(np.diff(changed_at) * seconds_per_beat[:-1]))
    index = np.searchsorted(changed_at, beats, side="right") - 1
    seconds: NDArray[np.float64] = begun[index] + (beats - changed_at[index]) * seconds_per_beat[index]
    return seconds
