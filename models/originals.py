"""An excerpt as its file plays it: the same notes as on the grid, with their own times and velocities."""

import io
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from models.arrangement import Arrangement, arrange
from models.corpus import PreparedPiece
from models.midi import read_performance
from models.tokens import IntArray, Score, place_on_grid
from study_core.errors import CorpusError
from study_core.manifest import sha256_file

TICKS_PER_BEAT, BPM = 480, 125.0  # a tick is a millisecond


def cut_original(
    prepared: PreparedPiece, start_tick: int, clip: Score, duration_s: float, root: Path
) -> bytes:
    """Return an excerpt's notes as MIDI with the onsets, lengths, tempi and velocities of the piece's file.

    Raises
    ------
    CorpusError
        If the file is gone or altered, or read otherwise than when the corpus was prepared; the message goes
        on from its name.
    """
    path = root / prepared.piece.piece_file
    if not path.is_file():
        raise CorpusError("is gone")
    if sha256_file(path) != prepared.piece.piece_sha256:
        raise CorpusError("is altered")
    arrangement = arrange(read_performance(path))
    index = _find_notes(arrangement)
    if len(index) != len(prepared.score.notes):
        raise CorpusError(f"gives {len(index)} notes, not {len(prepared.score.notes)}")
    first = int(np.searchsorted(prepared.score.notes[:, 0], start_tick))
    notes = arrangement.notes[index[first : first + len(clip.notes)]]
    onset_s = _seconds_at(arrangement, notes[:, 0])
    end_s = _seconds_at(arrangement, notes[:, 0] + notes[:, 1])
    times = np.column_stack([onset_s, end_s]) - onset_s.min()
    return _to_bytes(times.clip(max=duration_s), notes[:, 2:].astype(np.int64))


def _find_notes(arrangement: Arrangement) -> IntArray:
    """Return which note of the file each note on the grid is: they are ordered by tick and pitch there."""
    onset, _ = place_on_grid(arrangement.notes)
    _, index = np.unique(onset * 128 + arrangement.notes[:, 2].astype(np.int64), return_index=True)
    return index


def _seconds_at(arrangement: Arrangement, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    starts, seconds_per_beat = arrangement.tempi[:, 0], 60 / arrangement.tempi[:, 1]
    passed = np.append(0, np.cumsum(np.diff(starts) * seconds_per_beat[:-1]))
    index = np.searchsorted(starts, beats, side="right") - 1
    seconds: NDArray[np.float64] = passed[index] + (beats - starts[index]) * seconds_per_beat[index]
    return seconds


def _to_bytes(times: NDArray[np.float64], pitches: IntArray) -> bytes:
    """Return a MIDI file of notes (onset, end in seconds; pitch, velocity), each key once at a time."""
    events: list[tuple[int, bool, int, int]] = []
    struck: dict[int, int] = {}
    ms = np.rint(times * 1000).astype(int)
    for (onset, end), (pitch, velocity) in sorted(
        zip(ms.tolist(), pitches.tolist(), strict=True), reverse=True
    ):
        until = min(end, struck.get(pitch, end))
        struck[pitch] = onset
        if until > onset:
            events += [(onset, True, pitch, velocity), (until, False, pitch, 0)]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BPM))])
    track.append(mido.Message("program_change", program=0))
    now = 0
    for at, is_on, pitch, velocity in sorted(events):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=at - now))
        now = at
    track.append(mido.MetaMessage("end_of_track"))
    data = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track]).save(file=data)
    return data.getvalue()
