"""How many people the study server carries, beside the bare insert that no server can beat.

    python benchmarks/load.py

Per store: committed inserts per second of one bare connection; 50 people who never think; 300 people who take
a fifth of the time that people take; 50 people on that store and, in turn, on one of 100,000 sessions
(`--stored`), so that whatever else the machine does meets both. Everything runs on this machine, the people
too. `--soak 100000` goes on until that many judgments, to see the memory. "CPU ms" is the server's for each
judgment, with its sound, and with the pages before and after where people come and go meanwhile.
"""

import argparse
import asyncio
import dataclasses
import itertools
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bare import insert_for, open_bare
from claims import state_claim
from crowd import Record, find_p99, send_crowd
from rich.console import Console
from rich.table import Table as Grid
from served import Server, make_study, postgresql, serve

from study_server.store import open_store
from study_server.tables import Table

PEOPLE_THINK_S = 25.0
SCALE = 0.2
N_PEOPLE = 50
N_TURNS = 4
DAY_S = 24 * 3600
NEW_IDS = ("session_id", "trial_id", "participant_id", "withdrawal_code", "audio_token")
ORIGINALS = {
    "sessions": "SELECT * FROM original",
    "trials": "SELECT t.* FROM trials t JOIN original USING (session_id)",
    "judgments": "SELECT j.* FROM judgments j JOIN trials USING (trial_id) JOIN original USING (session_id)",
}
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    record: Record
    duration_s: float
    memory_mb: tuple[float, float]

    @property
    def rate(self) -> float:
        """Judgments acknowledged per second."""
        return self.record.n_judged / self.duration_s

    @property
    def p99_s(self) -> float:
        """The time that 99 of 100 requests of any kind do not exceed."""
        return find_p99([*itertools.chain(*self.record.seconds.values())])


def run_case(
    name: str, server: Server, n: int, thinking_s: float, duration_s: float, n_judgments: int = 0
) -> Case:
    """Send a crowd and return what it met."""
    memory_mb, clock = server.measure_memory(), server.measure_cpu_s
    crowd = send_crowd(server.ports, n, thinking_s, duration_s, n_judgments, cpu_clock=clock)
    record, counted_s = asyncio.run(crowd)
    return Case(name, record, counted_s, (memory_mb, server.measure_memory()))


def run_in_turn(names: Sequence[str], servers: Sequence[Server], duration_s: float) -> list[Case]:
    """Send a crowd to one server and to the other by turns; return what it met at each."""
    turns = [
        [
            run_case(name, server, N_PEOPLE, 0, duration_s / N_TURNS)
            for name, server in zip(names, servers, strict=True)
        ]
        for _ in range(N_TURNS)
    ]
    return [join(cases) for cases in zip(*turns, strict=True)]


def join(cases: Sequence[Case]) -> Case:
    """Return several runs of one case as one."""
    record = Record()
    for case in cases:
        record.faults += case.record.faults
        record.n_judged += case.record.n_judged
        record.cpu_s += case.record.cpu_s
        for kind, seconds in case.record.seconds.items():
            record.seconds[kind] += seconds
    memory_mb = cases[0].memory_mb[0], cases[-1].memory_mb[1]
    return Case(cases[0].name, record, sum(case.duration_s for case in cases), memory_mb)


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
    store.forget_deleted()
    with store.write() as db:  # what a database does by itself while it grows
        db.connection().exec_driver_sql("ANALYZE")
    store.close()


def _multiply(name: str, rows: str) -> str:
    """Return the statement that copies rows of a table under new ids."""
    columns = [column.name for column in Table.metadata.tables[name].columns]
    taken = [f"x.{c} || '-' || n.i" if c in NEW_IDS else f"x.{c}" for c in columns]
    return f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(taken)} FROM ({rows}) x, n"  # noqa: S608 (our names)


@contextmanager
def serving(kind: str, n_servers: int, parent: str | None) -> Iterator[tuple[Path, Server]]:
    """Serve a study on a new database of its own, which DATABASE_URL names from then on."""
    folder = Path(tempfile.mkdtemp(prefix="load-study-", dir=parent))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        make_study(folder)
        os.environ.pop("DATABASE_URL", None)
        if kind == "postgresql":
            os.environ["DATABASE_URL"] = stack.enter_context(postgresql())
        server = serve(folder, n_servers)
        stack.callback(server.stop)
        yield folder, server


def measure(kind: str, wanted: argparse.Namespace) -> None:
    """Print the table of one kind of store."""
    n_servers = wanted.servers if kind == "postgresql" else 1
    crowd, slow_crowd = f"{N_PEOPLE} people", f"300 people, {PEOPLE_THINK_S:g} s a clip x {SCALE}"
    with serving(kind, n_servers, wanted.folder) as (folder, server):
        bare = insert_for(wanted.seconds / 6, open_bare(folder / "bare.sqlite3"))
        cases = [
            run_case(f"{crowd}, no thinking", server, N_PEOPLE, 0, wanted.seconds),
            run_case(slow_crowd, server, 300, PEOPLE_THINK_S * SCALE, wanted.seconds),
        ]
        if wanted.stored:
            with serving(kind, n_servers, wanted.folder) as (full_folder, full):
                run_case("those to be multiplied", full, N_TURNS, 0, DAY_S, 100 * N_TURNS)
                fill_store(full_folder, wanted.stored)
                names = [f"{crowd}, in turn with:", f"{crowd}, {wanted.stored:,} sessions stored"]
                cases += run_in_turn(names, [server, full], wanted.seconds)
        if wanted.soak:
            name = f"{crowd}, until {wanted.soak:,} judgments"
            cases.append(run_case(name, server, N_PEOPLE, 0, DAY_S, wanted.soak))
    claim(kind, bare, cases)
    show(f"{kind}, {n_servers} server process{'es' if n_servers > 1 else ''}", bare, cases)


def claim(kind: str, bare: float, cases: Sequence[Case]) -> None:
    """State how far the server is from the bare insert, and what a full store and a long run cost."""
    state_claim(f"Judgments over HTTP, {kind}", cases[0].rate / bare, "of bare committed inserts")
    for before, case in itertools.pairwise(cases):
        if "stored" in case.name:
            state_claim(
                f"p99 of any request, {case.name}, {kind}", case.p99_s / before.p99_s, "of an empty store's"
            )
        if "until" in case.name:
            low, high = case.memory_mb
            state_claim(f"Memory of the server, {case.name}, {kind}", high / low, "of what it was before")


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
        "CPU ms",
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
            f"{1000 * case.record.cpu_s / max(1, case.record.n_judged):.1f}",
            str(len(case.record.faults)),
            f"{low:.0f} → {high:.0f}",
        )
    Console(width=130).print(grid)
    for fault in sorted({fault for case in cases for fault in case.record.faults})[:5]:
        Console(stderr=True).print(fault)


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
