from pathlib import Path

import numpy as np
import pytest
import soundfile

from study_core.errors import StimulusError
from study_core.folders import DataFolders
from synthesis.decoding import decode_sound
from synthesis.encoding import encode_mp3
from synthesis.mastering import measure_level
from synthesis.recordings import read_recording
from synthesis.stimuli import read_clips, render_stimuli
from synthesis.takes import Studio

from .conftest import DURATION_S, Bars, make_midi, write_clips

RATE_HZ = 44100


def make_tone(rate_hz: int, *, seconds: float = 5, rest_s: float = 0, channels: int = 2) -> np.ndarray:
    """Return a tone that swells and ebbs, after a rest."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = 0.2 * np.sin(2 * np.pi * 330 * time) * (1.2 + np.sin(2 * np.pi * 2 * time))
    tone = np.concatenate([np.zeros(round(rest_s * rate_hz)), tone])
    return np.repeat(tone[:, np.newaxis], channels, axis=1)


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, Path]:
    """Return a WAV, a FLAC, a mono WAV of another rate and an MP3, of two systems, by clip id."""
    names = {"human-a": "a.wav", "human-b": "b.flac", "machine-c": "c.WAV", "machine-d": "d.mp3"}
    files = {clip_id: tmp_path / name for clip_id, name in names.items()}
    soundfile.write(files["human-a"], make_tone(48000), 48000, subtype="PCM_24")
    soundfile.write(files["human-b"], make_tone(RATE_HZ, rest_s=0.7), RATE_HZ)
    soundfile.write(files["machine-c"], make_tone(22050, channels=1), 22050)
    files["machine-d"].write_bytes(encode_mp3(make_tone(RATE_HZ).astype("f4"), RATE_HZ, 192))
    return files


def test_recordings_of_every_kind_become_stimuli_alike(
    recordings: dict[str, Path], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    write_clips(folders.clips, recordings)
    made = render_stimuli(read_clips(folders.clips), folders, studio, bars, workers=1)
    assert sorted(row.system for row in made) == ["human", "human", "machine", "machine"]
    assert {row.soundfont for row in made} == {""}
    for row in made:
        sound = decode_sound((folders.stimuli / row.stimulus_file).read_bytes())
        assert len(sound) == DURATION_S * RATE_HZ
        assert measure_level(sound, RATE_HZ).loudness_lufs == pytest.approx(-20, abs=0.1)
        onset_s = np.flatnonzero(np.abs(sound[:, 0]) > 0.005)[0] / RATE_HZ
        assert onset_s == pytest.approx(0.05, abs=0.01)


def test_recordings_are_rendered_beside_midi_clips(
    recordings: dict[str, Path], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    write_clips(folders.clips, {**recordings, "lstm-0": make_midi(2)})
    clips = read_clips(folders.clips)
    made = render_stimuli(clips, folders, studio, bars, workers=1)
    assert len({row.n_bytes for row in made}) == 1
    assert {row.system: row.soundfont != "" for row in made} == {
        "lstm": True,
        "human": False,
        "machine": False,
    }


@pytest.mark.parametrize("name", ["x.flac", "x.mp3"])
def test_a_recording_that_breaks_off_in_the_middle_is_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(1).uniform(-0.2, 0.2, (2 * RATE_HZ, 2)).astype("f4")
    soundfile.write(path, noise, RATE_HZ)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3] + bytes(2000) + whole[len(whole) // 3 + 2000 :])
    with pytest.raises(StimulusError, match="cannot be decoded: "):
        read_recording(path, RATE_HZ, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_told(tmp_path: Path, value: float) -> None:
    tone = make_tone(RATE_HZ)
    tone[RATE_HZ] = value
    soundfile.write(tmp_path / "x.wav", tone, RATE_HZ, subtype="FLOAT")
    with pytest.raises(StimulusError, match="holds samples that are no numbers"):
        read_recording(tmp_path / "x.wav", RATE_HZ, 3)


def test_more_than_two_channels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, make_tone(RATE_HZ, channels=6), RATE_HZ)
    with pytest.raises(StimulusError, match=r"has 6 channels\. Mix it down to two"):
        read_recording(path, RATE_HZ, 3)


def test_only_as_much_as_is_wanted_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, make_tone(48000), 48000)
    assert read_recording(path, RATE_HZ, 2).shape == (2 * RATE_HZ, 2)
