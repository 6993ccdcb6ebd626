import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from study_core import parallel
from study_core.cli import main
from study_core.manifest import read_manifest, sha256_file
from study_core.types import Clip, Stimulus

from .conftest import DURATION_S, SOUNDFONT, make_midi, write_clips

CONFIG = f"""
data_dir: data
practice: {{trials: 0}}
clips: {{systems: [lstm], per_system: 3, duration_s: {DURATION_S:g}}}
trials: {{per_participant: {{human: 3, lstm: 3}}, listen_s: 1}}
synthesis: {{soundfont: {SOUNDFONT}}}
"""
COMMAND = [sys.executable, "-m", "study_core.cli", "--config"]


@pytest.fixture
def study(tmp_path: Path, clips: list[Clip]) -> Path:
    """Return the config file of a study with six clips."""
    assert len(clips) == 6
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def read_hashes(study: Path) -> dict[str, str]:
    rows = read_manifest(study.parent / "data" / "stimuli" / "stimuli.csv", Stimulus)
    return {row.stimulus_file: row.stimulus_sha256 for row in rows}


def render(study: Path, *options: str) -> None:
    main(["--config", str(study), "render", *options])


def test_command_renders_then_skips_then_follows_a_change(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = study.parent / "data" / "stimuli"
    render(study, "--workers", "1")
    assert capsys.readouterr().out == f"6 stimuli of -20.0 LUFS in {folder / 'stimuli.csv'}\n"
    first = read_hashes(study)
    assert {path.name: sha256_file(path) for path in folder.glob("*.mp3")} == first
    render(study, "--workers", "1")
    assert capsys.readouterr().out == f"6 stimuli are up to date in {folder}\n"
    midis = {path.stem: path.read_bytes() for path in (study.parent / "data" / "clips").glob("*.mid")}
    write_clips(study.parent / "data" / "clips", {**midis, "lstm-0": make_midi(99)})
    render(study, "--workers", "1")
    assert len(read_hashes(study).items() & first.items()) == 5
    assert len(list(folder.glob("*.mp3"))) == 6


def test_killed_run_goes_on_where_it_stopped_and_ends_with_the_same_files(
    study: Path, tmp_path: Path
) -> None:
    other = tmp_path / "undisturbed"
    other.mkdir()
    shutil.copy(study, other)
    (study.parent / "data" / "secrets").mkdir(parents=True)
    (study.parent / "data" / "secrets" / "key").write_text("0" * 64)
    shutil.copytree(study.parent / "data", other / "data")
    notes = study.parent / "data" / "stimuli" / "takes"
    run = subprocess.Popen([*COMMAND, str(study), "--quiet", "render", "--workers", "1"])
    while not list(notes.glob("[!.]*.json")):
        assert run.poll() is None
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert len(list(notes.glob("[!.]*.json"))) < 6
    assert not (notes.parent / "stimuli.csv").exists()
    render(study, "--workers", "1")
    render(other / study.name, "--workers", "1")
    assert read_hashes(study) == read_hashes(other / study.name)


def test_full_disk_is_told_and_leaves_nothing_half_written(study: Path) -> None:
    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    run = subprocess.run(
        [*COMMAND, str(study), "--quiet", "render", "--workers", "1"],
        preexec_fn=limit_file_size,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "cannot be written: File too large. Free space" in run.stderr
    assert "Traceback" not in run.stderr
    assert not list((study.parent / "data" / "stimuli").glob("*.mp3"))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("soundfont: Grand", "'Grand' is not listed"),
        (f"soundfont: {SOUNDFONT}, mp3_kbps: 100", "synthesis.mp3_kbps: Input should be 64, 80"),
        (f"soundfont: {SOUNDFONT}, sample_rate_hz: 40000", "synthesis.sample_rate_hz: Input should be 32000"),
    ],
)
def test_wrong_settings_stop_before_any_work(
    study: Path, capsys: pytest.CaptureFixture[str], key: str, message: str
) -> None:
    study.write_text(study.read_text().replace(f"soundfont: {SOUNDFONT}", key))
    with pytest.raises(SystemExit) as stopped:
        render(study)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not (study.parent / "data" / "stimuli").exists()


def test_study_without_clips_says_what_makes_them(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study.parent / "data" / "clips" / "clips.csv").unlink()
    with pytest.raises(SystemExit):
        render(study)
    assert "clips.csv is missing. Run `study prepare`" in capsys.readouterr().err


def test_contact_sheet_shows_and_plays_every_stimulus_outside_of_their_folder(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = study.parent / "data"
    (data / "contact-sheet").mkdir()
    (data / "contact-sheet" / "old.png").write_bytes(b"old")
    render(study, "--workers", "1", "--contact-sheet")
    page_path = data / "contact-sheet" / "index.html"
    assert capsys.readouterr().out.endswith(f"Contact sheet in {page_path}\n")
    page = BeautifulSoup(page_path.read_text(), "html.parser")
    assert [heading.text for heading in page.find_all("h2")] == ["human (3)", "lstm (3)"]
    for kind in ("audio", "img"):
        sources = [str(tag["src"]) for tag in page.find_all(kind)]
        assert len(set(sources)) == 6
        assert all((page_path.parent / source).resolve().exists() for source in sources)
    assert "-20.0 LUFS" in page.figcaption.text
    assert len(list(page_path.parent.glob("*.png"))) == 6
    with (page_path.parent / str(page.img["src"])).open("rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert {path.suffix for path in (data / "stimuli").iterdir()} == {"", ".mp3", ".csv", ".json"}


def test_screening_sounds_are_written_without_clips(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(study.parent / "data" / "clips")
    render(study, "--screening")
    path = study.parent / "data" / "screening" / "screening.csv"
    assert capsys.readouterr().out == f"24 screening sounds in {path}\n"
    render(study, "--screening")
    assert capsys.readouterr().out == f"The screening sounds are up to date: {path}\n"
    next(path.parent.glob("*.flac")).unlink()
    render(study, "--screening")
    assert len(list(path.parent.glob("*.flac"))) == 24


def test_cluster_that_is_not_there_is_an_error_without_a_traceback(
    study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(SystemExit):
        render(study, "--cluster", "tcp://127.0.0.1:9")
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
