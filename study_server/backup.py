"""The whole store in one portable file, taken while the study runs, and put back into an empty store.

The file is an SQLite store whatever database it comes from, so it can be restored into either kind. Failed
tries and logins stay out: they are of a server, not of a study.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import JSON, Connection, MetaData, func, insert, select
from sqlalchemy import Table as TableSchema

from study_core.errors import StudyError
from study_server import recruits
from study_server.records import name_account
from study_server.sqlite import open_sqlite
from study_server.store import Store
from study_server.tables import Change, FailedTry, ResearcherLogin, Table

ROWS_AT_ONCE = 500
LEFT_OUT = {FailedTry.__tablename__, ResearcherLogin.__tablename__}


def back_up(store: Store, path: Path) -> int:
    """Write all that a store holds at this moment into a new file that only its owner can read.

    It reads one snapshot: nobody waits, and whatever was acknowledged before it began is in it. The file
    appears whole or not at all. Returns the number of judgments.

    Raises
    ------
    StudyError
        If the file is there already.
    """
    if path.exists():
        raise StudyError(f"{path} is there already, and may be the only backup. Name another file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        with closing(open_sqlite(draft)) as copy, store.read() as source, copy.write() as target:
            counts = _copy_rows(source.connection(), target.connection())
        _make_one_file(draft)
        draft.chmod(0o600)
        draft.replace(path)
    return counts["judgments"]


def restore(store: Store, path: Path) -> int:
    """Put what a backup holds into an empty store, in one transaction; return the number of judgments.

    A backup by an earlier version of the software is brought to this one's tables; the file itself stays as
    it is. A store's own file does too, with the write-ahead log beside it that a killed server leaves.
    Recruitment ids whose day has passed do not come back.

    Raises
    ------
    StudyError
        If the store is not empty, or the file is no backup or is damaged.
    """
    with TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        _copy_file(path, draft)
        with closing(open_sqlite(draft)) as copy, copy.read() as source, store.write() as target:
            _require_empty(target.connection(), store.place)
            counts = _copy_rows(source.connection(), target.connection())
            recruits.forget_expired(target)
            target.add(Change(what="restored", who=name_account(), reason=f"from {path.name}"))
    return counts["judgments"]


def _copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every row of every table, those that others point to first; return how many of each."""
    counts = {}
    for table in _list_tables():
        counts[table.name] = 0
        found = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        for rows in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
            counts[table.name] += len(rows)
    return counts


def _list_tables() -> Sequence[TableSchema]:
    """Return the tables such that an absent JSON value stays absent and does not become a JSON null."""
    metadata = MetaData()
    for table in Table.metadata.sorted_tables:
        for column in table.to_metadata(metadata).columns:
            if isinstance(column.type, JSON):
                column.type = JSON(none_as_null=True)
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def _require_empty(connection: Connection, place: str) -> None:
    counts = {
        table.name: connection.scalar(select(func.count()).select_from(table)) for table in _list_tables()
    }
    there = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    if there:
        raise StudyError(
            f"The store {place} is not empty ({there}); nothing was changed. A backup is restored "
            "into an empty store only: move the old file away, name an empty database or another --data-dir."
        )


def _copy_file(path: Path, draft: Path) -> None:
    """Copy a backup as SQLite reads it, and refuse what is none."""
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(draft)) as copy,
        ):
            source.backup(copy)
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
            names = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        state, names = str(error), set()
    if state != "ok" or "sessions" not in names:
        reason = state if state != "ok" else "it has no sessions"
        raise StudyError(f"{path} is not a backup of a study, or is damaged ({reason}). Name another file.")


def _make_one_file(path: Path) -> None:
    """Turn off the write-ahead log, which would leave files beside this one."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
