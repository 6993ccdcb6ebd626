"""The chunks of a MIDI file: bytes in, each track's events as numbers out; no music yet.

Read by the Standard MIDI File format (RP-001), and as real files need it: running status lives on after a
meta event, cable messages are passed over, a wrong length of the last track is forgiven where
its end mark is there. Anything else that is broken is refused: behind a misread byte comes noise, not music.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from study_core.errors import CorpusError

PROGRAM, PITCH_BEND, SYSEX, META = 0xC0, 0xE0, 0xF0, 0xFF
_STATUS = 0x80  # statuses have this bit, data have not
_ESCAPE, _END_OF_TRACK = 0xF7, 0x2F
_CABLE_ONLY = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}  # data bytes
_CHUNK_HEAD, _HEADER, _MAX_NUMBER = 8, 6, 4  # bytes


@dataclass(slots=True)
class Track:
    """One track's events in the order of the file."""

    events: list[int] = field(default_factory=list)
    """Its channel messages, each tick << 24 | status << 16 | first data byte << 8 | second data byte."""
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
    """A file's header and tracks."""

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
    n_header = int.from_bytes(data[start + 4 : start + 8], "big")
    header = data[start + _CHUNK_HEAD : start + _CHUNK_HEAD + n_header]
    if len(header) < max(n_header, _HEADER):
        raise _unreadable("its header is cut off")
    file_format, n_tracks, division = (int.from_bytes(header[i : i + 2], "big") for i in (0, 2, 4))
    chunks = _find_tracks(data, start + _CHUNK_HEAD + n_header, n_tracks)
    tracks = [_read_track(chunk, n_lacking, i + 1) for i, (chunk, n_lacking) in enumerate(chunks)]
    return Chunks(file_format, division, tracks)


def _find_tracks(data: bytes, position: int, n_tracks: int) -> Iterator[tuple[bytes, int]]:
    """Yield each track chunk and how many bytes it lacks; chunks of other kinds are passed over."""
    n_found = 0
    while n_found < n_tracks:
        head = data[position : position + _CHUNK_HEAD]
        if len(head) < _CHUNK_HEAD:
            raise _unreadable(f"it has {n_found} of its {n_tracks} tracks")
        position += _CHUNK_HEAD
        length = int.from_bytes(head[4:], "big")
        if head[:4] == b"MTrk":
            n_found += 1
            yield data[position : position + length], max(0, position + length - len(data))
        position += length


def _read_track(chunk: bytes, n_lacking: int, number: int) -> Track:
    track = Track(n_lacking=n_lacking)
    try:
        _read_events(chunk, track)
    except IndexError:
        raise _unreadable(f"track {number} breaks off within an event") from None
    if n_lacking and not track.has_end:
        raise _unreadable(f"track {number} lacks its last {n_lacking} bytes")
    return track


def _read_events(chunk: bytes, track: Track) -> None:  # noqa: PLR0915 (one loop, for speed)
    """Read a track up to its end mark or last byte; IndexError where an event is cut."""
    position = tick = status = 0
    end, events = len(chunk), track.events
    while position < end:
        if chunk[position] < _STATUS:
            tick += chunk[position]
            position += 1
        else:
            delta, position = _read_number(chunk, position)
            tick += delta
        first = chunk[position]
        if first >= SYSEX:
            position = _read_system_event(chunk, position, tick, track)
            status = status if first == META else 0
            continue
        if first >= _STATUS:
            status, position = first, position + 1
        if PROGRAM <= status < PITCH_BEND:  # a program or a pressure: one data byte
            events.append(tick << 24 | status << 16 | chunk[position] << 8)
            position += 1
        elif status:
            events.append(tick << 24 | status << 16 | chunk[position] << 8 | chunk[position + 1])
            position += 2
        else:
            raise _unreadable(f"byte {first} stands where an event should begin")
    track.end_tick = tick


def _read_system_event(chunk: bytes, position: int, tick: int, track: Track) -> int:
    """Take note of an event that is no channel message; return the position after it."""
    kind = chunk[position]
    if kind in _CABLE_ONLY:
        track.n_cable_only += 1
        return position + 1 + _CABLE_ONLY[kind]
    if kind not in {SYSEX, _ESCAPE, META}:
        raise _unreadable(f"byte {kind} stands where an event should begin")
    start = position + (2 if kind == META else 1)
    length, start = _read_number(chunk, start)
    after = start + length
    if after > len(chunk):
        raise IndexError
    if kind == META:
        track.metas.append((tick, chunk[position + 1], chunk[start:after]))
        track.has_end = chunk[position + 1] == _END_OF_TRACK
    return len(chunk) if track.has_end else after


def _read_number(chunk: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length and the position after it."""
    number = 0
    for after in range(position + 1, position + 1 + _MAX_NUMBER):
        byte = chunk[after - 1]
        number = number << 7 | byte & 0x7F
        if byte < _STATUS:
            return number, after
    raise _unreadable(f"a number has more than {_MAX_NUMBER} bytes")


def _unreadable(why: str) -> CorpusError:
    return CorpusError(f"is not readable MIDI ({why})")
