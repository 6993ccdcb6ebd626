"""A complete tiny study: Bach against a Markov chain, judged by simulated listeners over a real server."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from study_core.beginning import CONFIG_FILE, refuse_overwriting, write_study
from study_core.cli import THIS_PROGRAM
from study_core.config import load_config
from study_core.config_page import fill_page, read_page
from study_core.errors import StudyError

VALUES: dict[str, Any] = {
    "title": "Bach or machine? A demonstration",
    "corpus.source": "chorales",
    "corpus.test_share": 0.3,
    "clips.systems": ["markov"],
    "clips.per_system": 12,
    "clips.duration_s": 8,
    "trials.per_participant": {"human": 5, "markov": 5},
    "trials.listen_s": 2,
    "questions.before": ["age_band"],
    "recruitment.contact": "nobody: this study is a demonstration",
    "recruitment.id_parameter": None,
    "recruitment.minutes": 3,
}
CHORALES = 100
LISTENERS = 24
SKILL = ("--dprime", "0.8")


def begin_demo(folder: Path) -> None:
    """Write the demonstration's config.

    Raises
    ------
    StudyError
        If the folder holds a study already.
    """
    refuse_overwriting(folder)
    write_study(folder, fill_page(read_page(), VALUES))


def list_first_steps() -> list[list[str]]:
    """Return the commands that come before the server."""
    return [["corpus", "chorales", "--count", str(CHORALES)], ["prepare"], ["check"]]


def run_demo(folder: Path) -> Iterator[str]:
    """Yield each command as a person would type it, before it runs, and then what it says.

    Raises
    ------
    StudyError
        If one of them fails.
    """
    for step in list_first_steps():
        yield from _run(folder, step)
    yield _show(folder, ["serve"])
    with _serving(folder) as address:
        yield from _run(folder, ["simulate", "--participants", str(LISTENERS), *SKILL, "--url", address])
    yield from _run(folder, ["export", "--simulated"])
    yield from _run(folder, ["analyze", "--no-pdf"])


def find_report(folder: Path) -> Path:
    """Return the report's page."""
    return load_config(folder / CONFIG_FILE).folders.report / "report.html"


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """Run the server, on any free port, while the block runs; yield its address."""
    command = [*_command(folder), "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own interpreter)
    try:
        said = server.stdout.readline() if server.stdout else ""
        found = re.search(r"http://\S+:\d+", said)
        if found is None:
            raise StudyError("The demonstration's server did not start; its own message stands above.")
        yield found[0]
    finally:
        server.terminate()
        server.communicate()


def _run(folder: Path, step: list[str]) -> Iterator[str]:
    yield _show(folder, step)
    command = [*_command(folder), *step]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own interpreter)
    if done.returncode:
        raise StudyError(
            f"`study {' '.join(step)}` ended with status {done.returncode}; its own message stands above.\n"
            f"{done.stdout}".rstrip()
        )
    yield from (f"  {line}" for line in done.stdout.splitlines())


def _command(folder: Path) -> list[str]:
    return [*THIS_PROGRAM, "--quiet", "--config", str(folder / CONFIG_FILE)]


def _show(folder: Path, step: list[str]) -> str:
    return f"$ study --config {folder / CONFIG_FILE} {' '.join(step)}"
