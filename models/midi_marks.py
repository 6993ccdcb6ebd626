"""The meta events of a MIDI file: tempi, meters, keys, track names and texts."""

from collections.abc import Iterator, Sequence

import numpy as np

from models import performance
from models.midi_chunks import Track
from models.performance import Table

TEMPO, METER, KEY = 0x51, 0x58, 0x59
MAX_BPM = 1000
_TEXT, _COPYRIGHT, _TRACK_NAME = 0x01, 0x02, 0x03
_ROWS = {TEMPO: performance.TEMPO, METER: performance.METER, KEY: performance.KEY}
_DEFAULTS: dict[int, tuple[float, ...]] = {TEMPO: (120.0,), METER: (4, 4)}
_SHORTEST_METER, _MOST_SHARPS = 6, 7  # a 64th, as a power of two
_US_PER_MINUTE = 60_000_000
_N_BYTES = {TEMPO: 3, METER: 2, KEY: 2}  # that say something; a meter has two more

Mark = tuple[float, ...]


def find_marks(tracks: Sequence[Track], kind: int) -> tuple[Table, int]:
    """Return the marks of a kind, times in ticks, and how many made no sense and were left out.

    Of several at one tick the file's last one counts. Tempi and meters begin at tick 0: with 120 beats per
    minute and 4/4 where the file says nothing.
    """
    marks = {0: _DEFAULTS[kind]} if kind in _DEFAULTS else {}
    n_left_out = 0
    for tick, data in _find_data(tracks, kind):
        mark = _read_mark(kind, data)
        if mark:
            marks[tick] = mark
        else:
            n_left_out += 1
    return np.array([(tick, *mark) for tick, mark in sorted(marks.items())], _ROWS[kind]), n_left_out


def find_names(tracks: Sequence[Track]) -> tuple[str, ...]:
    """Return each track's first name, empty where it has none."""
    names = (_find_data([track], _TRACK_NAME) for track in tracks)
    return tuple(_read_text(next(found, (0, b""))[1]) for found in names)


def find_texts(tracks: Sequence[Track]) -> tuple[str, ...]:
    """Return the texts and copyright notices, in the order of the file."""
    return tuple(_read_text(data) for _, data in _find_data(tracks, _TEXT, _COPYRIGHT))


def _find_data(tracks: Sequence[Track], *kinds: int) -> Iterator[tuple[int, bytes]]:
    return ((tick, data) for track in tracks for tick, kind, data in track.metas if kind in kinds)


def _read_mark(kind: int, data: bytes) -> Mark:
    """Return a mark's values; none where they make no sense."""
    if len(data) < _N_BYTES[kind]:
        return ()
    if kind == TEMPO:
        us_per_beat = int.from_bytes(data[:3], "big")
        return (_US_PER_MINUTE / us_per_beat,) if us_per_beat * MAX_BPM >= _US_PER_MINUTE else ()
    if kind == METER:
        return (data[0], 2 ** data[1]) if data[0] and data[1] <= _SHORTEST_METER else ()
    sharps = int.from_bytes(data[:1], signed=True)
    return (sharps, data[1]) if abs(sharps) <= _MOST_SHARPS and data[1] <= 1 else ()


def _read_text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip("\0 \t\r\n")
