import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from study_core.errors import StimulusError, ToolMissingError
from study_core.folders import DataFolders
from study_core.types import Clip
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
    files[0].unlink()
    bars.opened.clear()
    assert render_stimuli(clips[:3], folders, studio, bars, workers=1) == made
    assert bars.opened
    assert files[0].exists()


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
