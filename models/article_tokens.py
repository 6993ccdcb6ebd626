"""The 2018 article's own tokens: what music21 makes of a MIDI file, without music21 where that is known.

A token is a note's name (`C4`, `F#5`, `E-3`) or the normal order of a chord's pitch classes (`0.4.7`; `9` for
an octave). Lengths, velocities, rests and a chord's octave are lost, a note held over a bar line counts again
and only the first instrument is read: such is the article's data. Its loop is music21's `converter.parse`,
`instrument.partitionByInstrument` and `parts[0].recurse()`.

The rule of the fast path
-------------------------
`article_tokens` goes without music21 only where `models.article_tracks`, `article_instruments`,
`article_notation` and `article_bars` follow each of its steps:

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
import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import mido

from models.article_notation import NotFollowedError, Track, notate, read_first_part
from models.article_tracks import read_tracks
from study_core.errors import CorpusError, list_problems

FOLLOWED_VERSION = "10.5.1"
_NAMES = ("C", "C#", "D", "E-", "E", "F", "F#", "G", "G#", "A", "B-", "B")  # music21's spelling
_CHORD, _NOTE = re.compile(r"(?:\d|1[01])(?:\.(?:\d|1[01]))*"), re.compile(r"([A-G])(#*|-*)(\d+)")
_MIDDLE_C, _N_PITCHES = 60, 128
_TICKS_PER_QUARTER, _STEP_TICKS, _LENGTH_TICKS, _VELOCITY = 480, 240, 480, 90  # of a composed sequence


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
    for track, has_notes in read_tracks(path.read_bytes()):
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
    problems = [f"{token!r} at place {i}" for i, token in enumerate(tokens, 1) if not read_pitches(token)]
    if problems:
        heading = f"{len(problems)} of {len(tokens)} tokens are neither a note (F#5) nor a chord (0.4.7):"
        raise CorpusError(list_problems(heading, problems))
    events: dict[int, list[mido.Message]] = defaultdict(list)
    for i, pitches in enumerate(map(read_pitches, tokens)):
        for kind, tick in (("note_on", i * _STEP_TICKS), ("note_off", i * _STEP_TICKS + _LENGTH_TICKS)):
            events[tick] += [mido.Message(kind, note=pitch, velocity=_VELOCITY) for pitch in pitches]
    track, now = mido.MidiTrack([mido.Message("program_change", program=0)]), 0
    for tick in sorted(events):
        for message in sorted(events[tick], key=lambda message: message.type != "note_off"):
            track.append(message.copy(time=tick - now))
            now = tick
    mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_QUARTER, tracks=[track]).save(path)


def read_pitches(token: str) -> list[int]:
    """Return a token's MIDI pitches, none if it is no token; like music21, read `C-1` as the flat of C1."""
    if _CHORD.fullmatch(token):
        return [_MIDDLE_C + int(pitch_class) for pitch_class in token.split(".")]
    match = _NOTE.fullmatch(token)
    if not match:
        return []
    letter, accidental, octave = match.groups()
    shift = accidental.count("#") - accidental.count("-")
    pitch = _NAMES.index(letter) + shift + 12 * (int(octave) + 1)
    return [pitch] if 0 <= pitch < _N_PITCHES else []


@cache
def _music21_version() -> str:
    return version("music21")
