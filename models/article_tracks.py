"""The tracks of a MIDI file, as much of them as music21 10.5.1 keeps for its notation.

What music21 would refuse, repair or read in a way that is not followed raises `NotFollowedError`.
"""

import re
from collections.abc import Iterator, Sequence

from models.article_bars import UNITS
from models.article_instruments import DRUM_CHANNEL, merge_instruments, read_name, read_program
from models.article_notation import NotFollowedError, Sound, Track

_NOTE_OFF, _NOTE_ON, _PROGRAM, _PRESSURE, _META, _EXCLUSIVE = 0x80, 0x90, 0xC0, 0xD0, 0xFF, (0xF0, 0xF7)
_TRACK_NAME, _INSTRUMENT_NAME, _LYRIC, _TEMPO, _METER, _KEY = 0x03, 0x04, 0x05, 0x51, 0x58, 0x59
_NOTES = {_NOTE_OFF, _NOTE_ON}
_KEPT = {*_NOTES, _PROGRAM, _META}
_LENGTHS = dict.fromkeys(range(_NOTE_OFF, _EXCLUSIVE[0], 16), 2) | {_PROGRAM: 1, _PRESSURE: 1}
_STANDARD = {  # what the data of a mark look like
    _TEMPO: re.compile(rb"(?!\0\0\0).{3}", re.DOTALL),
    _METER: re.compile(rb"[\1-\x40][\0-\6]..", re.DOTALL),
    _KEY: re.compile(rb"[\0-\7\xf9-\xff][\0\1]"),
}

_Event = tuple[int, int, int, bytes]
"""Tick, kind, channel (of a meta event: its type) and data; plain, because a file has thousands."""


def read_tracks(data: bytes) -> Iterator[tuple[Track, bool]]:
    """Yield a file's tracks, each with whether music21 thinks that it has notes."""
    kind, n_tracks, division = (int.from_bytes(data[i : i + 2], "big") for i in (8, 10, 12))
    if data[:8] != b"MThd\0\0\0\6" or kind > 1 or not 0 < division < 2**15:
        raise NotFollowedError("no MIDI file of type 0 or 1 in ticks per quarter note")
    position = 14
    for _ in range(n_tracks):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        if data[position : position + 4] != b"MTrk" or end > len(data):
            raise NotFollowedError("a track that is missing or cut")
        try:
            events = list(_read_events(data[position + 8 : end]))
        except IndexError:
            raise NotFollowedError("an event that is cut") from None
        yield _read_track(events, division), any(kind == _NOTE_ON and data[1] for _, kind, _, data in events)
        position = end


def _read_track(events: Sequence[_Event], ticks_per_quarter: int) -> Track:
    """Return what music21 keeps of a track."""
    track = Track(ticks_per_quarter, _pair_notes(events))
    instruments = []
    for tick, kind, detail, data in events:
        if kind == _PROGRAM:
            instruments.append((tick, read_program(detail, data[0])))
        elif kind == _META and detail in {_TRACK_NAME, _INSTRUMENT_NAME}:
            instruments.append((tick, read_name(data, is_instrument=detail == _INSTRUMENT_NAME)))
        elif kind == _META and detail in _STANDARD:
            if not _STANDARD[detail].fullmatch(data):
                raise NotFollowedError("a tempo, meter or key out of range")
            track.marks.append(tick)
            if detail == _METER:
                track.meters.append((tick, 4 * UNITS * data[0] >> data[1]))
        elif kind == _META and detail == _LYRIC:
            raise NotFollowedError("lyrics")
    track.instruments = merge_instruments(instruments)
    return track


def _pair_notes(events: Sequence[_Event]) -> list[Sound]:
    """Return the notes of a track by onset; one ends where a note of its pitch next ends, even another's."""
    sounds, ends = [], {}
    for tick, kind, channel, data in reversed(events):
        if kind not in _NOTES:
            continue
        pitch, velocity = data
        if pitch >= _NOTE_OFF or velocity >= _NOTE_OFF:
            raise NotFollowedError("a note out of range")
        key = channel << 8 | pitch
        if kind == _NOTE_OFF or not velocity:
            ends[key] = tick
        elif key in ends:
            sounds.append(Sound(tick, ends[key], None if channel == DRUM_CHANNEL else pitch))
    return sounds[::-1]


def _read_events(chunk: bytes) -> Iterator[_Event]:
    """Yield the events of a track that matter; IndexError where one is cut."""
    position, tick, status = 0, 0, 0
    while position < len(chunk):
        delta, position = _read_number(chunk, position)
        tick += delta
        first = chunk[position]
        if first >= _EXCLUSIVE[0]:
            kind, detail, status = first, chunk[position + 1], status if first == _META else 0
            if first != _META and first not in _EXCLUSIVE:
                raise NotFollowedError("a system message")
            length, position = _read_number(chunk, position + (2 if first == _META else 1))
        else:
            if first >= _NOTE_OFF:
                status, position = first, position + 1
            if not status:
                raise NotFollowedError("data that follow no message")
            kind, detail = status & 0xF0, status & 0x0F
            length = _LENGTHS[kind]
        position += length
        if kind in _KEPT:
            yield tick, kind, detail, chunk[position - length : position]
    if position > len(chunk):
        raise IndexError


def _read_number(chunk: bytes, position: int) -> tuple[int, int]:
    """Return a number of variable length and the position after it."""
    number = byte = chunk[position]
    if byte >= _NOTE_OFF:
        number &= 0x7F
    while byte >= _NOTE_OFF:
        position += 1
        byte = chunk[position]
        number = number << 7 | byte & 0x7F
    return number, position + 1
