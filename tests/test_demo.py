"""`study demo`: what it shows is what it does, and where it cannot go on it says why."""

from pathlib import Path

import pytest

from study_core import demo
from study_core.cli import COMMANDS, main
from study_core.config import load_config
from study_core.demo import begin_demo, run_demo
from study_core.errors import StudyError


def test_the_demonstrations_config_is_a_study_of_few_short_clips(tmp_path: Path) -> None:
    begin_demo(tmp_path / "demo")
    config = load_config(tmp_path / "demo/config.yaml")
    assert config.clips.systems == {"markov": ""}
    assert sum(config.trials.per_participant.values()) == 10
    assert not config.clips.trained[1:]  # nothing that loads TensorFlow


def test_a_study_that_is_there_is_not_made_a_demonstration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("title: kept\n")
    with pytest.raises(SystemExit):
        main(["demo", str(tmp_path)])
    assert "is there already and stays as it is" in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text() == "title: kept\n"


def test_a_step_that_fails_ends_the_demonstration_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_demo(tmp_path)
    monkeypatch.setattr(demo, "list_first_steps", lambda: [["config"], ["check"]])
    lines = run_demo(tmp_path)
    assert next(lines) == f"$ study --config {tmp_path / 'config.yaml'} config"
    with pytest.raises(StudyError, match="`study check` ended with status 2") as caught:
        list(lines)
    assert "stimuli.csv is not made yet" in str(caught.value)


def test_a_server_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_demo(tmp_path)
    monkeypatch.setattr(demo, "list_first_steps", list)
    with pytest.raises(StudyError, match="server did not start"):
        list(run_demo(tmp_path))


def test_its_commands_exist() -> None:
    assert {step[0] for step in demo.list_first_steps()} <= set(COMMANDS)
