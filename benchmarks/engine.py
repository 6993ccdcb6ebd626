"""How fast the engine keeps judgments, by itself and over HTTP, beside what bounds each of the two.

    python benchmarks/engine.py [--seconds 6] [--people 20] [--stores sqlite postgresql]

By itself: `services.judge`, in turn with bare committed inserts of a row as wide into the same database.
Over HTTP: people who never think, without and with the clips' sound, beside a Flask app on the same server
that answers the same form with a word. A start of a session with its draw is timed too. One server process;
the people, the database and the server share this machine.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bare import Insert, open_bare
from claims import state_claim
from crowd import Person, find_p99, send_crowd
from rich.console import Console
from rich.table import Table as Grid
from served import Server, make_study, postgresql, serve

from study_core.config import Config
from study_server import services
from study_server.protocol import RunningProtocol, load_protocol
from study_server.store import Store, open_store

ANSWER = services.Answer(
    judged_human=True, confidence=3, knows_tune=False, heard_s=6.0, n_plays=1, stalls=0, answer_time_s=7.5
)
BLOCK = 20
N_THREADS = 6


@dataclass(frozen=True)
class Row:
    """One row of the table: times of single pieces of work, and how long all of them took together."""

    name: str
    seconds: Sequence[float]
    duration_s: float
    cpu_s: float = 0.0
    """Processor time of the process that did the work, or of the server; 0 where it was not measured."""
    n_errors: int = 0

    @property
    def rate(self) -> float:
        """How much was done per second."""
        return len(self.seconds) / self.duration_s


def time_each(work: Callable[[], object], n: int) -> list[float]:
    """Return how long each of n pieces of work took."""
    seconds = []
    for _ in range(n):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def start_session(store: Store, protocol: RunningProtocol) -> tuple[str, list[str]]:
    """Let a simulated listener arrive and start; return the session's id and its trials'."""
    with store.write() as db:
        session = services.arrive(db, protocol, is_simulated=True)
        services.consent(session)
        services.start(db, session, protocol)
        return session.session_id, [trial.trial_id for trial in session.trials]


def measure_engine(store: Store, config: Config, insert: Insert, duration_s: float) -> Iterator[Row]:
    """Yield the rows of bare inserts, of judgments one by one and by threads at once, and of starts."""
    protocol = load_protocol(config)
    bare: list[float] = []
    judged: list[float] = []
    starts: list[float] = []
    crowded, crowded_s = [], 0.0
    until = time.perf_counter() + duration_s
    with ThreadPoolExecutor(N_THREADS) as pool:
        while time.perf_counter() < until:
            bare += time_each(insert, BLOCK)
            begun = []
            starts += time_each(lambda: begun.append(start_session(store, protocol)), 1 + N_THREADS)  # noqa: B023 (called at once)
            judged += judge_all(store, *begun[0])
            began = time.perf_counter()
            for seconds in pool.map(lambda session: judge_all(store, *session), begun[1:]):
                crowded += seconds
            crowded_s += time.perf_counter() - began
    yield Row("bare committed insert", bare, sum(bare))
    yield Row("services.judge, one by one", judged, sum(judged))
    yield Row(f"services.judge, {N_THREADS} threads", crowded, crowded_s)
    yield Row("arrive, consent, start and draw", starts, sum(starts))


def judge_all(store: Store, session_id: str, trial_ids: Sequence[str]) -> list[float]:
    """Return how long each judgment of a session took."""
    waiting = iter(trial_ids)
    return time_each(lambda: services.judge(store, session_id, next(waiting), ANSWER), len(trial_ids))


def measure_http(folder: Path, n_people: int, duration_s: float) -> Iterator[Row]:
    """Yield the rows of a word from Flask, and of judgments without and with the sound."""
    hello = Server([str(Path(__file__).parent / "bare.py")])
    yield send("HTTP: Flask says hello", hello, n_people, duration_s, Person.say_hello)
    hello.stop()
    server = serve(folder)
    yield send("HTTP: judgment and next page", server, n_people, duration_s, hears=False)
    yield send("HTTP: the same, and its sound", server, n_people, duration_s)
    server.stop()


def send(name: str, server: Server, n: int, duration_s: float, *go: Callable, hears: bool = True) -> Row:  # type: ignore[type-arg]
    """Return the row of what a crowd met."""
    crowd = send_crowd(server.ports, n, 0, duration_s, 0, *go, hears=hears, cpu_clock=server.measure_cpu_s)
    record, counted_s = asyncio.run(crowd)
    for fault in sorted(set(record.faults))[:5]:
        sys.stderr.write(f"{fault}\n")
    return Row(name, record.seconds.get("judgment", [0.0]), counted_s, record.cpu_s, len(record.faults))


def measure(kind: str, wanted: argparse.Namespace) -> None:
    """Print the table of one kind of store."""
    folder = Path(tempfile.mkdtemp(prefix="engine-study-", dir=wanted.folder))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        config = make_study(folder)
        os.environ.pop("DATABASE_URL", None)
        if kind == "postgresql":
            os.environ["DATABASE_URL"] = stack.enter_context(postgresql())
        store = open_store(config.folders.database)
        insert = open_bare(folder / "bare.sqlite3")
        rows = [*measure_engine(store, config, insert, 4 * wanted.seconds)]
        store.close()
        rows += measure_http(folder, wanted.people, wanted.seconds)
    show(f"{kind}, one server process, {wanted.people} people", rows)
    claim(kind, {row.name: row for row in rows})


def claim(kind: str, rows: dict[str, Row]) -> None:
    """State what share of its bound each level reaches."""
    bare, one_by_one, threads, _, hello, judged, _ = rows.values()
    for row in (one_by_one, threads):
        state_claim(f"{row.name}, {kind}", row.rate / bare.rate, "of bare committed inserts")
    state_claim(f"{judged.name}, {kind}", judged.rate / hello.rate, "of a Flask app that only says hello")
    state_claim(f"{judged.name}, {kind}", judged.rate / bare.rate, "of bare committed inserts")
    state_claim(f"{hello.name}, {kind}", hello.rate / bare.rate, "of bare committed inserts")


def show(title: str, rows: Sequence[Row]) -> None:
    """Print what was measured."""
    grid = Grid(title=title)
    for column in ("what", "per second", "of bare", "p50 ms", "p99 ms", "CPU ms", "errors"):
        grid.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        p50, p99 = statistics.median(row.seconds), find_p99(row.seconds)
        share = f"{row.rate / rows[0].rate:.2f}"
        times = f"{1000 * p50:.2f}", f"{1000 * p99:.2f}"
        cpu = f"{1000 * row.cpu_s / len(row.seconds):.2f}" if row.cpu_s else ""
        grid.add_row(row.name, f"{row.rate:,.0f}", share, *times, cpu, str(row.n_errors))
    Console(width=110).print(grid)


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--stores", nargs="+", default=kinds, choices=kinds)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each row (default 6)")
    parser.add_argument("--people", type=int, default=20, help="at a time (default 20)")
    parser.add_argument("--folder", help="where the study lies, on the disk to be measured")
    wanted = parser.parse_args()
    for kind in wanted.stores:
        measure(kind, wanted)


if __name__ == "__main__":
    main()
