"""A performance as an object of another library, for people whose tools want one: pretty_midi or music21."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import mido
import numpy as np

from models.performance import DRUM_CHANNEL, Performance, Table

if TYPE_CHECKING:
    from music21.stream import Part, Score
    from pretty_midi import PrettyMIDI

_PEDAL_CONTROLLER = 64
_PART = ["track", "channel", "program"]


def to_pretty_midi(performance: Performance) -> "PrettyMIDI":
    """Return a performance as pretty_midi has it: in seconds, an instrument per track, channel and program.

    The notes are the performance's own: where a pitch sounds twice at once, pretty_midi's reading of the file
    would end both notes together.
    """
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(mido_object=_write_tempi(performance))
    for meter in performance.meters:
        time = float(performance.seconds_at(meter["beat"]))
        midi.time_signature_changes.append(
            pretty_midi.TimeSignature(int(meter["numerator"]), int(meter["denominator"]), time)
        )
    for key in performance.keys:
        tonic = (7 * int(key["sharps"]) + 9 * bool(key["is_minor"])) % 12
        number, time = tonic + 12 * bool(key["is_minor"]), float(performance.seconds_at(key["beat"]))
        midi.key_signature_changes.append(pretty_midi.KeySignature(number, time))
    for (track, channel, program), notes in _split_parts(performance):
        name = performance.track_names[track]
        instrument = pretty_midi.Instrument(program, is_drum=channel == DRUM_CHANNEL, name=name)
        starts = performance.seconds_at(notes["onset_beat"])
        ends = performance.seconds_at(notes["onset_beat"] + notes["duration_beat"])
        rows = zip(
            notes["velocity"].tolist(), notes["pitch"].tolist(), starts.tolist(), ends.tolist(), strict=True
        )
        instrument.notes = [pretty_midi.Note(*row) for row in rows]
        pedal = performance.pedal[performance.pedal["channel"] == channel]
        times = performance.seconds_at(pedal["beat"])
        instrument.control_changes = [
            pretty_midi.ControlChange(_PEDAL_CONTROLLER, value, time)
            for value, time in zip(pedal["value"].tolist(), times.tolist(), strict=True)
        ]
        midi.instruments.append(instrument)
    return midi


def to_music21(performance: Performance) -> "Score":
    """Return a performance as music21 has it: offsets in beats, a part per track, channel and program.

    Nothing is rounded, and there are no measures yet: `quantize` and `makeNotation` make them. The pedal is
    left out.
    """
    from music21 import instrument, stream, tempo

    score = stream.Score()
    for (track, _, program), notes in _split_parts(performance):
        part = stream.Part(id=f"track {track + 1}, program {program}")
        part.partName = performance.track_names[track] or None
        part.insert(0, instrument.instrumentFromMidiProgram(program))
        _insert_signatures(part, performance)
        _insert_notes(part, notes)
        score.insert(0, part)
    for beat, bpm in performance.tempi.tolist():
        score.parts[0].insert(beat, tempo.MetronomeMark(number=bpm))
    return score


def _split_parts(performance: Performance) -> Iterator[tuple[tuple[int, int, int], Table]]:
    """Yield (track, channel, program) and the notes that have it."""
    parts = performance.notes[_PART]
    for part in np.unique(parts):
        yield tuple(part.tolist()), performance.notes[parts == part]


def _write_tempi(performance: Performance) -> mido.MidiFile:
    """Return a file of tempi alone: the one way into pretty_midi for more than one."""
    track, now = mido.MidiTrack(), 0
    for beat, bpm in performance.tempi.tolist():
        tick = round(beat * performance.ticks_per_beat)
        track.append(mido.MetaMessage("set_tempo", tempo=round(mido.bpm2tempo(bpm)), time=tick - now))
        now = tick
    return mido.MidiFile(ticks_per_beat=performance.ticks_per_beat, tracks=[track])


def _insert_signatures(part: "Part", performance: Performance) -> None:
    from music21 import key, meter

    for beat, numerator, denominator in performance.meters.tolist():
        part.insert(beat, meter.TimeSignature(f"{numerator}/{denominator}"))
    for beat, sharps, is_minor in performance.keys.tolist():
        part.insert(beat, key.KeySignature(sharps).asKey("minor" if is_minor else "major"))


def _insert_notes(part: "Part", notes: Table) -> None:
    from music21 import note

    columns = (notes[name].tolist() for name in ("onset_beat", "duration_beat", "pitch", "velocity"))
    for onset, duration, pitch, velocity in zip(*columns, strict=True):
        made = note.Note(pitch, quarterLength=duration)
        made.volume.velocity = velocity
        part.coreInsert(onset, made)
    part.coreElementsChanged()
