"""The chunks of a MIDI file: bytes in, each track's events as numbers out; no music yet.

Read by the Standard MIDI File format (RP-001), and as real files need it: running status lives on after a
meta event, cable messages are passed over, a wrong length of the last track is forgiven where its end mark
is there. Anything else that is broken is refused: behind a misread byte comes noise, not music.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from study_core.errors import CorpusError

N_DATA = (*[0] * 0x80, *[2] * 0x40, *[1] * 0x20, *[2] * 0x10, *[0] * 0x10)
"""How many data bytes a channel message has, by its status; 0 for what is no status of one."""
_STATUS, _SYSEX, _ESCAPE, _META = 0x80, 0xF0, 0xF7, 0xFF  # from _STATUS on a byte is no data
_END_OF_TRACK = 0x2F
_CABLE_ONLY = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}  # data bytes
_CHUNK_HEAD, _HEADER, _MAX_NUMBER = 8, 6, 4  # bytes


@dataclass(slots=True)
class Track:
    """One track's events in the order of the file."""

    ticks: list[int] = field(default_factory=list)
    """When its channel messages come."""
    places: list[int] = field(default_factory=list)
    """Where in the file the data of each stand, and its status: place << 8 | status."""
    metas: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Its meta events: tick, type, data."""
    end_tick: int = 0
    has_end: bool = False
    n_lacking: int = 0
    """Bytes that its length promises and the file does not have."""
    n_cable_only: int = 0
    """Messages that were passed over."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """A file's bytes, header and tracks."""

    data: bytes
    file_format: int
    division: int
    tracks: list[Track]


def read_chunks(data: bytes) -> Chunks:
    """Return the header and tracks in a file's bytes, out of their RIFF wrapper where they have one.

    Raises
    ------
    CorpusError
        If the bytes are no whole MIDI file; the message goes on from the file's name.
    """
    start = data.find(b"MThd", 0, 64) if data[:4] == b"RIFF" else 0
    if start < 0 or data[start : start + 4] != b"MThd":
        raise _unreadable(f"it begins with {data[:4]!r}, not with b'MThd'")
    start += _CHUNK_HEAD
    n_header = int.from_bytes(data[start - 4 : start], "big")
    if n_header < _HEADER or start + n_header > len(data):
        raise _unreadable("its header is cut off")
    file_format, n_tracks, division = (int.from_bytes(data[start + i :][:2], "big") for i in (0, 2, 4))
    bounds = enumerate(_find_tracks(data, start + n_header, n_tracks), start=1)
    tracks = [_read_track(data, first, end, number) for number, (first, end) in bounds]
    return Chunks(data, file_format, division, tracks)


def _find_tracks(data: bytes, position: int, n_tracks: int) -> Iterator[tuple[int, int]]:
    """Yield where each track begins and ends by its length; chunks of other kinds are passed over."""
    n_found = 0
    while n_found < n_tracks:
        head = data[position : position + _CHUNK_HEAD]
        if len(head) < _CHUNK_HEAD:
            raise _unreadable(f"it has {n_found} of its {n_tracks} tracks")
        first = position + _CHUNK_HEAD
        position = first + int.from_bytes(head[4:], "big")
        if head[:4] == b"MTrk":
            n_found += 1
            yield first, position


def _read_track(data: bytes, first: int, end: int, number: int) -> Track:
    track = Track(n_lacking=max(0, end - len(data)))
    is_cut = False
    try:
        _read_events(data, first, end - track.n_lacking, track)
    except IndexError:
        is_cut = True
    if track.n_lacking and not track.has_end:
        raise _unreadable(f"track {number} lacks its last {track.n_lacking} bytes")
    if is_cut:
        raise _unreadable(f"track {number} breaks off within an event")
    return track


def _read_events(data: bytes, position: int, end: int, track: Track) -> None:
    """Read a track up to its end mark or last byte; IndexError where an event is cut.

    One loop without calls, because a corpus has millions of events.
    """
    tick = status = 0
    add_tick, add_place = track.ticks.append, track.places.append
    while position < end and not track.has_end:
        delta, position = data[position], position + 1
        if delta >= _STATUS and data[position] < _STATUS:  # two bytes, as most long deltas
            delta, position = (delta & 0x7F) << 7 | data[position], position + 1
        elif delta >= _STATUS:
            delta, position = _read_number(data, position - 1)
        tick += delta
        first = data[position]
        if first >= _SYSEX:
            position = _read_system_event(data, position, tick, track)
            status = status if first == _META else 0
            continue
        if first >= _STATUS:
            status, position = first, position + 1
        elif not status:
            raise _unexpected(first)
        add_tick(tick)
        add_place(position << 8 | status)
        position += N_DATA[status]
    if position > end:
        raise IndexError  # it runs into the next chunk
    track.end_tick = tick


def _read_system_event(data: bytes, position: int, tick: int, track: Track) -> int:
    """Take note of an event that is no channel message; return the position after it."""
    kind = data[position]
    if kind in _CABLE_ONLY:
        track.n_cable_only += 1
        return position + 1 + _CABLE_ONLY[kind]
    if kind not in {_SYSEX, _ESCAPE, _META}:
        raise _unexpected(kind)
    length, start = _read_number(data, position + (2 if kind == _META else 1))
    if kind == _META:
        track.metas.append((tick, data[position + 1], data[start : start + length]))
        track.has_end = data[position + 1] == _END_OF_TRACK
    return start + length


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length and the position after it."""
    number = 0
    for after in range(position + 1, position + 1 + _MAX_NUMBER):
        byte = data[after - 1]
        number = number << 7 | byte & 0x7F
        if byte < _STATUS:
            return number, after
    raise _unreadable(f"a number has more than {_MAX_NUMBER} bytes")


def _unexpected(byte: int) -> CorpusError:
    return _unreadable(f"byte {byte} stands where an event should begin")


def _unreadable(why: str) -> CorpusError:
    return CorpusError(f"is not readable MIDI ({why})")
