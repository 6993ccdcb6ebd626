"""An excerpt as its file plays it: the same notes as on the grid, with their own times and velocities."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.arrangement import Arrangement, arrange
from models.corpus import PreparedPiece
from models.midi import CLIP_TICKS_PER_BEAT, read_performance, write_midi
from models.performance import find_seconds
from models.tokens import IntArray, Score, place_on_grid
from study_core.errors import CorpusError
from study_core.manifest import sha256_file

BPM = 60_000 / CLIP_TICKS_PER_BEAT  # a tick of a clip is a millisecond


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
    return _play(notes, arrangement, duration_s)


def _play(notes: NDArray[np.float64], arrangement: Arrangement, duration_s: float) -> bytes:
    """Return some notes of an arrangement as a clip of that length, each when its tempi say."""
    beats = np.column_stack([notes[:, 0], notes[:, 0] + notes[:, 1]])
    seconds = find_seconds(beats, *arrangement.tempi.T)
    onset, end = np.rint((seconds - seconds.min()).clip(max=duration_s) * 1000).astype(np.int64).T
    pitch, velocity = notes[:, 2:].astype(np.int64).T
    table = np.column_stack([onset, pitch, end - onset, velocity])
    return write_midi(table[np.lexsort((end, onset))], BPM)


def _find_notes(arrangement: Arrangement) -> IntArray:
    """Return which note of the file each note on the grid is: they are ordered by tick and pitch there."""
    onset, _ = place_on_grid(arrangement.notes)
    _, index = np.unique(onset * 128 + arrangement.notes[:, 2].astype(np.int64), return_index=True)
    return index
