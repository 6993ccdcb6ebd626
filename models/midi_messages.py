"""The channel messages of a MIDI file as arrays: notes with their ends and programs, and the pedal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.midi_chunks import N_DATA, Chunks
from models.performance import NOTE, PEDAL, Table, make_table

_NOTE_ON, _CONTROL, _PROGRAM, _PEDAL_CONTROLLER = 0x90, 0xB0, 0xC0, 64
_HAS_SECOND = np.array(N_DATA) == 2  # noqa: PLR2004 (by status)
_HIGHEST_DATA = 127

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Messages:
    """The channel messages of all tracks, track after track: an array per property."""

    tick: IntArray
    track: IntArray
    kind: IntArray
    channel: IntArray
    first: IntArray
    second: IntArray
    n_limited: int
    """Data bytes above 127; they were limited to it."""


def unpack_messages(chunks: Chunks) -> Messages:
    """Return the channel messages of all tracks."""
    data = np.frombuffer(chunks.data + b"\0", dtype=np.uint8)
    packed = np.array([place for track in chunks.tracks for place in track.places], dtype=np.int64)
    status, place = packed & 0xFF, packed >> 8
    first = data[place].astype(np.int64)
    second = np.where(_HAS_SECOND[status], data[place + 1], 0).astype(np.int64)
    return Messages(
        tick=np.array([tick for track in chunks.tracks for tick in track.ticks], dtype=np.int64),
        track=np.repeat(np.arange(len(chunks.tracks)), [len(track.ticks) for track in chunks.tracks]),
        kind=status & 0xF0,
        channel=status & 0x0F,
        first=np.minimum(first, _HIGHEST_DATA),
        second=np.minimum(second, _HIGHEST_DATA),
        n_limited=int((first > _HIGHEST_DATA).sum() + (second > _HIGHEST_DATA).sum()),
    )


def find_notes(messages: Messages, end_ticks: IntArray) -> tuple[Table, int]:
    """Return the notes, times in ticks, and how many of them never end: those last to their track's end tick.

    Of several sounding notes of one pitch, channel and track the oldest ends first.
    """
    m = messages
    index = np.flatnonzero(m.kind <= _NOTE_ON)
    key = (m.track[index] << 4 | m.channel[index]) << 7 | m.first[index]
    start, end = match_ends(key, (m.kind[index] == _NOTE_ON) & (m.second[index] > 0))
    start, is_endless = index[start], end < 0
    end_tick = np.where(is_endless, end_ticks[m.track[start]], m.tick[index[end]])
    order = np.argsort((m.tick[start] << 7 | m.first[start]) << 16 | m.track[start], kind="stable")
    start, end_tick = start[order], end_tick[order]
    onset, channel = m.tick[start], m.channel[start]
    columns = (onset, end_tick - onset, m.first[start], m.second[start], m.track[start], channel)
    return make_table(NOTE, *columns, _find_programs(m, onset, channel)), int(is_endless.sum())


def find_pedal(messages: Messages) -> Table:
    """Return the pedal's events by tick, then track."""
    m = messages
    index = np.flatnonzero((m.kind == _CONTROL) & (m.first == _PEDAL_CONTROLLER))
    index = index[np.argsort(m.tick[index], kind="stable")]
    return make_table(PEDAL, m.tick[index], m.track[index], m.channel[index], m.second[index])


def match_ends(key: IntArray, is_start: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the index of every start and of the end that belongs to it, -1 where none does.

    A key's next end ends the oldest of its open starts; an end where none is open ends nothing.

    Parameters
    ----------
    key, is_start
        A value per start or end, in the order of time within each key.
    """
    order = np.argsort(key, kind="stable")
    key, is_start = key[order], is_start[order]
    group = np.searchsorted(key, key)  # a key's rows by the place of the first
    step = np.where(is_start, 1, -1)
    total = np.cumsum(step)
    n_open = total - (total - step)[group]
    # An end is stray where the count sinks below zero and below all before it: a running minimum, which each
    # key begins anew because its zero lies below everything that the keys before it can reach.
    zero = -2 * group
    lowest = np.minimum.accumulate(np.minimum(n_open, 0) + zero)
    is_stray = lowest < np.minimum(np.append(0, lowest[:-1])[: len(key)], zero)
    start, end = np.flatnonzero(is_start), np.flatnonzero(~is_start & ~is_stray)
    rank = np.arange(len(end)) - np.searchsorted(group[end], group[end])
    ends = np.full(len(start), -1)
    ends[np.searchsorted(group[start], group[end]) + rank] = order[end]
    return order[start], ends


def _find_programs(messages: Messages, onset: IntArray, channel: IntArray) -> IntArray:
    """Return the program that each note's channel plays at its onset; 0 where none was set."""
    m = messages
    program = np.zeros(len(onset), dtype=np.int64)
    changes = np.flatnonzero(m.kind == _PROGRAM)
    changes = changes[np.argsort(m.tick[changes], kind="stable")]
    for one in np.unique(m.channel[changes]):
        own, mine = changes[m.channel[changes] == one], channel == one
        latest = np.searchsorted(m.tick[own], onset[mine], side="right") - 1
        program[mine] = np.where(latest < 0, 0, m.first[own][latest])
    return program
