from pathlib import Path

import numpy as np
import pytest
import soundfile

from study_core.errors import StimulusError
from study_core.folders import DataFolders
from study_core.manifest import read_manifest
from study_core.types import Clip
from synthesis.decoding import decode_sound
from synthesis.encoding import encode_mp3
from synthesis.mastering import measure_level
from synthesis.recordings import import_recordings, read_recording
from synthesis.stimuli import read_clips, render_stimuli
from synthesis.takes import Studio

from .conftest import DURATION_S, Bars, make_midi, write_clips

RATE_HZ = 44100
SYSTEMS = ("human", "machine")


def make_tone(rate_hz: int, *, seconds: float = 5, rest_s: float = 0, channels: int = 2) -> np.ndarray:
    """Return a tone that swells and ebbs, after a rest."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = 0.2 * np.sin(2 * np.pi * 330 * time) * (1.2 + np.sin(2 * np.pi * 2 * time))
    tone = np.concatenate([np.zeros(round(rest_s * rate_hz)), tone])
    return np.repeat(tone[:, np.newaxis], channels, axis=1)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Return a folder with a WAV, a FLAC, a mono WAV of another rate and an MP3, of two systems."""
    folder = tmp_path / "recordings"
    (folder / "human").mkdir(parents=True)
    (folder / "machine").mkdir()
    soundfile.write(folder / "human" / "My Song.wav", make_tone(48000), 48000, subtype="PCM_24")
    soundfile.write(folder / "human" / "b.flac", make_tone(RATE_HZ, rest_s=0.7), RATE_HZ)
    soundfile.write(folder / "machine" / "b.WAV", make_tone(22050, channels=1), 22050)
    (folder / "machine" / "c.mp3").write_bytes(encode_mp3(make_tone(RATE_HZ).astype("f4"), RATE_HZ, 192))
    (folder / "machine" / "notes.txt").write_text("not sound")
    (folder / "machine" / "._c.mp3").write_text("what a Mac leaves behind")
    return folder


def test_recordings_of_every_kind_become_stimuli_alike(
    recordings: Path, folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    assert import_recordings(recordings, folders.clips, SYSTEMS) == 4
    made = render_stimuli(read_clips(folders.clips), folders, studio, bars, workers=1)
    assert sorted(row.system for row in made) == ["human", "human", "machine", "machine"]
    assert {row.soundfont for row in made} == {""}
    for row in made:
        sound = decode_sound((folders.stimuli / row.stimulus_file).read_bytes())
        assert len(sound) == DURATION_S * RATE_HZ
        assert measure_level(sound, RATE_HZ).loudness_lufs == pytest.approx(-20, abs=0.1)
        onset_s = np.flatnonzero(np.abs(sound[:, 0]) > 0.005)[0] / RATE_HZ
        assert onset_s == pytest.approx(0.05, abs=0.01)


def test_midi_clips_of_other_systems_stay_and_are_rendered_beside(
    recordings: Path, folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    write_clips(folders.clips, {"human-0": make_midi(1), "lstm-0": make_midi(2)})
    import_recordings(recordings, folders.clips, SYSTEMS)
    clips = read_clips(folders.clips)
    assert [clip.system for clip in clips] == ["lstm", "human", "human", "machine", "machine"]
    made = render_stimuli(clips, folders, studio, bars, workers=1)
    assert len({row.n_bytes for row in made}) == 1
    assert {row.system: row.soundfont != "" for row in made} == {
        "lstm": True,
        "human": False,
        "machine": False,
    }


def test_ids_name_system_and_file_and_each_is_a_piece_of_its_own(
    recordings: Path, folders: DataFolders
) -> None:
    import_recordings(recordings, folders.clips, SYSTEMS)
    rows = read_manifest(folders.clips / "clips.csv", Clip)
    assert rows[0].clip_id.startswith("human-my-song-")
    assert rows[0].duration_s == 5
    assert len({row.song_cluster for row in rows}) == 4


def test_folder_without_recordings_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"has no recordings\. Put \.wav, \.flac, .*human"):
        import_recordings(tmp_path, tmp_path / "clips", SYSTEMS)


def test_files_that_cannot_be_decoded_are_all_named_and_nothing_is_imported(
    recordings: Path, folders: DataFolders
) -> None:
    for name in ("x.wav", "y.mp3"):
        (recordings / "machine" / name).write_bytes(b"no sound")
    with pytest.raises(
        StimulusError, match=r"(?s)2 of 6 recordings.*machine/x\.wav cannot be decoded.*machine/y\.mp3"
    ):
        import_recordings(recordings, folders.clips, SYSTEMS)
    assert not folders.clips.exists()


def test_recordings_of_a_system_that_the_study_has_not_are_refused(
    recordings: Path, folders: DataFolders
) -> None:
    (recordings / "machine").rename(recordings / "Machine")
    with pytest.raises(
        StimulusError, match=r"folder Machine, but clips\.systems has human, machine\. Rename"
    ):
        import_recordings(recordings, folders.clips, SYSTEMS)
    assert not folders.clips.exists()


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
