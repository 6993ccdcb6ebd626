"""One small study from MIDI files to a report: every stage real, every stage a command."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import pytest

from study_core.cli import main
from study_core.config import load_config
from study_server import services
from study_server.app import create_app

CONFIG = """
corpus: {source: midi, validation_share: 0.2, test_share: 0.3}
training: {lstm_steps: 8, gan_steps: 2}
clips: {per_system: 4, duration_s: 6}
synthesis: {soundfont: TimGM6mb, fade_out_s: 0.5}
trials: {per_participant: {human: 2, lstm: 1, gan: 1}, listen_s: 1}
recruitment: {target_participants: 6}
server: {port: 0, threads: 8}
"""
N_PARTICIPANTS = 12


class Study:
    """A study in a folder of its own, driven by the command line alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "study_core.cli",
            "--config",
            str(self.folder / "config.yaml"),
            *arguments,
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"STUDY_POKEMON_DIR": ""}
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, env=environment
        )

    def succeed(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def files(self) -> dict[str, int]:
        """Return when each file of the prepared stages was last written, in nanoseconds."""
        stages = ("corpus", "models", "clips", "stimuli")
        paths = (path for stage in stages for path in (self.data / stage).rglob("*") if path.is_file())
        return {str(path.relative_to(self.data)): path.stat().st_mtime_ns for path in paths}


def write_piece(path: Path, rng: np.random.Generator) -> None:
    """Write a made piece: a melody by steps of a scale over held chords, 32 bars of 4/4."""
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120))])
    step = 7
    for _ in range(32):
        root = int(rng.integers(0, 7))
        chord = [48 + int(scale[(root + third) % 7]) for third in (0, 2, 4)]
        track += [mido.Message("note_on", note=note, velocity=60) for note in sorted(set(chord))]
        for ticks in rng.permutation([240, 240, 480, 480, 480]):
            step = int(np.clip(step + rng.integers(-2, 3), 0, 13))
            note = 60 + 12 * (step // 7) + int(scale[step % 7])
            track.append(mido.Message("note_on", note=note, velocity=int(rng.integers(60, 100))))
            track.append(mido.Message("note_off", note=note, time=int(ticks)))
        track += [mido.Message("note_off", note=note) for note in sorted(set(chord))]
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "midi").mkdir()
    rng = np.random.default_rng(1)
    for number in range(30):
        write_piece(folder / "midi" / f"piece {number}.mid", rng)
    prepared = Study(folder)
    prepared.succeed("prepare")
    return prepared


@pytest.fixture
def address(study: Study) -> Iterator[str]:
    server = subprocess.Popen(
        study.command("serve"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield re.findall(r"http://[\d.]+:\d+", server.stdout.readline())[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def test_midi_files_become_a_report_of_fooling_rates(study: Study, address: str) -> None:
    said = study.succeed(
        "simulate", "--participants", str(N_PARTICIPANTS), "--dprime", "1.5", "--url", address
    )
    assert str(N_PARTICIPANTS) in said
    study.succeed("export", "--simulated")
    study.succeed("analyze")
    numbers = json.loads((study.data / "report/numbers.json").read_text(encoding="utf-8"))
    report = (study.data / "report/report.html").read_text(encoding="utf-8")
    assert "Simulated listeners" in report
    assert {"human", "lstm", "gan"} <= set(re.findall(r"\w+", json.dumps(numbers)))


def test_preparing_again_makes_nothing_again(study: Study) -> None:
    before = study.files()
    assert any(name.endswith(".mp3") for name in before)
    study.succeed("prepare")
    assert study.files() == before


def test_a_lost_stimulus_is_rendered_again_and_nothing_else(study: Study) -> None:
    before = study.files()
    lost = next(name for name in before if name.endswith(".mp3"))
    content = (study.data / lost).read_bytes()
    (study.data / lost).unlink()
    study.succeed("prepare")
    assert (study.data / lost).read_bytes() == content
    assert {name for name, time in study.files().items() if before[name] != time} <= {
        lost,
        lost.replace("stimuli/", "stimuli/takes/").replace(".mp3", ".json"),
        "stimuli/stimuli.csv",
        "stimuli/stage.json",
    }


def test_a_missing_soundfont_stops_rendering_with_one_plain_error(study: Study) -> None:
    config = study.folder / "other.yaml"
    config.write_text(CONFIG.replace("TimGM6mb", "nowhere/Grand.sf2"), encoding="utf-8")
    before = study.files()
    done = study.run("--config", str(config), "render")
    assert done.returncode == 2
    assert "Grand.sf2" in done.stderr
    assert "Traceback" not in done.stderr
    assert study.files() == before


def test_a_taken_port_is_named(study: Study, address: str) -> None:
    port = address.rsplit(":", 1)[1]
    done = study.run("serve", "--port", port)
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_midi_file_is_named_and_the_good_ones_are_imported(study: Study, tmp_path: Path) -> None:
    write_piece(tmp_path / "good.mid", np.random.default_rng(2))
    (tmp_path / "cut.mid").write_bytes((tmp_path / "good.mid").read_bytes()[:60])
    (tmp_path / "text.mid").write_text("This is not MIDI.")
    (tmp_path / "empty.mid").touch()
    done = study.run("corpus", "add", str(tmp_path), "--name", "mixed")
    assert done.returncode == 2
    assert all(name in done.stderr for name in ("cut.mid", "text.mid", "empty.mid"))
    assert "Traceback" not in done.stderr
    assert [path.name for path in (study.data / "corpus/mixed").glob("*.mid")] == ["good.mid"]


def start_somebody(study: Study) -> None:
    """Let a real participant start a study."""
    app = create_app(load_config(study.folder / "config.yaml", data_dir=study.data))
    running = app.extensions["study"]
    with running.store.write() as db:
        somebody = services.arrive(db, running.protocol, is_simulated=False)
        services.consent(somebody)
        services.start(db, somebody, running.protocol)
    running.store.close()


def read_files(study: Study) -> dict[str, bytes]:
    """Return the bytes of every file of the prepared stages, and of the mark."""
    return {name: (study.data / name).read_bytes() for name in [*study.files(), "frozen.json"]}


def test_once_somebody_started_no_stage_replaces_a_file(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen = Study(study.folder)
    frozen.data = Path(shutil.copytree(study.data, tmp_path / "data"))
    start_somebody(frozen)
    before, times = read_files(frozen), frozen.files()
    assert any(name.endswith(".mp3") for name in before)
    frozen.succeed("--data-dir", str(frozen.data), "prepare")  # nothing changed, nothing to make
    assert frozen.files() == times
    edits = {
        "corpus prepare": ("test_share: 0.3", "test_share: 0.4"),
        "train lstm": ("lstm_steps: 8", "lstm_steps: 9"),
        "train gan --restart": ("server:", "version: '1'\nserver:"),
        "generate": ("per_system: 4", "per_system: 5"),
        "render": ("fade_out_s: 0.5", "fade_out_s: 0.6"),
        "render --screening": ("server:", "seed: 7\nserver:"),
    }
    changed = frozen.folder / "changed.yaml"
    for command, (was, now) in edits.items():
        changed.write_text(CONFIG.replace(was, now), encoding="utf-8")
        with pytest.raises(SystemExit) as stop:
            main(["--config", str(changed), "--data-dir", str(frozen.data), *command.split()])
        said = capsys.readouterr().err
        assert stop.value.code == 2, command
        assert "Version '1' of this study is frozen since its first participant started (20" in said
        assert ("not config.yaml" if "restart" in command else ": was ") in said
    done = frozen.run("--config", str(changed), "--data-dir", str(frozen.data), "prepare")
    assert (done.returncode, "nothing was touched" in done.stderr) == (2, True)
    assert read_files(frozen) == before
