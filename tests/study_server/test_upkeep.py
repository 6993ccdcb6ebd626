"""Recruitment ids go on their day and hashes of who guessed when they count no more, by themselves."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from study_core.config import Config
from study_server.store import Store, open_store
from study_server.tables import FailedTry, RecruitmentId, StudySession, format_utc
from study_server.throttle import KEPT_S
from study_server.upkeep import forget_due, keeping_up
from tests.study_server.databases import BOTH
from tests.study_server.served import Server

SENT = "5f2b8c9d-the-one-who-was-sent"


def add_recruit(store: Store, recruitment_id: str, days_left: int) -> None:
    """Store a session of somebody sent."""
    day = (datetime.now(UTC) + timedelta(days=days_left)).date().isoformat()
    with store.write() as db:
        session = StudySession(study_version="1")
        db.add(session)
        db.flush()
        db.add(RecruitmentId(session_id=session.session_id, recruitment_id=recruitment_id, delete_on=day))


def list_recruits(store: Store) -> list[str]:
    """Return the ids that are stored."""
    with store.read() as db:
        return [*db.scalars(select(RecruitmentId.recruitment_id).order_by(RecruitmentId.recruitment_id))]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_ids_whose_day_has_come_go_and_their_sessions_stay(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    for recruitment_id, days_left in (("past", -3), ("today", 0), ("tomorrow", 1)):
        add_recruit(store, recruitment_id, days_left)
    assert forget_due(store) == 2
    assert forget_due(store) == 0
    assert list_recruits(store) == ["tomorrow"]
    with store.read() as db:
        assert len(db.scalars(select(StudySession.session_id)).all()) == 3
    store.close()


def test_a_server_forgets_what_is_due_when_it_starts_and_no_byte_is_left(config: Config) -> None:
    store = open_store(config.folders.database)
    add_recruit(store, SENT, -1)
    assert SENT.encode() in read_bytes(config)
    with Server(config):
        pass  # it listens when upkeep may have begun, and joins it when it ends
    assert list_recruits(store) == []
    store.close()
    assert SENT.encode() not in read_bytes(config)


def test_what_falls_due_while_the_server_runs_goes_too(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    add_recruit(store, SENT, 1)
    with keeping_up(store, every_s=0.01):
        assert list_recruits(store) == [SENT]
        with store.write() as db:
            db.execute(update(RecruitmentId).values(delete_on="2026-01-01"))
        while list_recruits(store):
            pass
    store.close()


def test_who_guessed_is_forgotten_though_nobody_guesses_again(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    now = datetime.now(UTC)
    old, young = now - timedelta(seconds=KEPT_S + 60), now - timedelta(seconds=KEPT_S - 60)
    with store.write() as db:
        db.add_all(FailedTry(door="a", source_key="b", tried_at=format_utc(at)) for at in (old, young))
    with keeping_up(store):
        pass  # one turn at its start, which its end waits for
    with store.read() as db:
        assert db.scalars(select(FailedTry.tried_at)).all() == [format_utc(young)]
    store.close()


def test_a_store_that_is_gone_for_a_while_does_not_end_upkeep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    add_recruit(store, SENT, -1)
    forget, n_tries = forget_due, 0

    def fail_once(of: Store) -> int:
        nonlocal n_tries
        n_tries += 1
        if n_tries == 1:
            raise OperationalError("SELECT", {}, Exception("gone"))
        return forget(of)

    monkeypatch.setattr("study_server.upkeep.forget_due", fail_once)
    with caplog.at_level(logging.INFO), keeping_up(store, every_s=0.01):
        while list_recruits(store):
            pass
    assert "Upkeep waits, because the store does: OperationalError" in caplog.text
    assert "were deleted: 1" in caplog.text
    store.close()


def read_bytes(config: Config) -> bytes:
    """Return all bytes of the store's files."""
    return b"".join(path.read_bytes() for path in config.folders.root.glob("study.sqlite3*"))
