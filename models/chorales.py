"""Bach's chorales out of music21's own corpus, as MIDI: the music that a study can always run on."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.arrangement import Arrangement
from models.midi import midi_bytes
from models.tokens import quantize
from study_core.errors import ToolMissingError
from study_core.manifest import write_bytes
from study_core.parallel import map_ordered

BPM = 88.0  # the editions give none
VELOCITY = 74
N_VOICES = 4


def list_chorales() -> list[Path]:
    """Return music21's Bach files.

    Raises
    ------
    ToolMissingError
        If music21 is not installed, or without its corpus.
    """
    found = importlib.util.find_spec("music21")
    folder = Path(found.origin).parent / "corpus" / "bach" if found and found.origin else None
    files = sorted(folder.glob("*.mxl")) if folder else []
    if not files:
        raise ToolMissingError("music21's corpus of Bach chorales is not installed. Run `make study` again.")
    return files


def convert_chorales(files: list[Path], folder: Path) -> Iterator[Path]:
    """Write the chorales for four voices among the files as MIDI; yield each file that is done.

    All cores work; the folder appears when all files are done.
    """
    draft = folder.with_name(f".{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for file, data in zip(files, map_ordered(_convert, files), strict=True):
        if data:
            write_bytes(draft / f"{file.stem}.mid", data)
        yield file
    draft.rename(folder)


def _convert(path: Path) -> bytes:
    """Return a four-part chorale as MIDI; nothing where it has other parts."""
    from music21 import converter

    parts = converter.parse(path, forceSource=True, storePickle=False).parts
    if len(parts) != N_VOICES:
        return b""
    return midi_bytes(quantize(_perform(parts)), with_meter=True)


def _perform(parts: Any) -> Arrangement:
    """Return the voices as they stand in the score, at one tempo and loudness; fermatas are not held."""
    first = parts[0].getElementsByClass("Measure").first()
    pickup = float(first.paddingLeft)  # beats that the first bar lacks
    notes = [
        (float(note.offset) + pickup, float(note.quarterLength), pitch.midi, VELOCITY)
        for part in parts
        for note in part.stripTies().flatten().notes
        for pitch in note.pitches
    ]
    bar_beats = float(first.timeSignature.barDuration.quarterLength)
    return Arrangement(
        notes=np.array(notes, dtype=float),
        tempi=np.array([[0.0, BPM]]),
        meters=np.array([[0.0, bar_beats]]),
        changes=(),
    )
