"""MIDI files in and out: a file becomes notes in beats, a clip becomes bytes."""

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError
from numpy.typing import NDArray

from models.tokens import TICKS_PER_BEAT, Score
from study_core.errors import CorpusError

DRUM_CHANNEL = 9
DEFAULT_BPM = 120.0
CLIP_TICKS_PER_BEAT = 480  # every clip has this resolution, whatever its system
_UNREADABLE = (OSError, EOFError, ValueError, LookupError, KeySignatureError)


@dataclass(frozen=True, slots=True)
class Performance:
    """A file's notes as its author gave them, all tracks merged; times in quarter-note beats.

    `notes` has a row (onset, duration, pitch, velocity) per note, `tempi` a row (beat, beats per minute) and
    `meters` a row (beat, bar length in beats) per change, each with one at beat 0.
    """

    notes: NDArray[np.float64]
    tempi: NDArray[np.float64]
    meters: NDArray[np.float64]


def read_midi(path: Path) -> Performance:
    """Return the notes of a MIDI file; drums are dropped, the pedal is not read.

    The pedal lengthens no note: most files have none, and every clip is heard the same way.

    Raises
    ------
    CorpusError
        If the file cannot be read as MIDI or holds no note; the message does not repeat the path.
    """
    try:
        file = mido.MidiFile(path, clip=True)  # some files have controller values above 127
    except _UNREADABLE as error:
        raise CorpusError(f"is not readable MIDI ({error or type(error).__name__})") from None
    if file.ticks_per_beat <= 0:
        raise CorpusError("counts time in film frames, not in beats")
    notes = [note for track in file.tracks for note in _pair_notes(track)]
    if not notes:
        raise CorpusError("holds no note")
    return Performance(
        notes=np.array(notes) / (file.ticks_per_beat, file.ticks_per_beat, 1, 1),
        tempi=_collect(file, "set_tempo"),
        meters=_collect(file, "time_signature"),
    )


def midi_bytes(score: Score, *, with_meter: bool = False) -> bytes:
    """Return a score as a MIDI file: one piano track, one tempo, no text, same-pitch overlaps trimmed.

    Clips are written without their meter, so that every clip's file looks the same.
    """
    track = mido.MidiTrack()
    tempo = mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(score.bpm))
    meter = mido.MetaMessage("time_signature", numerator=score.bar_ticks // TICKS_PER_BEAT, denominator=4)
    track += [tempo, *([meter] if with_meter else []), mido.Message("program_change", program=0)]
    scale = CLIP_TICKS_PER_BEAT // TICKS_PER_BEAT
    now = 0
    for tick, is_on, pitch, velocity in sorted(_note_events(score)):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=(tick - now) * scale))
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    file = mido.MidiFile(type=0, ticks_per_beat=CLIP_TICKS_PER_BEAT, tracks=[track])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def _pair_notes(track: mido.MidiTrack) -> Iterator[tuple[int, int, int, int]]:
    """Yield (onset, duration, pitch, velocity) in the file's ticks; the oldest sounding note ends first."""
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    now = 0
    for message in track:
        now += message.time
        if message.type not in {"note_on", "note_off"} or message.channel == DRUM_CHANNEL:
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity:
            sounding[key].append((now, message.velocity))
        elif sounding[key]:
            onset, velocity = sounding[key].pop(0)
            yield onset, now - onset, message.note, velocity
    for (_, pitch), starts in sounding.items():  # never ended: they end with the track
        for onset, velocity in starts:
            yield onset, now - onset, pitch, velocity


def _collect(file: mido.MidiFile, kind: str) -> NDArray[np.float64]:
    """Return (beat, value) for every tempo or meter event of all tracks, one at beat 0 first."""
    rows = {0.0: DEFAULT_BPM if kind == "set_tempo" else 4.0}
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == kind:
                rows[now / file.ticks_per_beat] = _value(message)
    return np.array(sorted(rows.items()))


def _value(message: mido.MetaMessage) -> float:
    if message.type == "set_tempo":
        return float(mido.tempo2bpm(max(message.tempo, 1)))
    return float(4 * message.numerator / message.denominator)


def _note_events(score: Score) -> Iterator[tuple[int, bool, int, int]]:
    """Yield (tick, is_on, pitch, velocity); at equal ticks ends come before starts."""
    last_end: dict[int, int] = {}
    for onset, pitch, duration, velocity in reversed(score.notes.tolist()):
        end = min(onset + duration, last_end.get(pitch, onset + duration))
        last_end[pitch] = onset
        if end > onset:
            yield onset, True, pitch, velocity
            yield end, False, pitch, 0
