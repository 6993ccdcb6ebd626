"""Performances as other libraries have them: theirs where they read the same, ours where they do not."""

import warnings
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from models.exchange import to_music21, to_pretty_midi
from models.midi import parse_midi, read_performance
from models.sources import list_midi
from tests.models.test_midi import END, NOTE, make_midi, meta

TWO_TEMPI = meta(0x51, (600_000).to_bytes(3, "big")) + meta(0x51, (300_000).to_bytes(3, "big"), delta=0x60)
SIGNED = meta(3, b"Duo") + meta(0x58, b"\6\3\x18\x08") + meta(0x59, b"\xfd\1") + TWO_TEMPI + END
PLAYER = b"\0\xc1\x28\0\xb1\x40\x7f" + NOTE.replace(b"\x90", b"\x91").replace(b"\x80", b"\x81") + NOTE + END
DRUMMER = b"\0\x99\x24\x40\x60\x89\x24\0" + END


def list_notes(midi: pretty_midi.PrettyMIDI) -> np.ndarray:
    """Return rows (start, pitch, velocity, end) in one order."""
    notes = [
        (note.start, note.pitch, note.velocity, note.end) for one in midi.instruments for note in one.notes
    ]
    rows = np.array(notes)
    return rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0].round(5)))]


@pytest.mark.parametrize("step", [16, pytest.param(1, marks=pytest.mark.slow)])
def test_pokemon_files_have_the_notes_that_pretty_midi_reads_itself(pokemon_dir: Path, step: int) -> None:
    n_read = 0
    for file in list_midi(pokemon_dir)[::step]:
        made = list_notes(to_pretty_midi(read_performance(file)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # tempi in other tracks than the first, which it does not read
                read = list_notes(pretty_midi.PrettyMIDI(str(file)))
        except (OSError, RuntimeWarning):
            continue
        assert made[:, :3] == pytest.approx(read[:, :3], abs=1e-6), file
        ends_as_read = np.isclose(made[:, 3], read[:, 3], atol=1e-5)
        assert ends_as_read.mean() > 0.7, file  # it ends all that sound of a pitch with the first end
        n_read += 1
    assert n_read >= 0.9 * len(list_midi(pokemon_dir)[::step])


def test_a_pretty_midi_object_has_programs_drums_pedal_and_signatures() -> None:
    midi = to_pretty_midi(parse_midi(make_midi(SIGNED, PLAYER, DRUMMER)))
    parts = [(one.program, one.is_drum, one.name, len(one.notes)) for one in midi.instruments]
    assert parts == [(0, False, "", 1), (40, False, "", 1), (0, True, "", 1)]
    assert [(note.start, note.end) for note in midi.instruments[0].notes] == [
        (pytest.approx(0.6), pytest.approx(0.9))
    ]
    assert [(c.number, c.value, c.time) for c in midi.instruments[1].control_changes] == [(64, 127, 0)]
    assert [(m.numerator, m.denominator, m.time) for m in midi.time_signature_changes] == [(6, 8, 0)]
    assert [pretty_midi.key_number_to_key_name(key.key_number) for key in midi.key_signature_changes] == [
        "C minor"
    ]
    times, tempi = midi.get_tempo_changes()
    assert times.tolist() == pytest.approx([0, 0.6])
    assert tempi.tolist() == pytest.approx([100, 200])


def test_a_music21_stream_has_parts_instruments_tempi_and_signatures() -> None:
    score = to_music21(parse_midi(make_midi(SIGNED, PLAYER, DRUMMER)))
    assert [part.getInstrument().midiProgram for part in score.parts] == [0, 40, 0]
    first = score.parts[0]
    assert [
        (note.offset, note.quarterLength, note.pitch.midi, note.volume.velocity) for note in first.notes
    ] == [(1, 1, 60, 64)]
    assert [mark.number for mark in first.getElementsByClass("MetronomeMark")] == [100, 200]
    assert first.getTimeSignatures()[0].ratioString == "6/8"
    assert first.getElementsByClass("Key").first().tonicPitchNameWithCase == "c"


def test_a_pokemon_file_has_all_its_notes_in_music21(pokemon_dir: Path) -> None:
    file = min(list_midi(pokemon_dir)[50:90], key=lambda path: path.stat().st_size)
    performance = read_performance(file)
    found = [
        (float(n.offset), float(n.quarterLength), n.pitch.midi)
        for n in to_music21(performance).flatten().notes
    ]
    notes = performance.notes[["onset_beat", "duration_beat", "pitch"]].tolist()
    assert np.array(sorted(found)) == pytest.approx(np.array(sorted(notes)), abs=1e-4)
