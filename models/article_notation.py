"""The notation that music21 10.5.1 makes of MIDI tracks, without music21.

music21 does not keep a file's notes: it groups them to chords, moves them to sixteenths and triplets, draws
bar lines, spreads overlapping notes over voices, cuts notes at bar lines and sorts what is left by
instrument. Each function here follows one of its steps, oddities included, because the article's tokens
depend on them; a track with something that is not followed raises `NotFollowedError`.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

UNITS = 48  # of time in a quarter note; holds sixteenths, triplets and bars of 64ths
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


@dataclass(slots=True, eq=False)
class Element:
    """A note (one pitch), a chord (several), a drum (none) or an instrument; units from its bar line."""

    onset: int
    length: int
    pitches: tuple[int, ...] = ()
    instrument: str | None = None

    @property
    def end(self) -> int:
        """The unit at which it ends."""
        return self.onset + self.length


@dataclass(slots=True, eq=False)
class Voice:
    """Notes of a bar that follow each other, and what music21 has cached of them.

    It caches a voice's end when asked for it, and forgets it when a note is added or cut or when it sorts the
    voice. A chord that is cut is not noticed: then the bar keeps the longer end, and all later bars move.
    """

    notes: list[Element] = field(default_factory=list)
    remembered_end: int = 0  # 0 where nothing is cached
    is_sorted: bool = True

    def remember_end(self) -> int:
        """Return the end, as music21 does when it is asked for it."""
        self.remembered_end = self.notes[-1].end if self.notes else 0
        return self.remembered_end

    def append(self, note: Element) -> None:
        """Add a note at the end or later; a triplet at the end may count as too early by rounding."""
        numerator, denominator = (note.onset / UNITS).as_integer_ratio()
        if note.onset == self.remember_end() and numerator * UNITS < note.onset * denominator:
            self.is_sorted = False
        self.notes.append(note)
        self.remembered_end = 0


@dataclass(slots=True, eq=False)
class Bar:
    """A bar; its notes are in `voices`, or `loose` where it has no voices or they were tied into it."""

    start: int
    length: int
    loose: list[Element] = field(default_factory=list)
    voices: list[Voice] = field(default_factory=list)
    instruments: list[Element] = field(default_factory=list)


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
            _spread_voices(bar, is_plain=is_plain)
    _tie_over_bars(bars)
    return list(_lay_out(bars))


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


def _spread_voices(bar: Bar, *, is_plain: bool) -> None:
    """Put each note of a bar into the first voice that is silent at its onset; if all sound, it is lost.

    `is_plain` tells that no mark lies within the bar; then adding the second voice asks for the first's end.
    """
    voices = [Voice() for _ in range(_count_voices(bar.loose))]
    if len(voices) == 1:
        return
    for note in bar.loose:
        for voice in voices:
            if voice.remember_end() <= note.onset:
                voice.append(note)
                break
    bar.voices, bar.loose = [voice for voice in voices if voice.notes], []
    if is_plain and len(bar.voices) > 1:
        bar.voices[0].remember_end()
    for voice in bar.voices:
        if not voice.is_sorted:
            voice.remembered_end = 0


def _count_voices(notes: Sequence[Element]) -> int:
    """Return the size of music21's largest group of overlapping notes, which is not always a clique."""
    overlaps: list[list[int]] = [[] for _ in notes]
    for i, note in enumerate(notes):
        for j in range(i + 1, len(notes)):
            if notes[j].onset >= note.end:
                break
            overlaps[i].append(j)
            overlaps[j].append(i)
    group_of: dict[int, int] = {}
    for i, others in enumerate(overlaps):
        if not others:
            continue
        onset = None
        for j in [*others, i]:
            if j in group_of:
                onset = group_of[j] if j != i else onset
                continue
            onset = notes[i].onset if onset is None else onset
            group_of[j] = onset
    return max(Counter(group_of.values()).values(), default=1)


def _tie_over_bars(bars: Sequence[Bar]) -> None:
    """Cut notes at bar lines and tie the rest into the next bar.

    From voices into voices the rest lands beside the voices, where it is not cut again; from voices into a
    bar without them, that bar's notes become its first voice.
    """
    for bar, following in pairwise(bars):
        had_voices = bool(following.voices)
        for voice in bar.voices or [Voice(bar.loose)]:
            for note in [note for note in voice.notes if note.end > bar.length]:
                rest = Element(0, note.end - bar.length, note.pitches)
                note.length -= rest.length
                if len(note.pitches) <= 1:  # a chord does not tell its voice that it was cut
                    voice.remembered_end = 0
                if bar.voices and not following.voices:
                    following.voices, following.loose = [Voice(following.loose)], []
                _insert(following, rest, is_loose=bool(bar.voices) == had_voices)


def _insert(bar: Bar, rest: Element, *, is_loose: bool) -> None:
    if is_loose:
        notes = bar.loose
        for voice in bar.voices:
            voice.remember_end()
    else:
        notes = bar.voices[0].notes
        bar.voices[0].remembered_end = 0
    notes.insert(bisect_right(notes, 0, key=attrgetter("onset")), rest)


def _lay_out(bars: Sequence[Bar]) -> Iterator[Element]:
    """Yield the elements of all bars, onsets from the track's start; a bar that overflows moves the next."""
    start = 0
    for bar in bars:
        voices = [voice for voice in bar.voices if voice.notes]
        if len(voices) == 1:
            bar.loose += voices.pop().notes
        notes = [note for voice in voices for note in voice.notes] + bar.loose
        ends = [*(note.end for note in notes), *(voice.remembered_end for voice in voices if _is_full(voice))]
        for element in sorted([*bar.instruments, *notes], key=attrgetter("onset")):
            element.onset += start
            yield element
        start += max([bar.length, *ends])


def _is_full(voice: Voice) -> bool:
    """Tell whether a voice has no gap before its last end; a rest in a gap corrects the remembered end."""
    reached = 0
    for note in voice.notes:
        if note.onset > reached:
            return False
        reached = max(reached, note.end)
    return True
