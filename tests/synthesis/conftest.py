"""A small study with made clips, rendered with a small soundfont where there is one."""

import dataclasses
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import mido
import numpy as np
import pytest

from study_core.folders import DataFolders
from study_core.manifest import sha256_bytes, write_bytes, write_manifest
from study_core.production import SynthesisConfig
from study_core.types import Clip
from synthesis.takes import Studio

SMALL = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
SOUNDFONT = "TimGM6mb" if SMALL.exists() else "FluidR3_GM"
DURATION_S = 4.0
TICKS_PER_S = 960  # 480 a quarter at the default 120 a minute


def make_midi(seed: int = 1, *, rest_s: float = 0, music_s: float = 8, velocity: int = 80) -> bytes:
    """Return a MIDI file of chords at random times: first rest, then music for so long."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.sort(rng.uniform(0.1, max(music_s - 0.5, 0.2), int(music_s * 4)))])
    events = []
    for start in (starts + rest_s) * TICKS_PER_S:
        for key in rng.integers(40, 80, 2):
            events += [(int(start), "note_on", int(key)), (int(start + 400), "note_off", int(key))]
    track, now = mido.MidiTrack(), 0
    for at, kind, key in sorted(events):
        track.append(mido.Message(kind, note=key, velocity=velocity, time=at - now))
        now = at
    return save_midi(track)


def save_midi(track: mido.MidiTrack) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=file)
    return file.getvalue()


def make_silent_midi() -> bytes:
    return save_midi(mido.MidiTrack([mido.Message("note_on", note=60, velocity=0, time=480)]))


def write_clips(folder: Path, clips: Mapping[str, bytes | Path]) -> list[Clip]:
    """Write clips by clip id, MIDI or a recording, and their manifest; the system is the id's first part."""
    rows = []
    for clip_id, music in clips.items():
        suffix = music.suffix.lower() if isinstance(music, Path) else ".mid"
        data = music.read_bytes() if isinstance(music, Path) else music
        write_bytes(folder / f"{clip_id}{suffix}", data)
        rows.append(
            Clip(
                clip_id=clip_id,
                system=clip_id.partition("-")[0],
                corpus="made",
                seed=1,
                checkpoint_sha256="",
                piece_id="",
                song_cluster="",
                split="test",
                longest_copied_notes=0,
                nearest_piece_id="",
                n_notes=1,
                duration_s=DURATION_S,
                clip_file=f"{clip_id}{suffix}",
                clip_sha256=sha256_bytes(data),
            )
        )
    write_manifest(folder / "clips.csv", rows)
    return rows


class SilentBar:
    """A bar that only counts."""

    def __init__(self) -> None:
        self.steps = 0

    def advance(self) -> None:
        self.steps += 1


class Bars:
    """Opens bars, and remembers each label's."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int, SilentBar]] = []

    @contextmanager
    def __call__(self, label: str, total: int) -> Iterator[SilentBar]:
        bar = SilentBar()
        self.opened.append((label, total, bar))
        yield bar


@pytest.fixture
def bars() -> Bars:
    return Bars()


@pytest.fixture(scope="session")
def config() -> SynthesisConfig:
    return SynthesisConfig(soundfont=SOUNDFONT)


@pytest.fixture(scope="session")
def studio(config: SynthesisConfig) -> Studio:
    return Studio.open(config, DURATION_S)


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    return DataFolders(tmp_path / "data")


@pytest.fixture
def clips(folders: DataFolders) -> list[Clip]:
    """Six clips of two systems, one with a rest before its first note."""
    made = {
        f"{system}-{number}": make_midi(10 * number + len(system), rest_s=0.3 * (number == 1))
        for system in ("human", "lstm")
        for number in range(3)
    }
    return write_clips(folders.clips, made)


def with_config(studio: Studio, **changes: object) -> Studio:
    """Return the studio with other settings."""
    return dataclasses.replace(studio, config=studio.config.model_copy(update=changes))
