import dataclasses
import json
import logging
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from study_core import parallel
from study_core.errors import StimulusError
from study_core.folders import DataFolders
from study_core.manifest import is_current, read_manifest, sha256_file
from study_core.types import Clip, Stimulus
from synthesis import stimuli as stage
from synthesis.audit import audit_stimuli
from synthesis.decoding import decode_sound
from synthesis.mastering import measure_level
from synthesis.stimuli import (
    TIME_STAMP,
    fingerprint_inputs,
    publish_stimuli,
    read_clips,
    render_stimuli,
)
from synthesis.takes import Studio

from .conftest import DURATION_S, Bars, make_midi, make_silent_midi, with_config, write_clips


@pytest.fixture
def made(clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars) -> list[Stimulus]:
    """Return the stimuli of the six clips, rendered here."""
    return render_stimuli(clips, folders, studio, bars, workers=1)


def list_files(folders: DataFolders) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in sorted(folders.stimuli.glob("*.mp3"))}


def remove_files(folders: DataFolders) -> dict[str, str]:
    """Remove what was rendered, and return its names and hashes."""
    files = list_files(folders)
    for path in [*folders.stimuli.glob("*.mp3"), *folders.stimuli.glob("takes/*")]:
        path.unlink()
    return files


def test_stimuli_are_alike_in_all_but_the_music(made: list[Stimulus], folders: DataFolders) -> None:
    for stimulus in made:
        sound = decode_sound((folders.stimuli / stimulus.stimulus_file).read_bytes())
        assert len(sound) == DURATION_S * 44100
        assert measure_level(sound, 44100).loudness_lufs == pytest.approx(-20, abs=0.2)
        assert measure_level(sound, 44100).true_peak_dbtp < -1
        assert np.flatnonzero(np.abs(sound) > 0.01)[0] // 2 == pytest.approx(0.05 * 44100, abs=441)
    assert {path.stat().st_mtime for path in folders.stimuli.glob("*.mp3")} == {TIME_STAMP}
    assert len({stimulus.n_bytes for stimulus in made}) == 1


def test_an_independent_program_measures_the_same_loudness_and_length(
    made: list[Stimulus], folders: DataFolders
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    for stimulus in made[:3]:
        command = [ffmpeg, "-nostats", "-i", str(folders.stimuli / stimulus.stimulus_file)]
        command += ["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        summary = told[told.rindex("Summary") :].split()
        assert float(summary[summary.index("I:") + 1]) == pytest.approx(-20, abs=0.2)
        assert float(summary[summary.index("Peak:") + 1]) <= -1


def test_rows_carry_the_clip_and_how_it_was_rendered(made: list[Stimulus], clips: list[Clip]) -> None:
    by_clip = {stimulus.clip_id: dataclasses.asdict(stimulus) for stimulus in made}
    for clip in clips:
        assert dataclasses.asdict(clip).items() <= by_clip[clip.clip_id].items()
    row = by_clip["human-0"]
    assert row["loudness_lufs"] == -20
    assert row["stimulus_duration_s"] == DURATION_S
    assert len(row["soundfont_sha256"]) == len(row["render_settings_sha256"]) == 64


def test_ids_are_opaque_random_in_order_and_differ_between_studies(
    made: list[Stimulus], clips: list[Clip], studio: Studio, tmp_path: Path, bars: Bars
) -> None:
    ids = [stimulus.stimulus_id for stimulus in made]
    assert ids == sorted(ids)
    assert [stimulus.clip_id for stimulus in made] != [clip.clip_id for clip in clips]
    other = DataFolders(tmp_path / "other")
    write_clips(other.clips, {"human-0": make_midi(5)})
    again = render_stimuli(read_clips(other.clips), other, studio, bars, workers=1)
    assert again[0].stimulus_id not in ids


def test_hashes_depend_neither_on_the_order_of_clips_nor_on_workers_and_how_they_start(
    made: list[Stimulus],
    clips: list[Clip],
    folders: DataFolders,
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = list_files(folders)
    for start_method in ("fork", "spawn", "forkserver"):
        remove_files(folders)
        monkeypatch.setattr(parallel, "START_METHOD", start_method)
        again = render_stimuli(clips[::-1], folders, studio, Bars(), workers=2)
        assert again == made
        assert list_files(folders) == first


def test_a_dask_cluster_of_two_workers_gives_the_same_files(
    made: list[Stimulus], clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    first = remove_files(folders)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        assert render_stimuli(clips, folders, studio, bars, cluster=address) == made
        audit_stimuli(made, folders.stimuli, studio.config, bars, cluster=address)
        assert list_files(folders) == first
        remove_files(folders)
        (folders.stimuli / "takes").rmdir()
        (folders.stimuli / "takes").write_text("a file where the folder should be")
        with pytest.raises(StimulusError, match=r"stimuli.* cannot be written: .*run `study render` again"):
            render_stimuli(clips, folders, studio, bars, cluster=address)
    assert [label for label, _, _ in bars.opened][-4:-1] == ["Rendering", "Encoding", "Checking blindness"]


def test_a_rerun_renders_only_what_is_missing_or_altered(
    made: list[Stimulus], clips: list[Clip], folders: DataFolders, studio: Studio
) -> None:
    first = list_files(folders)
    (folders.stimuli / made[0].stimulus_file).unlink()
    (folders.stimuli / made[1].stimulus_file).write_bytes(b"altered")
    (folders.stimuli / "takes" / f"{made[2].stimulus_id}.json").write_text("{")
    bars = Bars()
    assert render_stimuli(clips, folders, studio, bars, workers=1) == made
    assert [(total, bar.steps) for _, total, bar in bars.opened] == [(3, 3), (3, 3)]
    assert list_files(folders) == first


def test_other_settings_give_other_ids(
    made: list[Stimulus], clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    changed = with_config(studio, loudness_lufs=-22)
    again = render_stimuli(clips[:1], folders, changed, bars, workers=1)
    assert again[0].stimulus_id not in {stimulus.stimulus_id for stimulus in made}
    assert again[0].gain_db == pytest.approx(
        next(row.gain_db for row in made if row.clip_id == again[0].clip_id) - 2, abs=0.002
    )


def test_peaky_clip_makes_all_stimuli_quieter_alike(
    clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars, caplog: pytest.LogCaptureFixture
) -> None:
    loud = with_config(studio, loudness_lufs=-15)
    with caplog.at_level(logging.INFO):
        made = render_stimuli(clips, folders, loud, bars, workers=1)
    lufs = {stimulus.loudness_lufs for stimulus in made}
    assert len(lufs) == 1
    assert -21 < lufs.pop() < -15
    [told] = [message for message in caplog.messages if "instead of -15 LUFS: the peaks of clip" in message]
    quietest = min(made, key=lambda row: row.loudness_lufs - row.true_peak_dbtp)
    assert quietest.clip_id in told
    heard = [
        measure_level(decode_sound((folders.stimuli / row.stimulus_file).read_bytes()), 44100) for row in made
    ]
    assert max(level.true_peak_dbtp for level in heard) <= -1
    assert max(level.true_peak_dbtp for level in heard) > -2.5
    assert np.ptp([level.loudness_lufs for level in heard]) < 0.2
    caplog.clear()
    bars.opened.clear()
    assert render_stimuli(clips, folders, loud, bars, workers=1) == made
    assert not bars.opened


def test_silent_and_short_clips_are_all_named_and_the_others_kept(
    folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    made = {"human-0": make_midi(), "gan-1": make_silent_midi(), "lstm-2": make_midi(music_s=1)}
    clips = write_clips(folders.clips, {**made, "lstm-3": b"not MIDI"})
    with pytest.raises(
        StimulusError, match=r"(?s)3 of 4 clips.*gan-1 is silent.*lstm-2 sounds for .*lstm-3 is silent"
    ):
        render_stimuli(clips, folders, studio, bars, workers=1)
    assert len(list((folders.stimuli / "takes").glob("*.f32"))) == 1


def test_missing_altered_and_doubled_clips_are_all_named(clips: list[Clip], folders: DataFolders) -> None:
    (folders.clips / "human-1.mid").unlink()
    (folders.clips / "lstm-2.mid").write_bytes(b"altered")
    stage.write_manifest(folders.clips / "clips.csv", [*clips, clips[0]])
    with pytest.raises(
        StimulusError,
        match=r"(?s)3 of 7 clips.*human-1.mid: missing.*lstm-2.mid: its sha256 differs.*human-0: listed 2",
    ):
        read_clips(folders.clips)


def test_publishing_removes_stale_stimuli_and_drafts_and_stamps_the_rest(
    made: list[Stimulus], clips: list[Clip], folders: DataFolders, studio: Studio
) -> None:
    inputs = fingerprint_inputs(clips, folders, studio)
    stale = [folders.stimuli / "0123.mp3", folders.stimuli / "takes" / "0123.json"]
    stale += [folders.stimuli / ".0123.mp3.x8a", folders.stimuli / "takes" / ".0123.json.x8a"]
    for path in stale:
        path.write_bytes(b"old")
    assert not is_current(folders.stimuli, inputs)
    path = publish_stimuli(made, folders, inputs)
    assert read_manifest(path, Stimulus) == made
    assert not any(path.exists() for path in stale)
    assert is_current(folders.stimuli, inputs)
    assert not is_current(folders.stimuli, fingerprint_inputs(clips[1:], folders, studio))
    assert (
        json.loads((folders.stimuli / "stage.json").read_text())["outputs"].keys()
        >= list_files(folders).keys()
    )


def test_folder_that_cannot_be_written_is_named(
    clips: list[Clip], folders: DataFolders, studio: Studio, bars: Bars
) -> None:
    folders.stimuli.write_text("a file where the folder should be")
    with pytest.raises(StimulusError, match=r"stimuli.* cannot be written: .*run `study render` again"):
        render_stimuli(clips, folders, studio, bars, workers=1)


def test_publishing_into_a_file_is_refused(made: list[Stimulus], tmp_path: Path) -> None:
    other = DataFolders(tmp_path / "other")
    other.root.mkdir()
    other.stimuli.write_text("a file where the folder should be")
    with pytest.raises(StimulusError, match=r"other/stimuli cannot be written"):
        publish_stimuli(made, other, "inputs")


def test_secrets_that_cannot_be_written_are_named(
    clips: list[Clip], folders: DataFolders, studio: Studio
) -> None:
    folders.secrets.write_text("a file where the folder should be")
    with pytest.raises(StimulusError, match=r"secrets cannot be written: Not a directory"):
        fingerprint_inputs(clips, folders, studio)
