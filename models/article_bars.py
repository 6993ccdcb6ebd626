"""The bars of a track as music21 10.5.1 fills them: voices, ties over bar lines, the order of notes.

Each function follows one of music21's steps, oddities included, because the article's tokens depend on them.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

UNITS = 48  # of time in a quarter note; holds sixteenths, triplets and bars of 64ths


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


def spread_voices(bar: Bar, *, is_plain: bool) -> None:
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


def tie_over_bars(bars: Sequence[Bar]) -> None:
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


def lay_out(bars: Sequence[Bar]) -> Iterator[Element]:
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


def _insert(bar: Bar, rest: Element, *, is_loose: bool) -> None:
    if is_loose:
        notes = bar.loose
        for voice in bar.voices:
            voice.remember_end()
    else:
        notes = bar.voices[0].notes
        bar.voices[0].remembered_end = 0
    notes.insert(bisect_right(notes, 0, key=attrgetter("onset")), rest)


def _is_full(voice: Voice) -> bool:
    """Tell whether a voice has no gap before its last end; a rest in a gap corrects the remembered end."""
    reached = 0
    for note in voice.notes:
        if note.onset > reached:
            return False
        reached = max(reached, note.end)
    return True
