"""The instruments that music21 10.5.1 finds in a MIDI track, without most of music21.

It makes one of every program and of every name of a track or instrument, and merges those that say the same.
"""

import re
import runpy
import string
from collections.abc import Sequence
from functools import cache
from importlib.metadata import distribution
from itertools import combinations
from typing import NamedTuple

from models.article_notation import NotFollowedError

DRUM_CHANNEL = 9
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


class Instrument(NamedTuple):
    """An instrument as music21 knows it: its class, and the names that it has or was given."""

    kind: str
    name: str | None = None
    part: str | None = None


def read_program(channel: int, program: int) -> Instrument:
    """Return the instrument of a program; NotFollowedError if there is no such program."""
    if program >= len(_program_kinds()):
        raise NotFollowedError("a program out of range")
    kind = _PERCUSSION if channel == DRUM_CHANNEL else _program_kinds()[program]
    spaced = kind if kind.startswith("String") else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)
    return Instrument(kind, _CALLED.get(kind, spaced))


def read_name(data: bytes, *, is_instrument: bool) -> Instrument:
    """Return the instrument that the name of a track or of an instrument stands for."""
    try:
        name = data.decode().split("\0")[0].strip()
    except UnicodeDecodeError:
        return Instrument(_GENERIC)
    kind, plain = _find_kind(name), name.lower()
    own_name = None if kind == _GENERIC else name
    numbers = (plain.replace("instrument ", ""), plain.replace("inst ", ""))
    if plain in {"", "instrument", "inst"} or any(number.isdigit() for number in numbers):
        return Instrument(kind, own_name)
    if is_instrument:
        return Instrument(kind, name)
    return Instrument(kind, own_name, name)


def merge_instruments(found: Sequence[tuple[int, Instrument]]) -> list[tuple[int, str]]:
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
