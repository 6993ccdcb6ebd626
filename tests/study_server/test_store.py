"""The store keeps its promises on both databases."""

import resource
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from study_core.errors import StudyError
from study_server.sqlite import open_sqlite
from study_server.store import Store, find_store, open_store
from study_server.tables import Change, Judgment, StudySession, Trial
from tests.study_server.databases import BOTH

on_both = pytest.mark.parametrize("database", BOTH, indirect=True)
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    opened = open_store(tmp_path / "study.sqlite3")
    yield opened
    opened.close()


def add_session(store: Store, **values: object) -> str:
    """Store a session of one trial and return its id."""
    with store.write() as db:
        session = StudySession(study_version="1", **values)
        session.trials = [
            Trial(
                trial_index=1,
                stimulus_id="a",
                judgment=Judgment(judged_human=True, confidence=1, knows_tune=False),
            )
        ]
        db.add(session)
    return session.session_id


@on_both
def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write() as db:
            db.add(StudySession(study_version="1"))
            db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as db:
        assert db.query(StudySession).count() == 0


def test_who_reads_and_then_writes_is_not_held_up_by_a_withdrawal(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The log is emptied only once nobody reads what was before the last write; they may wait to write."""
    attempt, begun = store._empty_log, threading.Event()  # type: ignore[attr-defined]

    def attempt_noticed() -> bool:
        begun.set()
        return bool(attempt())

    monkeypatch.setattr(store, "_empty_log", attempt_noticed)
    with ThreadPoolExecutor() as pool, store.read() as db:
        assert db.query(StudySession).count() == 0
        add_session(store)
        forgetting = pool.submit(store.forget_deleted)
        assert begun.wait(10)
        add_session(store)
        assert not forgetting.done()
        db.rollback()
        forgetting.result(10)
    assert (tmp_path / "study.sqlite3-wal").stat().st_size == 0


def test_a_log_that_cannot_be_emptied_is_a_fault_of_the_store(store: Store, tmp_path: Path) -> None:
    """On a full disk, for one; whoever looks after the store waits for those and must not end."""
    add_session(store)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "study.sqlite3").stat().st_size, before[1]))
    try:
        with pytest.raises(OperationalError, match="disk I/O error"):
            store.forget_deleted()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    store.forget_deleted()
    assert (tmp_path / "study.sqlite3-wal").stat().st_size == 0


@on_both
def test_what_is_read_cannot_be_changed_by_accident(store: Store) -> None:
    with store.read() as db:
        db.add(StudySession(study_version="1"))
        db.flush()
    with store.read() as db:
        assert db.query(StudySession).count() == 0


@on_both
def test_a_reader_sees_one_moment_and_does_not_wait(store: Store) -> None:
    add_session(store)
    with store.read() as reading:
        assert reading.query(StudySession).count() == 1
        add_session(store)
        assert reading.query(StudySession).count() == 1
    with store.read() as reading:
        assert reading.query(StudySession).count() == 2


@on_both
def test_writers_in_two_processes_go_one_after_the_other(store: Store, tmp_path: Path) -> None:
    other = open_store(tmp_path / "study.sqlite3")

    def count_and_add(chosen: Store) -> int:
        with chosen.write() as db:
            seen = db.query(StudySession).count()
            db.add(StudySession(study_version="1"))
            return seen

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(count_and_add, [store, other] * 20))
    assert sorted(seen) == list(range(40))
    other.close()


@on_both
def test_a_judgment_is_never_changed(store: Store) -> None:
    add_session(store)
    with pytest.raises(DBAPIError, match="rows of this table are never changed"), store.write() as db:
        db.execute(text("UPDATE judgments SET confidence = 4"))
    with store.read() as db:
        assert db.query(Judgment).one().confidence == 1


@on_both
@pytest.mark.parametrize("statement", ["UPDATE changes SET reason = 'x'", "DELETE FROM changes"])
def test_the_record_of_changes_is_only_added_to(store: Store, statement: str) -> None:
    with store.write() as db:
        db.add(Change(what="excluded", who="tester", participant_id="p", reason="a test"))
    with pytest.raises(DBAPIError, match="rows of this table are never changed"), store.write() as db:
        db.execute(text(statement))
    with store.write() as db:  # what a withdrawal does
        db.execute(text("UPDATE changes SET participant_id = NULL"))
    with store.read() as db:
        assert db.query(Change).one().reason == "a test"


@on_both
def test_a_judgment_goes_with_its_session(store: Store) -> None:
    session_id = add_session(store)
    with store.write() as db:
        db.delete(db.get_one(StudySession, session_id))
    with store.read() as db:
        assert db.query(Judgment).count() == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_commits_are_durable_on_sqlite(store: Store) -> None:
    with store.read() as db:
        connection = db.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


@on_postgresql
def test_commits_are_durable_on_postgresql(store: Store) -> None:
    with store.read() as db:
        assert db.connection().exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert db.connection().exec_driver_sql("SHOW fsync").scalar() == "on"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_writer_holds_the_file_against_other_processes_from_its_start(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "study.sqlite3", timeout=0)
    with store.write() as db:
        db.connection()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_study_that_nobody_served_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nobody has taken part yet.*study serve"):
        find_store(tmp_path / "study.sqlite3")
    assert not (tmp_path / "study.sqlite3").exists()


def test_a_folder_that_may_not_be_written_to_is_named() -> None:
    with pytest.raises(OSError, match=r"'/sys/study\.sqlite3'"):
        open_sqlite(Path("/sys/study.sqlite3"))


@pytest.mark.parametrize(
    "address", ["sqlite:///x", "secret", "mysql://u:secret@h/d", "postgresql://u:secret@h"]
)
def test_an_address_that_is_no_postgresql_is_refused_without_its_secret(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(
        StudyError, match="DATABASE_URL is not the address of a PostgreSQL database"
    ) as refusal:
        open_store(tmp_path / "study.sqlite3")
    assert "secret" not in str(refusal.value)


def test_a_database_that_does_not_answer_is_named_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://oak:secret@/study?host={tmp_path}")
    with pytest.raises(
        StudyError, match=r"(?s)oak:\*\*\*@.*does not answer.*Start it, or correct DATABASE_URL"
    ) as refusal:
        open_store(tmp_path / "study.sqlite3")
    assert "secret" not in str(refusal.value)


@on_postgresql
def test_a_store_says_where_it_is(store: Store) -> None:
    assert store.place.startswith("postgresql")
