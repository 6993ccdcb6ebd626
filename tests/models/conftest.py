"""Made music, and the real Pokémon files where they are."""

import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest

from models.tokens import DURATION_TICKS, Score

REPOSITORY = Path(__file__).resolve().parents[2]


def make_score(seed: int, n_bars: int = 40, bpm: float = 120.0) -> Score:
    """Return a made piece: a random melody over chords, in C major, on the grid."""
    rng = np.random.default_rng(seed)
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72])
    notes = []
    for bar in range(n_bars):
        root = int(rng.choice([36, 41, 43]))
        notes += [(bar * 48, root, 48, 66), (bar * 48, root + 7, 48, 62)]
        onsets = np.arange(0, 48, 6)[rng.random(8) < 0.7]
        notes += [
            (bar * 48 + int(t), int(rng.choice(scale)), 6, int(rng.choice([70, 78, 86]))) for t in onsets
        ]
    array = np.array(sorted(notes))
    return Score(array, 48, np.array([[0.0, bpm]]))


def write_midi_file(path: Path, score: Score, *, numerator: int = 4) -> Path:
    """Write a score as another program would: two tracks, a name, a drum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mido.MidiFile(ticks_per_beat=96)
    head = mido.MidiTrack([mido.MetaMessage("track_name", name="made"), _tempo(score), _meter(numerator)])
    events = []
    for onset, pitch, duration, velocity in score.notes.tolist():
        events += [(onset * 8, 1, pitch, velocity), ((onset + duration) * 8, 0, pitch, 0)]
    track, now = mido.MidiTrack(), 0
    for tick, _, pitch, velocity in sorted(events):
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=tick - now))
        now = tick
    head.append(mido.Message("note_on", note=40, velocity=90, channel=9))
    file.tracks += [head, track]
    file.save(path)
    return path


def _tempo(score: Score) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(score.bpm))


def _meter(numerator: int) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=4)


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    """Return a folder of 24 made pieces."""
    folder = tmp_path / "made"
    for seed in range(24):
        write_midi_file(folder / f"piece {seed:02d}.mid", make_score(seed))
    return folder


assert set(DURATION_TICKS) >= {6, 48}  # the durations of the made music are on the grid


def run_python(*lines: str) -> None:
    """Run lines in a process of their own, so that what they load stays there."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stderr
