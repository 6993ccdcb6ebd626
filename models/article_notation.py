"""The notation that music21 10.5.1 makes of MIDI tracks, without music21.

music21 does not keep a file's notes: it groups them to chords, moves them to sixteenths and triplets, draws
bar lines, spreads overlapping notes over voices, cuts notes at bar lines and sorts what is left by
instrument. Each function here follows one of its steps, oddities included, because the article's tokens
depend on them; a track with something that is not followed raises `NotFollowedError`.
"""

import math
from bisect import bisect_right
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
    """A MIDI track with notes as music21 sees it; ticks ascend in every list.

    `meters` holds (tick, bar length in units), `instruments` (tick, name), `marks` the ticks of all events
    that music21 keeps as elements besides notes.
    """

    ticks_per_quarter: int
    sounds: list[Sound] = field(default_factory=list)
    meters: list[tuple[int, int]] = field(default_factory=list)
    instruments: list[tuple[int, str]] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)

    def place(self, tick: int) -> int:
        """Return the unit that a tick is moved to."""
        return move_to_grid(tick / self.ticks_per_quarter)


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
class Bar:
    """A bar; its notes are in `voices`, or `loose` where it has no voices or they were tied into it."""

    start: int
    length: int
    loose: list[Element] = field(default_factory=list)
    voices: list[list[Element]] = field(default_factory=list)
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
    instruments = [Element(track.place(tick), 0, (), name) for tick, name in track.instruments]
    end = max(element.end for element in elements)
    end = max([end, *(track.place(tick) for tick in (*track.marks, *conductor.marks))])
    bars = _draw_bars(_choose_meters(track, conductor), end)
    starts = [bar.start for bar in bars]
    for element in sorted([*instruments, *elements], key=attrgetter("onset")):
        bar = bars[bisect_right(starts, element.onset) - 1]
        element.onset -= bar.start
        if element.onset >= bar.length:
            raise NotFollowedError("an instrument set at the end of a track")
        (bar.loose if element.instrument is None else bar.instruments).append(element)
    if has_overlaps:
        for bar in bars:
            _spread_voices(bar)
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
        ends = [change.onset for change in changes[1:]] + [math.inf]
        for change, end in zip(changes, ends, strict=True):
            if change.instrument == names[0]:
                found += [e for e in part if e.instrument is None and change.onset <= e.onset < end]
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
    places = sorted([track.place(element.onset) for element in elements] + [*map(track.place, track.marks)])
    following = dict(pairwise(sorted(set(places))))
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


def _spread_voices(bar: Bar) -> None:
    """Put each note of a bar into the first voice that is silent at its onset; if all sound, it is lost."""
    n_voices = _count_voices(bar.loose)
    if n_voices == 1:
        return
    voices: list[list[Element]] = [[] for _ in range(n_voices)]
    free_from = [0] * n_voices
    for element in bar.loose:
        for i in range(n_voices):
            if free_from[i] <= element.onset:
                voices[i].append(element)
                free_from[i] = max(free_from[i], element.end)
                break
    bar.voices, bar.loose = [voice for voice in voices if voice], []


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
        for j in [*sorted(others), i]:
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
        for note in [note for voice in bar.voices or [bar.loose] for note in voice]:
            rest = note.end - bar.length
            if rest <= 0:
                continue
            note.length -= rest
            if bar.voices and not following.voices:
                following.voices, following.loose = [following.loose], []
            into = following.loose if bool(bar.voices) == had_voices else following.voices[0]
            place = bisect_right(into, 0, key=attrgetter("onset"))
            into.insert(place, Element(0, rest, note.pitches))


def _lay_out(bars: Sequence[Bar]) -> Iterator[Element]:
    """Yield the elements of all bars, onsets from the track's start; a bar that overflows moves the others."""
    start = 0
    for bar in bars:
        voices = [voice for voice in bar.voices if voice]
        if len(voices) == 1:
            bar.loose += voices.pop()
        notes = [note for voice in (*voices, bar.loose) for note in voice]
        length = max([bar.length, *(note.end for note in notes)])
        for element in sorted([*bar.instruments, *notes], key=attrgetter("onset")):
            element.onset += start
            yield element
        start += length
