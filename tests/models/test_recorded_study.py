"""A study whose every system is a folder of recordings needs no corpus and no generator."""

import wave
from pathlib import Path

from models.clips import ClipStage
from study_core.config import Config
from study_core.folders import CLIPS_FILE
from study_core.manifest import read_manifest
from study_core.types import Clip


def write_recordings(folder: Path, n: int) -> str:
    folder.mkdir(parents=True)
    for i in range(n):
        with wave.open(str(folder / f"{i}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes([i, 1] * 8000 * 5))
    return str(folder)


def test_recordings_of_every_system_become_clips_without_a_corpus(tmp_path: Path) -> None:
    systems = [{name: write_recordings(tmp_path / name, 3)} for name in ("human", "suno")]
    values = {
        "data_dir": str(tmp_path / "data"),
        "clips": {"systems": systems, "per_system": 3, "duration_s": 5},
        "synthesis": {"fade_out_s": 0.5},
        "trials": {"per_participant": {"human": 2, "suno": 2}, "listen_s": 1},
    }
    config = Config.model_validate(values, strict=False)
    stage = ClipStage(config)
    assert list(stage.compose()) == [f"{name}-{i:04d}" for name in ("human", "suno") for i in (1, 2, 3)]
    clips = read_manifest(stage.write(), Clip)
    assert {clip.system: clip.is_human for clip in clips} == {"human": True, "suno": False}
    assert ClipStage(config).is_current()
    write_recordings(tmp_path / "data/corpus", 1)  # whatever corpus comes by changes nothing
    (tmp_path / "data/corpus/pieces.csv").write_text("piece_id\n")
    assert ClipStage(config).is_current()
    assert (config.folders.clips / CLIPS_FILE).is_file()
