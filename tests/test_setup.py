"""setup.sh: installs what is missing, or says exactly what to install."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SYSTEM_TOOLS = ("sh", "dirname", "printf", "echo", "python3", "env", "mkdir", "ln")

FOR_PDF = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-droid-fallback"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a checkout with setup.sh and a PATH of its own, on which nothing is installed."""
    shutil.copy(REPOSITORY / "setup.sh", tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in SYSTEM_TOOLS:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    add_tool(tmp_path, "id", "echo 1000")
    add_tool(tmp_path, "uv", 'echo "uv $*" >> "$CALLS"')
    add_tool(tmp_path, "dpkg-query", "exit 1")
    add_tool(tmp_path, "apt-get", 'echo "apt-get $*" >> "$CALLS"')
    return tmp_path


def add_tool(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def set_up(machine: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    calls = machine / "calls"
    done = subprocess.run(
        [machine / "setup.sh", *arguments],
        env={"PATH": str(machine / "bin"), "CALLS": str(calls), "HOME": os.environ["HOME"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, calls.read_text().splitlines() if calls.exists() else []


def test_where_only_root_may_install_it_says_exactly_what_to_install(machine: Path) -> None:
    done, calls = set_up(machine, "study")
    assert (done.returncode, calls) == (2, [])
    assert done.stderr == (
        "Error: these Debian packages are missing and only root may install them. "
        f"Run: apt-get install --no-install-recommends libfluidsynth3 fluid-soundfont-gm lame {FOR_PDF}\n"
    )


def test_root_installs_what_is_missing_and_makes_the_locked_environment(machine: Path) -> None:
    add_tool(machine, "id", "echo 0")
    add_tool(machine, "dpkg-query", '[ "$4" = lame ] && echo installed || exit 1')
    done, calls = set_up(machine, "study")
    assert done.returncode == 0, done.stderr
    assert calls == [
        "apt-get -q update",
        f"apt-get -q install -y --no-install-recommends libfluidsynth3 fluid-soundfont-gm {FOR_PDF}",
        "uv sync --frozen --quiet --no-dev --inexact",
    ]


def test_others_install_with_sudo(machine: Path) -> None:
    add_tool(machine, "sudo", '[ "$1" = -n ] && exit 0; echo "sudo $*" >> "$CALLS"')
    _, calls = set_up(machine, "study")
    assert calls[0] == "sudo apt-get -q update"
    assert calls[1].startswith("sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install")


def test_where_nothing_is_missing_nothing_is_installed(machine: Path) -> None:
    add_tool(machine, "dpkg-query", "echo installed")
    _, calls = set_up(machine, "test")
    assert calls == ["uv sync --frozen --quiet"]


def test_the_uv_of_the_documents_is_the_machines_own(machine: Path) -> None:
    add_tool(machine, "dpkg-query", "echo installed")
    set_up(machine, "study")
    _, calls = set_up(machine, "study")
    assert calls == ["uv sync --frozen --quiet --no-dev --inexact"] * 2
    assert (machine / ".tools/bin/uv").readlink() == machine / "bin/uv"


def test_a_system_without_apt_is_told_the_packages_and_gets_the_environment(machine: Path) -> None:
    for tool in ("apt-get", "dpkg-query"):
        (machine / "bin" / tool).unlink()
    done, calls = set_up(machine, "study")
    assert (done.returncode, calls) == (0, ["uv sync --frozen --quiet --no-dev --inexact"])
    assert (
        "This system has no apt-get. Where it lacks what corresponds to these Debian packages" in done.stderr
    )
    assert f"libfluidsynth3 fluid-soundfont-gm lame {FOR_PDF}" in done.stderr


@pytest.mark.parametrize(
    ("tool", "script", "message"),
    [
        ("apt-get", "exit 100", f"could not install: libfluidsynth3 fluid-soundfont-gm lame {FOR_PDF}."),
        ("uv", "exit 1", "the Python environment could not be made"),
    ],
)
def test_a_failed_step_is_named(machine: Path, tool: str, script: str, message: str) -> None:
    add_tool(machine, "id", "echo 0")
    add_tool(machine, tool, script)
    done, _ = set_up(machine, "study")
    assert done.returncode == 2
    assert message in done.stderr


def test_where_uv_cannot_be_had_it_says_which_to_install(machine: Path) -> None:
    add_tool(machine, "dpkg-query", "echo installed")
    (machine / "bin/uv").unlink()
    (machine / "bin/python3").unlink()
    add_tool(machine, "python3", '[ "$1" = -c ]')
    done, calls = set_up(machine, "study")
    assert (done.returncode, calls) == (2, [])
    assert "uv could not be installed with pip" in done.stderr
    assert "Install uv 0." in done.stderr
