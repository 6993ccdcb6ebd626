import sqlite3
from pathlib import Path

import pytest

from study_core.errors import StudyError
from study_server.store import find_store, open_store
from study_server.tables import StudySession


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")

    def fail() -> None:
        with store.write() as db:
            db.add(StudySession(study_version="1"))
            db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as db:
        assert db.query(StudySession).count() == 0
    store.close()


def test_what_is_read_cannot_be_changed_by_accident(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    with store.read() as db:
        db.add(StudySession(study_version="1"))
        db.flush()
    with store.read() as db:
        assert db.query(StudySession).count() == 0
    store.close()


def test_commits_are_durable_and_readers_do_not_wait(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    with store.read() as db:
        connection = db.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with store.write() as writing, store.read() as reading:
        writing.add(StudySession(study_version="1"))
        writing.flush()
        assert reading.query(StudySession).count() == 0
    store.close()


def test_a_writer_holds_the_file_against_other_processes_from_its_start(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    other = sqlite3.connect(tmp_path / "study.sqlite3", timeout=0)
    with store.write() as db:
        db.connection()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()
    store.close()


def test_a_study_that_nobody_served_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nobody has taken part yet.*study serve"):
        find_store(tmp_path / "study.sqlite3")
    assert not (tmp_path / "study.sqlite3").exists()
