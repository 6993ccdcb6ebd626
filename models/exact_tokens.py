"""Tokens that lose nothing of the grid: bars, beats, rests, pitches, durations and velocities in one stream.

The vocabulary is closed, as models of text want it. `BAR` opens a bar; `BEAT` and `TICK` name a place in it;
each note there is a `PITCH`, a `DURATION` and a `VELOCITY`. Before a place that silence leads to, `REST` says
how long it was. A `DURATION` or a `REST` of 192 ticks is tied to the next one.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from models.arrangement import MAX_BAR_BEATS
from models.tokens import LOWEST_PITCH, N_PITCHES, TICKS_PER_BEAT, IntArray, Score
from study_core.errors import CorpusError

LONGEST_TICKS = 192
_VALUES = {
    "BAR": range(1),
    "BEAT": range(MAX_BAR_BEATS),
    "TICK": range(TICKS_PER_BEAT),
    "PITCH": range(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES),
    "DURATION": range(1, LONGEST_TICKS + 1),
    "VELOCITY": range(1, 128),
    "REST": range(1, LONGEST_TICKS + 1),
}
EXACT_VOCABULARY = tuple((kind, value) for kind, values in _VALUES.items() for value in values)
"""What each token says, by its number: its kind and its value."""
_NUMBERS = {meaning: number for number, meaning in enumerate(EXACT_VOCABULARY)}
_PARTS = frozenset({"PITCH", "DURATION", "VELOCITY"})  # of a note, in this order
_Note = tuple[int, int, int]
_NO_NOTE: _Note = (0, 0, 0)


def encode_exact(score: Score) -> IntArray:
    """Return a score as numbers of `EXACT_VOCABULARY`, shape (tokens,).

    Raises
    ------
    CorpusError
        If a bar is longer than 64 beats; the message goes on from the piece's name.
    """
    if score.bar_ticks > MAX_BAR_BEATS * TICKS_PER_BEAT:
        beats = score.bar_ticks / TICKS_PER_BEAT
        raise CorpusError(f"has bars of {beats:g} beats, more than the {MAX_BAR_BEATS} that tokens can say")
    return np.array([_NUMBERS[meaning] for meaning in _spell(score)], dtype=np.int64)


def decode_exact(tokens: IntArray, bar_ticks: int) -> IntArray:
    """Return the notes that tokens stand for, rows as in `Score.notes`.

    Raises
    ------
    CorpusError
        If a note lacks its pitch, duration or velocity; the message says where.
    """
    bar_start, onset, note = -bar_ticks, 0, _NO_NOTE
    notes = []
    for kind, value in (EXACT_VOCABULARY[number] for number in np.asarray(tokens).tolist()):
        if kind in _PARTS:
            note = _extend(note, kind, value)
        elif note != _NO_NOTE:
            raise CorpusError(f"token {kind} {value} comes before the note of pitch {note[0]} is complete")
        bar_start += bar_ticks if kind == "BAR" else 0
        onset = bar_start + value * TICKS_PER_BEAT if kind == "BEAT" else onset
        onset += value if kind == "TICK" else 0
        if kind == "VELOCITY":
            notes.append((onset, *note))
            note = _NO_NOTE
    if note != _NO_NOTE:
        raise CorpusError(f"the tokens end before the note of pitch {note[0]} is complete")
    return np.array(notes, dtype=np.int64).reshape(-1, 4)


def _extend(note: _Note, kind: str, value: int) -> _Note:
    """Return a note (pitch, duration, velocity) with one more part; a part that it lacks is 0."""
    pitch, duration, _ = note
    if kind == "PITCH" and not pitch:
        return value, 0, 0
    if kind == "DURATION" and pitch:
        return pitch, duration + value, 0
    if kind == "VELOCITY" and duration:
        return pitch, duration, value
    raise CorpusError(f"token {kind} {value} follows pitch {pitch} and duration {duration}: it fits no note")


def _spell(score: Score) -> Iterator[tuple[str, int]]:
    silent_from, place, n_bars = 0, -1, 0
    for onset, pitch, duration, velocity in score.notes.tolist():
        if onset > silent_from:
            yield from _tie("REST", onset - silent_from)
        if onset != place:
            for _ in range(n_bars, onset // score.bar_ticks + 1):
                yield "BAR", 0
            place, n_bars = onset, onset // score.bar_ticks + 1
            beat, tick = divmod(onset % score.bar_ticks, TICKS_PER_BEAT)
            yield "BEAT", beat
            yield "TICK", tick
        yield "PITCH", pitch
        yield from _tie("DURATION", duration)
        yield "VELOCITY", velocity
        silent_from = max(silent_from, onset + duration)


def _tie(kind: str, ticks: int) -> Iterator[tuple[str, int]]:
    """Yield the tokens that together last some ticks."""
    ends = [*range(0, ticks, LONGEST_TICKS), ticks]
    for start, end in pairwise(ends):
        yield kind, end - start
