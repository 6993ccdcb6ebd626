import dataclasses
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from study_core.errors import StimulusError, ToolMissingError
from study_core.folders import DataFolders
from study_core.manifest import sha256_file
from study_core.types import Clip, Stimulus
from synthesis.audit import audit_stimuli
from synthesis.decoding import decode_sound
from synthesis.facts import measure_file
from synthesis.frames import OPUS_HZ
from synthesis.loudness import measure_true_peak
from synthesis.opus import encode_opus
from synthesis.stimuli import TIME_STAMP, fingerprint_inputs, publish_stimuli, render_stimuli
from synthesis.takes import Studio

from .conftest import DURATION_S, Bars, with_config

needs_opusenc = pytest.mark.skipif(shutil.which("opusenc") is None, reason="opus-tools is not installed")


@needs_opusenc
def test_opus_stands_beside_every_mp3_and_is_as_long_and_of_one_size(
    clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    studio = with_config(studio, opus_kbps=96)
    made = render_stimuli(clips[:3], folders, studio, bars, workers=1)
    publish_stimuli(made, folders, fingerprint_inputs(clips, folders, studio))
    files = [folders.stimuli / f"{row.stimulus_id}.opus" for row in made]
    assert len({path.stat().st_size for path in files}) == 1
    assert {path.stat().st_mtime for path in files} == {TIME_STAMP}
    for path in files:
        sound, rate_hz = soundfile.read(path)
        assert len(sound) / rate_hz == pytest.approx(DURATION_S, abs=1e-4)
    assert [row.opus_sha256 for row in made] == [sha256_file(path) for path in files]
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"other")):
        spoil(files[0])
        bars.opened.clear()
        assert render_stimuli(clips[:3], folders, studio, bars, workers=1) == made
        assert bars.opened
        assert sha256_file(files[0]) == made[0].opus_sha256


@needs_opusenc
def test_another_opus_encoder_makes_other_stimuli_where_opus_is_wanted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = studio, with_config(studio, opus_kbps=96)
    before = [each.settings_sha256 for each in both]
    monkeypatch.setattr("synthesis.takes.read_opus_version", lambda: "opusenc 99")
    after = [each.settings_sha256 for each in both]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


@pytest.fixture
def released(
    clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars
) -> tuple[list[Stimulus], Path]:
    made = render_stimuli(clips, folders, with_config(studio, opus_kbps=96), bars, workers=1)
    audit_stimuli(made, folders.stimuli, studio.config, bars, workers=1)
    return made, folders.stimuli


def encode_again(path: Path, *, gain: float = 1) -> None:
    """Encode from 48 kHz, which the header tells."""
    path.write_bytes(encode_opus(decode_sound(path.read_bytes()) * np.float32(gain), OPUS_HZ, 96))


@needs_opusenc
@pytest.mark.parametrize(
    ("leak", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b"gan"), r"Opus, size: values differ by 3 bytes"),
        (encode_again, "Opus, tags: what stands outside of the frames differs"),
        (lambda path: os.utime(path, (2, 2)), "Opus, time stamp: values differ"),
        (lambda path: encode_again(path, gain=0.9), r"Opus, loudness: values differ by 0\.\d+ LU"),
    ],
)
def test_a_leak_of_the_opus_files_alone_is_found(
    released: tuple[list[Stimulus], Path], studio: Studio, leak: Callable[[Path], object], message: str
) -> None:
    made, folder = released
    path = folder / f"{made[0].stimulus_id}.opus"
    leak(path)
    if "time stamp" not in message:
        os.utime(path, (TIME_STAMP, TIME_STAMP))
    with pytest.raises(StimulusError, match=message) as caught:
        audit_stimuli(made, folder, studio.config, Bars(), workers=1)
    lines = str(caught.value).splitlines()[1:]
    assert all(line.startswith("  Opus, ") for line in lines if line.strip())


@needs_opusenc
def test_opus_for_some_stimuli_only_is_found(released: tuple[list[Stimulus], Path], studio: Studio) -> None:
    made, folder = released
    some = [dataclasses.replace(made[0], opus_sha256=""), *made[1:]]
    with pytest.raises(StimulusError, match=rf"Opus: {len(made) - 1} of {len(made)} stimuli have it"):
        audit_stimuli(some, folder, studio.config, Bars(), workers=1)


def test_bytes_that_are_no_opus_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match="The bytes are neither MP3 nor Opus"):
        decode_sound(b"no Opus at all")
    (tmp_path / "x.opus").write_bytes(b"no Opus at all")
    with pytest.raises(StimulusError, match=r"x\.opus is not an Opus file"):
        measure_file(tmp_path / "x.opus")


@needs_opusenc
def test_peaks_of_the_opus_files_stay_under_the_ceiling_too(
    released: tuple[list[Stimulus], Path], studio: Studio
) -> None:
    made, folder = released
    for row in made:
        peak = measure_true_peak(decode_sound((folder / f"{row.stimulus_id}.opus").read_bytes()), OPUS_HZ)
        assert peak <= studio.config.true_peak_dbtp


@needs_opusenc
def test_same_sound_gives_the_same_bytes() -> None:
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, (44100, 2)).astype(np.float32)
    audio = encode_opus(sound, 44100, 96)
    assert audio == encode_opus(sound, 44100, 96)
    assert soundfile.info(io.BytesIO(audio)).subtype == "OPUS"


def test_failing_encoder_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "opusenc"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(StimulusError, match="opusenc failed: no space left"):
        encode_opus(np.zeros((100, 2), np.float32), 44100, 96)


def test_missing_encoder_stops_before_any_work(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lame = shutil.which("lame")
    assert lame is not None
    (tmp_path / "lame").symlink_to(lame)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="sudo apt-get install opus-tools"):
        Studio.open(studio.config.model_copy(update={"opus_kbps": 96}), DURATION_S)
