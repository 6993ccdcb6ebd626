"""The live page's figures equal the store's at any moment, and no query grows with the judgments."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from study_core.config import Config
from study_server import live
from study_server.exclusion import exclude, readmit
from study_server.flags import settle_all
from study_server.live import Live, look_at
from study_server.roster import KINDS, list_participants
from study_server.study import Study
from study_server.tables import Judgment, StudySession, Tombstone, Trial
from study_server.unblinding import count_finished
from study_server.webhooks import look_for_events
from tests.study_server.databases import BOTH
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

on_both = pytest.mark.parametrize("database", BOTH, indirect=True)
GROWING = ("sessions", "trials", "judgments", "tombstones", "changes", "places", "screening_trials")


@pytest.fixture
def config(data_folder: Any) -> Config:
    """Return a study with a planned repeat."""
    return make_config(data_folder, trials={"repeats": 1})


def recount(db: Session, study: Study, *, is_simulated: bool) -> dict[str, Any]:
    """Return what the figures must be, counted the slow way: over all rows, in Python."""
    version = study.config.version
    sessions = [
        s
        for s in db.scalars(select(StudySession))
        if (s.study_version, s.is_simulated) == (version, is_simulated)
    ]
    stones = [
        t
        for t in db.scalars(select(Tombstone))
        if (t.study_version, t.is_simulated) == (version, is_simulated)
    ]
    clips: dict[str, Counter[str]] = {"completed": Counter(), "open": Counter()}
    for s in sessions:
        state = "completed" if s.finished_at else "open"
        if s.holds_places:
            clips[state].update(t.stimulus_id for t in s.trials if t.trial_kind != "repeat")
    judged = [t.judgment for s in sessions for t in s.trials if t.judgment]
    return {
        "arrived": len(sessions) + len(stones),
        "consented": sum(s.consented_at is not None for s in sessions) + sum(t.had_consented for t in stones),
        "started": sum(s.started_at is not None for s in sessions) + sum(t.had_started for t in stones),
        "finished": sum(s.finished_at is not None for s in sessions) + sum(t.had_finished for t in stones),
        "withdrawn": len(stones),
        "excluded": sum(s.excluded_at is not None for s in sessions),
        "stopped": sum(s.finished_at is None and s.screened_out_at is None for s in sessions),
        "clips": {
            s.stimulus_id: (clips["completed"][s.stimulus_id], clips["open"][s.stimulus_id])
            for s in study.protocol.trial_stimuli
        },
        "languages": Counter(s.language for s in sessions if s.consented_at),
        "devices": Counter(s.device for s in sessions if s.consented_at),
        "stalls": sum(j.stalls or 0 for j in judged),
    }


def flatten(figures: Live) -> dict[str, Any]:
    """Return the page's figures in the same form."""
    names = ("arrived", "consented", "started", "finished", "withdrawn", "excluded")
    return {
        **{name: getattr(figures.flow, name) for name in names},
        "stopped": figures.n_there + figures.n_left,
        "clips": {clip.stimulus_id: (clip.n_completed, clip.n_open) for clip in figures.clips},
        "languages": figures.languages,
        "devices": figures.devices,
        "stalls": figures.troubles.n_stalls,
    }


def require_right(study: Study, *, is_simulated: bool = False) -> Live:
    """Fail where a figure is not the store's, at this moment."""
    with study.store.read() as db:
        figures = look_at(db, study, is_simulated=is_simulated)
        assert flatten(figures) == recount(db, study, is_simulated=is_simulated)
        return figures


def let_people_do_all_sorts(app: Flask) -> None:
    """Finish, withdraw, stop at a clip, at the consent, at the volume, and be simulated."""
    people = [Participant(app).finish() for _ in range(3)]
    Participant(app).begin().answer(stalls="3")
    Participant(app, is_simulated=True).finish()
    Participant(app).send()
    Participant(app).send().send({"agrees": "1"})
    people[2].withdraw()


@on_both
def test_the_figures_are_the_stores_whatever_people_do(app: Flask, study: Study) -> None:
    require_right(study)
    let_people_do_all_sorts(app)
    with study.store.write() as db:
        ids = db.scalars(select(StudySession.participant_id).order_by(StudySession.arrived_at)).all()
        exclude(db, ids[0], reason="talked all the time", who="tester")
        exclude(db, ids[1], reason="by a mistake of ours", who="tester")
        readmit(db, ids[1], reason="it was a mistake", who="tester")
    settle_all(study.store, study.config)
    figures = require_right(study)
    require_right(study, is_simulated=True)
    assert figures.n_finished == 1
    assert (figures.flow.finished, figures.flow.excluded, figures.flow.withdrawn) == (3, 1, 1)
    assert figures.troubles == live.Troubles(1, 3, 0)
    places = {stop.name: stop.n_there for stop in figures.stops}
    assert {name for name, n in places.items() if n} == {"Consent", "Questions, volume", "Clip 2"}
    assert figures.minutes is not None
    with study.store.write() as db:
        db.execute(update(StudySession).where(StudySession.n_judged == 1).values(last_seen_at="2026-01-01T"))
    assert [stop.name for stop in require_right(study).stops if stop.n_left] == ["Clip 2"]


def test_the_figures_are_the_stores_while_people_take_part(app: Flask, study: Study) -> None:
    """Each look compares a page's figures with a recount of the same moment, while others write."""
    is_over = threading.Event()

    def take_part(index: int) -> None:
        for _ in range(2):
            person = Participant(app).finish()
            if index == 0:
                person.withdraw()

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(take_part, index) for index in range(4)]
        looks = 0
        while not is_over.is_set():
            require_right(study)
            looks += 1
            if all(run.done() for run in running):
                is_over.set()
        for run in running:
            run.result()
    assert looks > 5
    settle_all(study.store, study.config)
    assert require_right(study).flow.finished == 8


@contextmanager
def watching_statements(study: Study) -> Iterator[list[tuple[str, Any]]]:
    """Keep every statement that the store is asked, with its values."""
    asked: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, values))

    engine = study.store._engine
    event.listen(engine, "before_cursor_execute", keep)
    yield asked
    event.remove(engine, "before_cursor_execute", keep)


def explain(db: Session, kind: str, statement: str, values: Any) -> str:
    """Return how the database means to answer."""
    prefix = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
    rows = db.connection().exec_driver_sql(prefix + statement, values).all()
    return "\n".join(str(row[-1]) for row in rows)


@on_both
def test_no_query_of_the_desk_reads_a_table_that_grows_from_end_to_end(
    app: Flask, study: Study, database: str
) -> None:
    for _ in range(2):
        Participant(app).finish()
    with watching_statements(study) as asked:
        settle_all(study.store, study.config)
        look_for_events(study.store, study.config)
        with study.store.read() as db:
            look_at(db, study, is_simulated=False)
            for kind in KINDS:
                list_participants(db, study.config.version, kind, 1, is_simulated=False)
    assert 15 < len(asked) < 50
    scans = []
    with study.store.read() as db:
        if database == "postgresql":
            db.execute(text("SET LOCAL enable_seqscan = off"))  # a table of ten rows is best read whole
        for statement, values in asked:
            plan = explain(db, database, statement, values)
            tables = "|".join((*GROWING, "s", "t"))
            scan = r"SCAN ({})\b(?! USING)" if database == "sqlite" else r"Seq Scan on ({})\b"
            scans += [(found, statement) for found in re.findall(scan.format(tables), plan)]
            assert "judgments" not in statement.lower() or "session_id" in statement, statement
    assert scans == []


def test_the_page_asks_as_many_queries_whatever_the_number_of_participants(app: Flask, study: Study) -> None:
    counts = []
    for n in (1, 4):
        for _ in range(n):
            Participant(app).finish()
        with watching_statements(study) as asked, study.store.read() as db:
            look_at(db, study, is_simulated=False)
        counts.append(len(asked))
    assert counts[0] == counts[1] < 25


def test_quartiles_are_those_of_the_finished(app: Flask, study: Study) -> None:
    for _ in range(5):
        Participant(app).finish()
    with study.store.write() as db:
        for minutes, found in enumerate(db.scalars(select(StudySession)), start=1):
            found.duration_s = 60.0 * minutes
    assert require_right(study).minutes == (2.0, 3.0, 4.0)


def test_excluded_participants_do_not_count_towards_the_target(app: Flask, study: Study) -> None:
    for _ in range(2):
        Participant(app).finish()
    with study.store.write() as db:
        assert count_finished(db, "1") == 2
        first = db.scalars(select(StudySession.participant_id)).first()
        exclude(db, str(first), reason="talked all the time", who="tester")
    with study.store.read() as db:
        assert count_finished(db, "1") == 1
        n_judged = select(func.count()).select_from(Judgment).join(Trial)
        assert db.scalar(n_judged) == 2 * study.protocol.n_trials  # nothing was deleted
