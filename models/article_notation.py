"""The notation that music21 10.5.1 makes of MIDI tracks, without music21.

music21 does not keep a file's notes: it groups them to chords, moves them to sixteenths and triplets, draws
bar lines, spreads overlapping notes over voices, cuts notes at bar lines and sorts what is left by
instrument. Each function here and in `models.article_bars` follows one of its steps, oddities included,
because the article's tokens depend on them; what is not followed raises `NotFollowedError`.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from models.article_bars import UNITS, Bar, Element, lay_out, spread_voices, tie_over_bars

_DIVISIONS = (4, 3)  # of a quarter note, that notes are moved to
_COMMON_BAR = 4 * UNITS


class NotFollowedError(Exception):
    """The file holds something that is not followed here; music21 itself must read it."""


class Sound(NamedTuple):
    """A note of a track; times in MIDI ticks, `pitch` None for drums."""

    onset: int
    end: int
    pitch: int | None


@dataclass(slots=True)
class Track:
    """A MIDI track as music21 sees it, or the marks of several tracks without notes.

    `sounds` ascend by onset; `meters` holds (tick, bar length in units), `instruments` (tick, name), `marks`
    the ticks of all tempi, meters and keys.
    """

    ticks_per_quarter: int
    sounds: list[Sound] = field(default_factory=list)
    meters: list[tuple[int, int]] = field(default_factory=list)
    instruments: list[tuple[int, str]] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)

    def place(self, tick: int) -> int:
        """Return the unit that a tick is moved to."""
        return move_to_grid(tick / self.ticks_per_quarter)

    @property
    def places(self) -> list[int]:
        """The units of all marks and instruments."""
        return [self.place(tick) for tick in self.marks] + [self.place(tick) for tick, _ in self.instruments]


def notate(track: Track, conductor: Track) -> list[Element]:
    """Return a track's notes, chords and instruments in music21's order, onsets in units of the track.

    Parameters
    ----------
    conductor : Track
        The marks and meters of the tracks before it that have no notes.
    """
    elements, has_overlaps = _gather_chords(track)
    _move_to_grid(elements, track)
    marks = sorted([*track.places, *conductor.places])
    bars = _draw_bars(_choose_meters(track, conductor), max([*marks[-1:], *(e.end for e in elements)]))
    starts = [bar.start for bar in bars]
    for element in elements:
        bar = bars[bisect_right(starts, element.onset) - 1]
        element.onset -= bar.start
        bar.loose.append(element)
    for tick, name in track.instruments:
        place = track.place(tick)
        if place == bars[-1].start + bars[-1].length:
            raise NotFollowedError("an instrument set at the end of the last bar")
        bar = bars[bisect_right(starts, place) - 1]
        bar.instruments.append(Element(place - bar.start, 0, (), name))
    if has_overlaps:
        for bar in bars:
            is_plain = bisect_right(marks, bar.start) == bisect_left(marks, bar.start + bar.length)
            spread_voices(bar, is_plain=is_plain)
    tie_over_bars(bars)
    return list(lay_out(bars))


def read_first_part(parts: Sequence[Sequence[Element]]) -> list[Element]:
    """Return the notes and chords of the instrument that music21 finds first, in its order.

    A note belongs to the instrument last set in its track; one that is replaced in the same instant has none.
    """
    names = [element.instrument for part in parts for element in part if element.instrument is not None]
    if not names:
        return list(parts[0])
    found = []
    for part in parts:
        changes = [element for element in part if element.instrument is not None]
        spans = pairwise([*(change.onset for change in changes), math.inf])
        for change, (start, end) in zip(changes, spans, strict=True):
            if change.instrument == names[0]:
                found += [e for e in part if e.instrument is None and start <= e.onset < end]
    return sorted(found, key=attrgetter("onset"))


@lru_cache(maxsize=2**16)
def move_to_grid(quarters: float, gap: int = 0, *, is_length: bool = False) -> int:
    """Return the units of the sixteenth or triplet next to a time, for a length at least one of them.

    Follows music21's `Stream.quantize` in floating point, where 1 % (1 / 3) is not 0: a division that does
    not fit into `gap`, the units to the next onset, counts as leaving a rest.
    """
    gap_quarters = gap / UNITS
    found = []
    for division in _DIVISIONS:
        step = 1 / division
        low, high = step * math.floor(quarters / step), step * (math.floor(quarters / step) + 1)
        match = low if low <= quarters <= low + step / 2 else high
        if is_length and not match:
            match = step
        rest = 0.0 if gap_quarters % step == 0 else max(gap_quarters - match, 0.0)
        found.append((rest, abs(round(quarters - match, 7)), step, match))
    return round(min(found)[-1] * UNITS)


def _gather_chords(track: Track) -> tuple[list[Element], bool]:
    """Return a track's chords and notes, times in ticks, and whether some of them overlap.

    Notes that start and end within a sixteenth of the first make a chord, which lasts as long as its last
    note. One that is in a chord already joins every other chord that it fits.
    """
    sounds, tolerance = track.sounds, track.ticks_per_quarter / max(_DIVISIONS)
    gathered: set[int] = set()
    elements, has_overlaps = [], False
    for i, first in enumerate(sounds):
        if i in gathered:
            continue
        chord = [first]
        for j in range(i + 1, len(sounds)):
            other = sounds[j]
            if other.onset - first.onset >= tolerance:
                break
            if abs(other.end - first.end) > tolerance:
                has_overlaps = True
                continue
            chord.append(other)
            gathered.add(j)
        elements.append(Element(first.onset, _length(chord[-1]), _pitches(chord)))
    return elements, has_overlaps


def _length(sound: Sound) -> int:
    if sound.end == sound.onset:
        raise NotFollowedError("a note without length")
    return sound.end - sound.onset


def _pitches(chord: Sequence[Sound]) -> tuple[int, ...]:
    pitches = tuple(sound.pitch for sound in chord if sound.pitch is not None)
    return pitches if len(pitches) == len(chord) else ()


def _move_to_grid(elements: Sequence[Element], track: Track) -> None:
    """Move times in ticks to the grid, a length so that it reaches the next onset where it can."""
    places = {*track.places, *(track.place(element.onset) for element in elements)}
    following = dict(pairwise(sorted(places)))
    for element in elements:
        element.onset = track.place(element.onset)
        gap = following.get(element.onset, element.onset) - element.onset
        element.length = move_to_grid(element.length / track.ticks_per_quarter, gap, is_length=True)


def _choose_meters(track: Track, conductor: Track) -> list[tuple[int, int]]:
    """Return (unit, bar length in units) of the meters that hold for a track, one at unit 0 first."""
    if track.meters and conductor.meters:
        raise NotFollowedError("meters both in a track with notes and in one without")
    meters = dict.fromkeys([0], _COMMON_BAR)
    for tick, bar_length in track.meters or conductor.meters:
        meters[track.place(tick)] = bar_length  # of several in one place the last holds
    return sorted(meters.items())


def _draw_bars(meters: Sequence[tuple[int, int]], end: int) -> list[Bar]:
    """Return bars up to a unit; a change of meter within a bar holds from the next bar on."""
    places = [place for place, _ in meters]
    bars, start = [], 0
    while start < end:
        bars.append(Bar(start, meters[bisect_right(places, start) - 1][1]))
        start += bars[-1].length
    return bars
