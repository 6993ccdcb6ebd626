"""The tutorial, run as it stands: every command in its order, to the report that it promises."""

import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from study_core.config import load_config
from study_core.config_page import fill_page

TUTORIAL = Path(__file__).parent.parent / "docs/tutorial.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EDITS = {
    "clips.per_system": ("`per_system: 12`", 12),
    "clips.duration_s": ("`duration_s: 8`", 8),
    "trials.per_participant": ("`per_participant: {human: 5, markov: 5}`", {"human": 5, "markov": 5}),
    "corpus.test_share": ("`test_share: 0.3`", 0.3),
}
"""What the reader is told to change by hand, and where."""


class Reader:
    """Does what the tutorial says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = ""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self.server: subprocess.Popen[str] | None = None

    def do(self, line: str) -> None:
        """Run a line of a block."""
        program, *arguments = shlex.split(line.replace("8123", self.port))
        if program == "cd":
            self.folder /= arguments[0]
            return
        assert program == "study", line
        command = [sys.executable, "-m", "study_core.cli", *arguments]
        if arguments[0] == "serve":
            self.server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
            assert self.server.stdout is not None
            assert self.port in self.server.stdout.readline()
            return
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        self.said = done.stdout

    def close(self) -> None:
        """Stop the server that was left running, if there is one."""
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.communicate(timeout=30)
            self.server = None

    def edit(self, text: str) -> None:
        """Change config.yaml as the text says."""
        assert [told for told, _ in EDITS.values() if told not in text] == []
        page = self.folder / "config.yaml"
        values = {place: value for place, (_, value) in EDITS.items()}
        page.write_text(fill_page(page.read_text(encoding="utf-8"), values), encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.close()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_tutorial_leads_from_nothing_to_a_report(reader: Reader) -> None:
    text = " ".join(TUTORIAL.read_text(encoding="utf-8").split())
    for number, block in enumerate(BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))):
        for line in block.splitlines():
            reader.do(line)
        if number == 0:
            assert "Report: " in reader.said
            assert (reader.folder / "demo/data/report/report.html").exists()
        if number == 1:
            reader.edit(text)
    report = load_config(reader.folder / "config.yaml").folders.report / "report.html"
    told = " ".join(report.read_text(encoding="utf-8").split())
    assert "24 simulated listeners, 240 judgments" in told
