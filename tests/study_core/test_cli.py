"""The `study` command: light, complete, and plain about mistakes."""

import errno
import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from study_core.cli import COMMANDS, main
from study_core.errors import explain_refusal

HEAVY = "tensorflow keras music21 flask sqlalchemy pandas scipy matplotlib fluidsynth"
STAGES = "models synthesis study_server analysis"


def run_study(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "study_core.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_loads_no_stage_and_nothing_heavy() -> None:
    code = (
        "import sys\nfrom study_core.cli import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        f"sys.exit(str([n for n in '{HEAVY} {STAGES}'.split() if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_the_help_of_every_command_loads_no_more_than_the_command_line() -> None:
    """What a command works with is imported when it runs: `study serve --help` needs no pydantic."""
    heavy = f"{HEAVY} numpy pydantic ruamel.yaml mido rich".split()
    code = (
        "import importlib, sys\nfrom study_core.cli import COMMANDS\n"
        "for module, attribute, _ in COMMANDS.values():\n"
        "    getattr(importlib.import_module(module), attribute)\n"
        f"sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_tells_the_commands_own_help(name: str) -> None:
    module, attribute, text = COMMANDS[name]
    command: click.Command = getattr(importlib.import_module(module), attribute)
    assert command.get_short_help_str(limit=200).rstrip(".") == text.rstrip(".")
    assert command.name == name


def test_an_unknown_command_is_refused_with_status_2() -> None:
    done = run_study("compose")
    assert (done.returncode, "No such command 'compose'" in done.stderr) == (2, True)


def test_a_mistake_that_a_person_can_mend_shows_no_traceback(tmp_path: Path) -> None:
    done = run_study("--config", str(tmp_path / "none.yaml"), "prepare")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "none.yaml does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_is_not_led_astray_by_what_lies_in_the_folder_of_the_study(tmp_path: Path) -> None:
    for name in ("click", "models", "statistics"):  # an analyst's own scripts
        (tmp_path / f"{name}.py").write_text("raise SystemExit('led astray')")
    (tmp_path / "config.yaml").write_text("corpus: {source: nowhere}\n")
    command = [sys.executable, "-P", "-m", "study_core.cli", "prepare"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "corpus.source is nowhere, but there is no such folder" in done.stderr


def test_where_the_system_lets_nothing_be_written_it_is_said_without_a_traceback() -> None:
    forbidden = run_study("init", "/sys/study")
    assert forbidden.returncode == 2
    assert re.match(
        r"Error: /sys/study: [\w -]+\. Change its owner or rights, or use another", forbidden.stderr
    )
    with Path("/dev/full").open("w") as full_disk:
        command = [sys.executable, "-m", "study_core.cli", "config", "--schema"]
        full = subprocess.run(command, stdout=full_disk, stderr=subprocess.PIPE, text=True, check=False)
    assert full.returncode == 2
    assert full.stderr.startswith("Error: No space left on device. Make room and run the same command again")


def test_every_other_error_of_the_system_is_a_bug_and_keeps_its_traceback() -> None:
    assert explain_refusal(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")) is None


def test_config_lists_every_key(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--config", str(repository / "config.yaml"), "config"])
    printed = capsys.readouterr().out.splitlines()
    assert "clips.duration_s: 20.0" in printed
    assert "version: 1" in printed
