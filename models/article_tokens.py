"""The 2018 article's own tokens: what music21 makes of a MIDI file, without music21 where that is known.

A token is a note's name (`C4`, `F#5`, `E-3`) or the normal order of a chord's pitch classes (`0.4.7`; `9` for
an octave). Lengths, velocities, rests and a chord's octave are lost, a note held over a bar line counts again
and only the first instrument is read: such is the article's data. Its loop is music21's `converter.parse`,
`instrument.partitionByInstrument` and `parts[0].recurse()`.

The rule of the fast path
-------------------------
`article_tokens` goes without music21 only where `models.article_notation` follows each of its steps:

* music21 is version 10.5.1, whose steps they are;
* the file is MIDI of type 0 or 1 in ticks per quarter note: whole tracks, data bytes of notes and programs
  below 128, no system messages but exclusive ones, no lyrics, tempi and keys in standard form;
* a bar has 1 to 64 beats, of a 64th note or longer, and no track with notes has meters of its own where one
  without notes before it has some;
* every track with notes has a complete one, no chord or note is without length, and no instrument is set at
  the end of the last bar.

music21 reads every other file. The rule says what is followed, not where the results happened to agree; that
they agree is tested on random files and on the whole Pokémon corpus.
"""

import re
import runpy
import string
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import distribution, version
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import mido

from models.article_notation import UNITS, NotFollowedError, Sound, Track, notate, read_first_part
from study_core.errors import CorpusError, list_problems

FOLLOWED_VERSION = "10.5.1"
_NAMES = ("C", "C#", "D", "E-", "E", "F", "F#", "G", "G#", "A", "B-", "B")  # music21's spelling
_CHORD, _NOTE = re.compile(r"(?:\d|1[01])(?:\.(?:\d|1[01]))*"), re.compile(r"([A-G])(#*|-*)(\d+)")
_MIDDLE_C = 60
_TICKS_PER_QUARTER, _STEP_TICKS, _LENGTH_TICKS, _VELOCITY = 480, 240, 480, 90  # of a composed sequence

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
_DRUM_CHANNEL = 9

_GENERIC, _PERCUSSION = "Instrument", "UnpitchedPercussion"
_PROGRAMS = """
Piano*2 ElectricPiano Piano ElectricPiano*2 Harpsichord Clavichord Celesta Glockenspiel*2 Vibraphone Marimba
Xylophone TubularBells Dulcimer ElectricOrgan*3 PipeOrgan ReedOrgan Accordion Harmonica Accordion
AcousticGuitar*2 ElectricGuitar*6 AcousticBass ElectricBass*2 FretlessBass ElectricBass*4 Violin Viola
Violoncello Contrabass StringInstrument*2 Harp Timpani StringInstrument*4 Choir Vocalist*2 Sampler Trumpet
Trombone Tuba Trumpet Horn BrassInstrument*3 SopranoSaxophone AltoSaxophone TenorSaxophone BaritoneSaxophone
Oboe EnglishHorn Bassoon Clarinet Piccolo Flute Recorder PanFlute*2 Shakuhachi Whistle Ocarina Sampler*24
Sitar Banjo Shamisen Koto Kalimba Bagpipes Violin Shehnai Glockenspiel Agogo SteelDrum Woodblock Taiko TomTom
Sampler*10
"""  # music21's class for each MIDI program, "*" before the number of programs
_CALLED = {"Vocalist": "Voice", "BrassInstrument": "Brass", "TomTom": "Tom-Tom", _PERCUSSION: "Percussion"}


_Event = tuple[int, int, int, bytes]
"""Tick, kind, channel (of a meta event: its type) and data; plain, because a file has thousands."""


class _Instrument(NamedTuple):
    """An instrument as music21 knows it: its class, and the names that it has or was given."""

    kind: str
    name: str | None = None
    part: str | None = None


def article_tokens(path: Path) -> list[str]:
    """Return the tokens that the article's code reads from a MIDI file, with music21 where it must be.

    Raises
    ------
    CorpusError
        If music21 cannot read the file; the message does not repeat the path.
    """
    if _music21_version() == FOLLOWED_VERSION:
        try:
            return read_without_music21(path)
        except NotFollowedError:
            pass
    return read_with_music21(path)


def read_with_music21(path: Path) -> list[str]:
    """Return the tokens by the article's own loop; from bytes, as music21 caches what it parses from paths.

    Raises
    ------
    CorpusError
        If music21 cannot read the file; the message does not repeat the path.
    """
    from music21 import chord, converter, exceptions21, instrument, note
    from music21.midi.translate import TranslateWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TranslateWarning)  # of names that it cannot decode
            score = converter.parse(path.read_bytes(), format="midi")
    except (exceptions21.Music21Exception, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise CorpusError(f"cannot be read by music21 ({error or type(error).__name__})") from None
    try:
        elements = instrument.partitionByInstrument(score).parts[0].recurse()
    except (exceptions21.Music21Exception, LookupError):
        elements = score.flatten().notes
    tokens = []
    for element in elements:
        if isinstance(element, note.Note):
            tokens.append(str(element.pitch))
        elif isinstance(element, chord.Chord):
            tokens.append(".".join(str(pitch_class) for pitch_class in element.normalOrder))
    return tokens


def read_without_music21(path: Path) -> list[str]:
    """Return the same tokens by the fast path.

    Raises
    ------
    NotFollowedError
        If the file is outside the rule above.
    """
    parts, conductor = [], Track(1)
    for track, has_notes in _read_tracks(path.read_bytes()):
        conductor.ticks_per_quarter = track.ticks_per_quarter
        if has_notes and not track.sounds:
            raise NotFollowedError("a track whose notes never end")
        if has_notes:
            parts.append(notate(track, conductor))
        else:
            conductor.meters += track.meters
            conductor.marks += track.marks
    if not parts:
        raise NotFollowedError("no track with notes")
    return [name_token(element.pitches) for element in read_first_part(parts) if element.pitches]


@cache
def name_token(pitches: tuple[int, ...]) -> str:
    """Return the token of a note (one MIDI pitch) or of a chord (several).

    The normal order of a chord is the rotation that spans least, then lies closest to its first note (Forte,
    1973, The Structure of Atonal Music).
    """
    if len(pitches) == 1:
        return f"{_NAMES[pitches[0] % 12]}{pitches[0] // 12 - 1}"
    classes = {pitch % 12 for pitch in pitches}
    rotations = [sorted((other - first) % 12 for other in classes) for first in sorted(classes)]
    order, first = min(zip(rotations, sorted(classes), strict=True), key=lambda each: (each[0][-1], each))
    return ".".join(str((first + step) % 12) for step in order)


def write_article_midi(tokens: Sequence[str], path: Path) -> None:
    """Write tokens as the article does: half a quarter note apart, each a quarter long, chords from middle C.

    Raises
    ------
    CorpusError
        If a token names neither a note nor pitch classes.
    """
    problems = [f"{token!r} at place {i}" for i, token in enumerate(tokens, 1) if not _read_pitches(token)]
    if problems:
        heading = f"{len(problems)} of {len(tokens)} tokens are neither a note (F#5) nor a chord (0.4.7):"
        raise CorpusError(list_problems(heading, problems))
    events: dict[int, list[mido.Message]] = defaultdict(list)
    for i, pitches in enumerate(map(_read_pitches, tokens)):
        for kind, tick in (("note_on", i * _STEP_TICKS), ("note_off", i * _STEP_TICKS + _LENGTH_TICKS)):
            events[tick] += [mido.Message(kind, note=pitch, velocity=_VELOCITY) for pitch in pitches]
    track, now = mido.MidiTrack([mido.Message("program_change", program=0)]), 0
    for tick in sorted(events):
        for message in sorted(events[tick], key=lambda message: message.type != "note_off"):
            track.append(message.copy(time=tick - now))
            now = tick
    mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_QUARTER, tracks=[track]).save(path)


def _read_pitches(token: str) -> list[int]:
    """Return a token's MIDI pitches, none if it is no token; like music21, read `C-1` as the flat of C1."""
    if _CHORD.fullmatch(token):
        return [_MIDDLE_C + int(pitch_class) for pitch_class in token.split(".")]
    match = _NOTE.fullmatch(token)
    if not match:
        return []
    letter, accidental, octave = match.groups()
    shift = accidental.count("#") - accidental.count("-")
    pitch = _NAMES.index(letter) + shift + 12 * (int(octave) + 1)
    return [pitch] if 0 <= pitch < _NOTE_OFF else []


@cache
def _music21_version() -> str:
    return version("music21")


def _read_tracks(data: bytes) -> Iterator[tuple[Track, bool]]:
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


def _read_track(events: Sequence[_Event], ticks_per_quarter: int) -> Track:
    """Return what music21 keeps of a track."""
    track = Track(ticks_per_quarter, _pair_notes(events))
    instruments = []
    for tick, kind, detail, data in events:
        if kind == _PROGRAM:
            instruments.append((tick, _read_program(detail, data[0])))
        elif kind == _META and detail in {_TRACK_NAME, _INSTRUMENT_NAME}:
            instruments.append((tick, _read_name(data, is_instrument=detail == _INSTRUMENT_NAME)))
        elif kind == _META and detail in _STANDARD:
            if not _STANDARD[detail].fullmatch(data):
                raise NotFollowedError("a tempo, meter or key out of range")
            track.marks.append(tick)
            if detail == _METER:
                track.meters.append((tick, 4 * UNITS * data[0] >> data[1]))
        elif kind == _META and detail == _LYRIC:
            raise NotFollowedError("lyrics")
    track.instruments = _merge_instruments(instruments)
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
            sounds.append(Sound(tick, ends[key], None if channel == _DRUM_CHANNEL else pitch))
    return sounds[::-1]


def _read_program(channel: int, program: int) -> _Instrument:
    if program >= _NOTE_OFF:
        raise NotFollowedError("a program out of range")
    kind = _PERCUSSION if channel == _DRUM_CHANNEL else _program_kinds()[program]
    spaced = kind if kind.startswith("String") else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)
    return _Instrument(kind, _CALLED.get(kind, spaced))


def _read_name(data: bytes, *, is_instrument: bool) -> _Instrument:
    try:
        name = data.decode().split("\0")[0].strip()
    except UnicodeDecodeError:
        return _Instrument(_GENERIC)
    kind, plain = _find_kind(name), name.lower()
    own_name = None if kind == _GENERIC else name
    numbers = (plain.replace("instrument ", ""), plain.replace("inst ", ""))
    if plain in {"", "instrument", "inst"} or any(number.isdigit() for number in numbers):
        return _Instrument(kind, own_name)
    if is_instrument:
        return _Instrument(kind, name)
    return _Instrument(kind, own_name, name)


@cache
def _find_kind(name: str) -> str:
    """Return music21's class for an instrument whose name is in a name."""
    words = name.replace(".", " ").lower().translate(str.maketrans("", "", string.punctuation)).split()
    spans = combinations(range(len(words) + 1), 2)
    kinds = {_kinds_by_name().get(" ".join(words[start:end]), "") for start, end in spans} - {""}
    if len(kinds) > 1:  # which of them depends on what music21's classes inherit
        from music21.instrument import fromString

        return type(fromString(name)).__name__
    return kinds.pop() if kinds else _GENERIC


@cache
def _kinds_by_name() -> dict[str, str]:
    """Return music21's table of names in several languages, read without the rest of music21."""
    table = distribution("music21").locate_file("music21/languageExcerpts/instrumentLookup.py")
    names: dict[str, str] = runpy.run_path(str(table))["allToClassName"]
    return names


@cache
def _program_kinds() -> list[str]:
    counted = (entry.partition("*") for entry in _PROGRAMS.split())
    return [kind for kind, _, count in counted for _ in range(int(count or 1))]


def _merge_instruments(found: Sequence[tuple[int, _Instrument]]) -> list[tuple[int, str]]:
    """Return (tick, name) of the instruments that stay in a track.

    Where one name and one part serve for all, of a single class the first instrument stays, of several
    classes all but the generic. music21 means to do so within each instant, but does so over the track.
    """
    kinds = {instrument.kind for _, instrument in found}
    names = {instrument.name or "" for _, instrument in found if instrument.name is not None}
    parts = {instrument.part for _, instrument in found if instrument.part is not None}
    if len(found) <= 1 or len(names) > 1 or len(parts) > 1:
        return [(tick, instrument.name or "") for tick, instrument in found]
    name = names.pop() if names else ""
    if len(kinds) == 1:
        return [(found[0][0], name)]
    return [(tick, name) for tick, instrument in found if instrument.kind != _GENERIC]
