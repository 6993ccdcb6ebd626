"""A backup taken under writes is whole, and comes back whole into either kind of database."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from study_core.cli import main
from study_core.errors import StudyError
from study_server import backup, services
from study_server.backup import back_up, restore
from study_server.services import Answer
from study_server.store import Store, open_store
from study_server.study import Study
from study_server.tables import Change, Judgment, Place, RecruitmentId, StudySession, Table, Trial
from tests.study_server.databases import BOTH, PostgreSQL
from tests.study_server.test_schema import make_first_store

on_both = pytest.mark.parametrize("database", BOTH, indirect=True)
ANSWER = Answer(judged_human=True, confidence=2, knows_tune=False)


def start_session(study: Study) -> list[tuple[str, str]]:
    """Start a session and return its session and trial ids, in the order of the trials."""
    with study.store.write() as db:
        session = services.arrive(db, study.protocol, is_simulated=False)
        services.consent(session)
        services.start(db, session, study.protocol)
        return [(session.session_id, trial.trial_id) for trial in session.trials]


def take_part(study: Study) -> list[str]:
    """Take the whole study and return the ids of the trials, each acknowledged."""
    for session_id, trial_id in (trials := start_session(study)):
        services.judge(study.store, session_id, trial_id, ANSWER)
    return [trial_id for _, trial_id in trials]


def read_store(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that a backup holds, sorted."""
    with store.read() as db:
        return {
            table.name: sorted((dict(row) for row in db.execute(select(table)).mappings()), key=str)
            for table in Table.metadata.sorted_tables
            if table.name not in backup.LEFT_OUT
        }


@pytest.fixture
def empty_stores(
    tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Store]]:
    """Return an empty store of each kind."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    stores = [open_store(tmp_path / "restored.sqlite3")]
    monkeypatch.setenv("DATABASE_URL", postgresql.make_database())
    stores.append(open_store(tmp_path / "unused"))
    yield stores
    for store in stores:
        store.close()


@on_both
def test_a_backup_under_writes_is_one_moment_and_comes_back_into_either_kind(
    study: Study, tmp_path: Path, empty_stores: list[Store]
) -> None:
    acknowledged = take_part(study)
    path = tmp_path / "backups" / "study.sqlite3"
    with ThreadPoolExecutor(4) as crowd:
        running = [crowd.submit(take_part, study) for _ in range(12)]
        n_judgments = back_up(study.store, path)
        for run in running:
            run.result()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for store in empty_stores:
        assert restore(store, path) == n_judgments
        with store.read() as db:
            judged = set(db.scalars(select(Judgment.trial_id)))
            assert len(judged) == n_judgments
            assert judged >= set(acknowledged)
            for session in db.scalars(select(StudySession)):
                assert session.n_judged == sum(trial.trial_id in judged for trial in session.trials)
            n_places = sum(place.n_taken for place in db.scalars(select(Place)))
            assert n_places == len(db.scalars(select(Trial.trial_id)).all())


@on_both
def test_every_row_comes_back_as_it_was(study: Study, tmp_path: Path, empty_stores: list[Store]) -> None:
    take_part(study)
    start_session(study)
    with study.store.write() as db:
        arrived = services.arrive(db, study.protocol, is_simulated=True)
        db.add(RecruitmentId(session_id=arrived.session_id, recruitment_id="a1", delete_on="2999-01-01"))
    before = read_store(study.store)
    back_up(study.store, tmp_path / "backup")
    for store in empty_stores:
        restore(store, tmp_path / "backup")
        with store.write() as db:
            (change,) = db.scalars(select(Change))
            assert (change.what, change.reason) == ("restored", "from backup")
        after = read_store(store)
        after["changes"] = []
        assert after == before
    unjudged = sqlite3.connect(tmp_path / "restored.sqlite3")
    kinds = unjudged.execute("SELECT typeof(draw_counts) FROM sessions ORDER BY 1").fetchall()
    unjudged.close()
    assert kinds == [("null",), ("text",), ("text",)]


def test_a_restored_study_goes_on_and_its_judgments_stay_unchangeable(
    study: Study, tmp_path: Path, empty_stores: list[Store]
) -> None:
    trials = start_session(study)
    services.judge(study.store, *trials[0], ANSWER)
    back_up(study.store, tmp_path / "backup")
    for store in empty_stores:
        restore(store, tmp_path / "backup")
        for session_id, trial_id in trials:
            services.judge(store, session_id, trial_id, ANSWER)
        with store.read() as db:
            (session,) = db.scalars(select(StudySession))
            assert session.finished_at is not None
        with pytest.raises(Exception, match="never changed"), store.write() as db:
            db.connection().exec_driver_sql("UPDATE judgments SET confidence = 4")


def test_recruitment_ids_whose_day_has_passed_do_not_come_back(
    study: Study, tmp_path: Path, empty_stores: list[Store]
) -> None:
    with study.store.write() as db:
        arrived = services.arrive(db, study.protocol, is_simulated=False)
        db.add(RecruitmentId(session_id=arrived.session_id, recruitment_id="a1", delete_on="2020-01-01"))
    back_up(study.store, tmp_path / "backup")
    restore(empty_stores[0], tmp_path / "backup")
    assert read_store(empty_stores[0])["recruitment_ids"] == []


@on_both
def test_a_store_that_is_not_empty_is_left_alone(study: Study, tmp_path: Path) -> None:
    take_part(study)
    back_up(study.store, tmp_path / "backup")
    before = read_store(study.store)
    with pytest.raises(StudyError, match=r"is not empty \(1 protocols, .*1 sessions, .*8 judgments\)"):
        restore(study.store, tmp_path / "backup")
    assert read_store(study.store) == before


def test_a_backup_by_an_earlier_version_is_restored_and_itself_left_alone(
    tmp_path: Path, empty_stores: list[Store]
) -> None:
    old = make_first_store(tmp_path / "old")
    content = old.read_bytes()
    for store in empty_stores:
        assert restore(store, old) == 19
    assert old.read_bytes() == content


def test_a_store_that_its_server_did_not_close_is_restored_with_all_that_was_acknowledged(
    study: Study, tmp_path: Path, empty_stores: list[Store]
) -> None:
    take_part(study)
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in study.config.folders.root.glob("study.sqlite3*"):
        shutil.copy(path, killed)
    assert (killed / "study.sqlite3-wal").stat().st_size > 0
    assert restore(empty_stores[0], killed / "study.sqlite3") == 8
    assert read_store(empty_stores[0])["judgments"] == read_store(study.store)["judgments"]


def test_a_backup_overwrites_nothing(study: Study, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("precious")
    with pytest.raises(StudyError, match="is there already"):
        back_up(study.store, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "precious"


def test_what_is_no_backup_is_refused_and_the_store_stays_empty(study: Study, tmp_path: Path) -> None:
    take_part(study)
    store, path = open_store(tmp_path / "restored.sqlite3"), tmp_path / "backup"
    back_up(study.store, path)
    whole = path.read_bytes()
    for content, reason in (
        (b"This is not a database at all, only some text." * 40, "not a database"),
        (whole[: len(whole) // 2], "damaged"),
        (b"", "it has no sessions"),
    ):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=rf"is not a backup of a study.*{reason}"):
            restore(store, path)
    assert not any(read_store(store).values())
    store.close()


def test_the_commands_back_up_and_restore(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take_part(study)
    (tmp_path / "config.yaml").write_text("title: A study\n", encoding="utf-8")
    config, file = ["--config", str(tmp_path / "config.yaml")], str(tmp_path / "backup")
    main([*config, "--data-dir", str(tmp_path), "backup", file])
    main([*config, "--data-dir", str(tmp_path / "elsewhere"), "restore", file])
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"8 judgments and all that belongs to them are in {file}",
        f"8 judgments of {file} are restored into {tmp_path / 'elsewhere' / 'study.sqlite3'}",
    ]
