"""What a request asks of the database is counted: speed that no slow machine can make fail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event

from study_core.config import Config
from study_server.app import create_app
from study_server.store import Store
from study_server.study import Study
from tests.study_server.databases import BOTH
from tests.study_server.listener import FACTS, Participant

GROWING = "sessions|trials|judgments|screening_trials|practice_trials|question_answers|recruitment_ids"
SCAN = re.compile(rf"SCAN (?:{GROWING})\b(?! USING)")
OWN_ROW = re.compile(r"UPDATE sessions SET .* WHERE sessions\.session_id = ")
JSON = {"Accept": "application/json"}
STATEMENTS = {
    "sqlite": ["BEGIN IMMEDIATE", "UPDATE sessions", "INSERT INTO judgments", "COMMIT"],
    "postgresql": ["WITH guard"],  # a transaction of its own: the server is asked a single time
}


@pytest.fixture
def asked(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the statements that the databases were asked, as they are asked."""
    statements: list[str] = []
    with watching(study.store, statements, monkeypatch):
        yield statements


@contextmanager
def watching(store: Store, statements: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note every statement, whether it comes through SQLAlchemy or not."""
    execute = psycopg.Cursor.execute

    def note(cursor: Any, query: Any, *values: Any, **options: Any) -> Any:
        statements.append(str(query))
        return execute(cursor, query, *values, **options)

    def trace(connection: Any, *_: object) -> None:
        if hasattr(connection, "set_trace_callback"):
            connection.set_trace_callback(statements.append)

    monkeypatch.setattr(psycopg.Cursor, "execute", note)
    engine = store._engine
    event.listen(engine.pool, "checkout", trace)
    yield
    event.remove(engine.pool, "checkout", trace)


def send_judgment(participant: Participant) -> dict[str, str]:
    """Answer the trial on the page as its script does; return where to go on, and the page."""
    hidden = {str(tag["name"]): str(tag.get("value", "")) for tag in participant.form.select("[type=hidden]")}
    fields = {"answer": "human", "confidence": "2", **FACTS, **hidden}
    reply = participant.client.post(participant.path, data=fields, headers=JSON)
    told: dict[str, str] = reply.json  # type: ignore[assignment]
    return told


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_a_judgment_and_the_next_page_are_one_transaction_of_two_statements(
    app: Flask, asked: list[str], database: str
) -> None:
    participant = Participant(app).begin()
    asked.clear()
    assert "<form" in send_judgment(participant)["page"]
    assert [
        statement[: len(start)] for statement, start in zip(asked, STATEMENTS[database], strict=True)
    ] == (STATEMENTS[database])


def test_no_page_of_the_trials_asks_more_than_a_few_rows(app: Flask, asked: list[str]) -> None:
    participant = Participant(app).begin()
    counts = {}
    for name, path in (("page", participant.path), ("sound", participant.sound)):
        asked.clear()
        participant.client.get(path, headers=participant.headers).close()
        counts[name] = sum(statement.startswith("SELECT") for statement in asked)
    assert counts == {"page": 3, "sound": 1}


def test_a_start_writes_the_session_once_and_asks_for_no_part_that_the_study_leaves_out(
    app: Flask, asked: list[str]
) -> None:
    Participant(app).begin()  # the first one's also stores the protocol
    participant = Participant(app).send().send({"agrees": "1"})
    asked.clear()
    assert participant.send().path.startswith("/trial/")
    assert sum(bool(OWN_ROW.match(statement)) for statement in asked) == 1
    assert not [statement for statement in asked if re.search("practice_trials|screening_trials", statement)]


def test_what_a_judgment_asks_does_not_grow_with_the_session(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = set()
    for n in (1, 4):
        trials = config.trials.model_copy(update={"per_participant": {"human": 2 * n, "lstm": n, "gan": n}})
        app = create_app(config.model_copy(update={"trials": trials, "version": f"of {n}"}))
        app.testing = True
        store: Store = app.extensions["study"].store
        statements: list[str] = []
        with watching(store, statements, monkeypatch):
            participant = Participant(app).begin()
            statements.clear()
            send_judgment(participant)
        counts.add(len(statements))
        store.close()
    assert counts == {4}


def test_nothing_that_a_participant_does_reads_through_a_table_that_grows(
    app: Flask, study: Study, asked: list[str]
) -> None:
    Participant(app).finish()
    read = [statement for statement in set(asked) if statement.startswith(("SELECT", "UPDATE", "DELETE"))]
    with study.store.read() as db:
        run = db.connection().exec_driver_sql
        plans = {
            statement: " / ".join(row[3] for row in run(f"EXPLAIN QUERY PLAN {statement}"))
            for statement in read
        }
    assert len(plans) > 20
    assert {statement: plan for statement, plan in plans.items() if SCAN.search(plan)} == {}
