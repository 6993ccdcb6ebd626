"""What the researcher's live page costs after a million judgments, beside counting the judgments themselves.

    python benchmarks/desk.py

Per store: some hundred made sessions in every state are multiplied in the database itself until there are so
many judgments; then everything that the live page asks is timed, and beside it one plain count over the
judgments, which is the least that a page without indexes and kept counts would ask.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claims import state_claim
from flask import Flask
from served import make_study, postgresql
from sqlalchemy import Connection, select, text

from study_server import flags, flow, live, roster, services, unblinding, webhooks
from study_server.app import create_app
from study_server.study import Study
from study_server.tables import StudySession, Table

N_MADE = 200
NEW_IDS = ("session_id", "trial_id", "participant_id", "withdrawal_code", "audio_token")
COPIED = ("sessions", "trials", "judgments")
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
LEAST = text(
    "SELECT t.stimulus_id, count(*) FROM sessions s JOIN trials t ON t.session_id = s.session_id "
    "JOIN judgments j ON j.trial_id = t.trial_id WHERE s.finished_at IS NOT NULL GROUP BY t.stimulus_id"
)


def make_sessions(app: Flask, chance: random.Random) -> int:
    """Let made people take part: three of four finish, the others stop anywhere; return the judgments."""
    study: Study = app.extensions["study"]
    n_judgments = 0
    for _ in range(N_MADE):
        stop = None if chance.random() < 0.75 else chance.randrange(study.protocol.n_trials)  # noqa: PLR2004 (three of four)
        n_judgments += _take_part(app, study, stop, chance)
    while flags.settle_all(study.store, study.config):
        pass
    with study.store.write() as db:
        for found in db.scalars(select(StudySession)):
            arrived = datetime.now(UTC) - timedelta(seconds=chance.uniform(900, 10_000_000))
            found.arrived_at = arrived.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            found.duration_s = chance.gauss(600, 120) if found.finished_at else None
    return n_judgments


def _take_part(app: Flask, study: Study, stop: int | None, chance: random.Random) -> int:
    with study.store.write() as db:
        language, device = chance.choice(("en", "es", "ja")), chance.choice(("phone", "desktop"))
        found = services.arrive(db, study.protocol, is_simulated=False, language=language, device=device)
        services.consent(found, language)
        found.volume_set_at = found.consented_at
        with app.test_request_context():
            flow.advance(db, found)
        session_id, trials = found.session_id, [trial.trial_id for trial in found.trials]
    for trial_id in trials[:stop]:
        answer = services.Answer(
            judged_human=chance.random() < 0.5,  # noqa: PLR2004 (a coin)
            confidence=2,
            knows_tune=False,
            heard_s=19.0,
            stalls=int(chance.random() < 0.02),  # noqa: PLR2004 (of a hundred)
        )
        services.judge(study.store, session_id, trial_id, answer)
    return len(trials[:stop])


def multiply(connection: Connection, factor: int) -> None:
    """Copy every session with what belongs to it so many times less one, under new ids."""
    run = connection.exec_driver_sql
    run(f"CREATE TEMPORARY TABLE n AS {NUMBERS.format(factor - 1)}")
    for name in COPIED:
        columns = [column.name for column in Table.metadata.tables[name].columns]
        taken = [f"x.{c} || '-' || n.i" if c in NEW_IDS else f"x.{c}" for c in columns]
        run(f"CREATE TEMPORARY TABLE made_{name} AS SELECT * FROM {name}")  # noqa: S608 (our names)
        run(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(taken)} FROM made_{name} x, n")  # noqa: S608 (our names)
    run("CREATE INDEX made_by_clip ON trials (stimulus_id)")  # for `lapse` alone


def lapse(connection: Connection) -> None:
    """Give back the places of those who left long ago, as arrivals would, but all at once."""
    run = connection.exec_driver_sql
    run("UPDATE sessions SET holds_places = false, last_seen_at = arrived_at WHERE finished_at IS NULL")
    run(
        "UPDATE places SET n_taken = (SELECT count(*) FROM trials t JOIN sessions s "
        "ON s.session_id = t.session_id WHERE t.stimulus_id = places.stimulus_id AND s.holds_places)"
    )
    run("DROP INDEX made_by_clip")
    run("ANALYZE")


def time_ms(do: Callable[[], object], n: int = 7) -> float:
    """Return the shortest time of doing something, in milliseconds."""
    times = []
    for _ in range(n):
        began = time.perf_counter()
        do()
        times.append(1000 * (time.perf_counter() - began))
    return min(times)  # what else runs on the machine only ever adds to it


def ask_all(study: Study) -> None:
    """Ask all that one look at the live page asks."""
    flags.settle_all(study.store, study.config)
    with study.store.read() as db:
        live.look_at(db, study, is_simulated=False)
        unblinding.is_stop_rule_met(db, study.config)
        unblinding.list_looks(db)
        webhooks.list_notices(db)


def measure(kind: str, n_judgments: int) -> None:
    """Measure on one kind of store."""
    folder = Path(tempfile.mkdtemp(prefix="desk-study-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        config = make_study(folder)
        os.environ.pop("DATABASE_URL", None)
        if kind == "postgresql":
            os.environ["DATABASE_URL"] = stack.enter_context(postgresql())
        app = create_app(config)
        study: Study = app.extensions["study"]
        stack.callback(study.store.close)
        made = make_sessions(app, random.Random(1))  # noqa: S311 (people, not secrets)
        with study.store.write() as db:
            multiply(db.connection(), -(-n_judgments // made))
            lapse(db.connection())
        study.store.forget_deleted()  # PostgreSQL: a vacuum, as its own would have done by then
        page_ms = time_ms(lambda: ask_all(study))
        list_ms = time_ms(lambda: _list_flagged(study))
        least_ms = time_ms(lambda: _count_judgments(study), n=3)
        print(
            f"{kind}, {n_judgments:,} judgments: the live page's queries {page_ms:.0f} ms, a page of flagged "
            f"participants {list_ms:.0f} ms; one plain count over the judgments {least_ms:.0f} ms"
        )
        state_claim(
            f"All queries of the desk's live page at {n_judgments:,} judgments, {kind}",
            page_ms / least_ms,
            "of the time of one count over the judgments",
        )


def _list_flagged(study: Study) -> None:
    with study.store.read() as db:
        roster.list_participants(db, study.config.version, "flagged", 1, is_simulated=False)


def _count_judgments(study: Study) -> None:
    with study.store.read() as db:
        db.execute(LEAST).all()


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--judgments", type=int, default=1_000_000)
    wanted = parser.parse_args()
    for kind in wanted.stores:
        measure(kind, wanted.judgments)


if __name__ == "__main__":
    main()
