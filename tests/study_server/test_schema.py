"""Tables and revisions agree, and a store of any earlier version becomes this version's with every row."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from study_core.errors import StudyError
from study_server.places import count_taken, recount
from study_server.protocol import rebuild_draw
from study_server.schema import MIGRATIONS, list_revisions
from study_server.store import open_store
from study_server.tables import Protocol, StudySession, Table
from tests.study_server.databases import BOTH

FIRST_STORE = Path(__file__).with_name("store-0001.sql")
FIRST_TABLES = ("protocols", "sessions", "trials", "judgments", "tombstones", "unblindings")
Rows = dict[str, list[dict[str, object]]]


def make_first_store(path: Path) -> Path:
    """Write a store as version 0.1 left it: four sessions, 19 judgments, a withdrawal, an early look."""
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_STORE.read_text(encoding="utf-8"))
    connection.close()
    return path


def read_rows(path: Path) -> Rows:
    """Return the rows of the first revision's tables, sorted."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    rows = {
        table: sorted(map(dict, connection.execute(f"SELECT * FROM {table}")), key=str)  # noqa: S608 (ours)
        for table in FIRST_TABLES
    }
    connection.close()
    return rows


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_the_revisions_make_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    store = open_store(tmp_path / "study.sqlite3")
    with store.read() as db:
        context = MigrationContext.configure(db.connection(), opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
    store.close()


def test_the_revisions_are_those_that_alembic_finds_in_its_order() -> None:
    scripts = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert list(list_revisions()) == scripts[::-1]


def without_counts(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows without the counts of a draw, which are kept in another form."""
    return [{name: value for name, value in row.items() if name != "draw_counts"} for row in rows]


def test_a_store_of_the_first_version_is_upgraded_and_loses_nothing(tmp_path: Path) -> None:
    path = make_first_store(tmp_path / "study.sqlite3")
    before = read_rows(path)
    open_store(path).close()
    after = read_rows(path)
    assert [len(before[table]) for table in FIRST_TABLES] == [1, 4, 24, 19, 1, 1]
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]]
        assert without_counts(kept) == without_counts(rows)


def test_draws_of_the_first_version_can_be_rebuilt_after_the_upgrade(tmp_path: Path) -> None:
    store = open_store(make_first_store(tmp_path / "study.sqlite3"))
    with store.read() as db:
        protocol = db.query(Protocol).one()
        started = db.query(StudySession).filter(StudySession.started_at.is_not(None)).all()
        assert len(started) == 3
        for found in started:
            heard = [trial.stimulus_id for trial in found.trials]
            assert [trial.stimulus_id for trial in rebuild_draw(protocol, found)] == heard
    store.close()


def test_sessions_of_the_first_version_keep_their_places_and_their_turn(tmp_path: Path) -> None:
    store = open_store(make_first_store(tmp_path / "study.sqlite3"))
    with store.read() as db:
        assert count_taken(db) == recount(db)
        assert sum(count_taken(db).values()) == 24
        sessions = db.query(StudySession).order_by(StudySession.n_judged)
        assert [(s.n_judged, s.n_trials) for s in sessions] == [(0, None), (3, 8), (8, 8), (8, 8)]
    store.close()


def test_an_upgraded_store_has_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    store = open_store(make_first_store(tmp_path / "study.sqlite3"))
    with store.read() as db:
        assert compare_metadata(MigrationContext.configure(db.connection()), Table.metadata) == []
        assert db.execute(text("PRAGMA foreign_key_check")).all() == []
        assert db.scalar(text("PRAGMA foreign_keys")) == 1
    store.close()


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    path = make_first_store(tmp_path / "study.sqlite3")
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(path), range(4)))
    for store in stores:
        with store.read() as db:
            assert db.scalar(text("SELECT count(*) FROM judgments")) == 19
        store.close()


def test_a_store_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite3"
    store = open_store(path)
    with store.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StudyError, match=r"revision 9999; this version.*later than 0\d\d\d.*wrote it last"):
        open_store(path)
    assert path not in {link.resolve() for link in Path("/proc/self/fd").iterdir()}
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()
