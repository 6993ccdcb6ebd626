"""The commands of this folder, run as a person runs them."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from study_core.cli import COMMANDS
from tests.models.conftest import REPOSITORY

CONFIG = """
seed: 3
corpus: {source: SOURCE, validation_share: 0.15, test_share: 0.35}
training: {lstm_steps: 2, gan_steps: 1}
practice: {trials: 0}
clips: {per_system: 3, duration_s: 4, max_copied_notes: 40, temperature: 0.9}
trials: {per_participant: {human: 3, lstm: 2, gan: 2}, listen_s: 2}
"""


def study(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "study_core.cli", "--config", str(folder / "config.yaml"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)


@pytest.mark.parametrize("name", ["corpus", "train", "generate"])
def test_the_short_help_is_the_commands_own_first_line(name: str) -> None:
    module, attribute, text = COMMANDS[name]
    assert (getattr(import_module(module), attribute).help or "").splitlines()[0] == text


def test_adding_a_folder_with_a_broken_file_keeps_the_good_ones_and_exits_with_2(
    tmp_path: Path, corpus_folder: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("SOURCE", "mine"))
    (corpus_folder / "broken.mid").write_bytes(b"MThd")
    added = study(tmp_path, "corpus", "add", str(corpus_folder), "--name", "mine")
    assert added.returncode == 2
    assert "24 files were added to" in added.stderr
    assert "but 1 were not" in added.stderr
    assert "broken.mid is not readable MIDI" in added.stderr
    listed = study(tmp_path, "corpus", "list")
    assert listed.stdout == "mine: 24 files\n"


def test_an_empty_data_folder_has_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    assert study(tmp_path, "corpus", "list").stdout.startswith("There is no corpus in")


@pytest.mark.timeout(300)
def test_a_folder_of_midi_becomes_clips_and_a_second_run_changes_nothing(
    tmp_path: Path, corpus_folder: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("SOURCE", str(corpus_folder)))
    prepared = study(tmp_path, "corpus", "prepare")
    assert prepared.returncode == 0, prepared.stderr
    assert prepared.stdout.startswith("24 pieces of made in 24 song clusters")
    trained = study(tmp_path, "train", "gan")  # and the lstm that it needs
    assert trained.returncode == 0, trained.stderr
    assert "oneDNN" not in trained.stderr
    assert [line.split(" is trained")[0] for line in trained.stdout.splitlines()] == ["The lstm", "The gan"]
    for system in ("lstm", "gan"):
        made = {path.name for path in (tmp_path / "data" / "models" / system).iterdir()}
        assert made == {"weights.npz", "history.csv", "loss.png", "stage.json"}
    generated = study(tmp_path, "generate")
    assert generated.returncode == 0, generated.stderr
    assert generated.stdout.startswith("9 clips: ")
    for command in (("corpus", "prepare"), ("train", "lstm"), ("train", "gan"), ("generate",)):
        again = study(tmp_path, *command)
        assert (again.returncode, again.stderr) == (0, "")
        assert "up to date" in again.stdout
