"""The real server in a process of its own, as a user starts it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from study_core.config import Config

STUDY = [sys.executable, "-m", "study_core.cli"]


def write_config(config: Config, path: Path) -> Path:
    """Write a config as a file (JSON is YAML)."""
    path.write_text(json.dumps(config.model_dump(mode="json")))
    return path


class Server:
    """`study serve`, running until the block ends."""

    def __init__(self, config: Config, *arguments: str) -> None:
        self.config = config
        self.config_path = write_config(config, config.folders.root / "config.yaml")
        self.command = [*STUDY, "--config", str(self.config_path), "serve", *arguments]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline() for _ in range(2)]
        found = re.search(r"http://\S+:\d+", self.lines[0])
        assert found, self.lines
        self.url = found[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGTERM)

    def stop(self, number: int) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `study` command on the same study."""
        command = [*STUDY, "--config", str(self.config_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)
