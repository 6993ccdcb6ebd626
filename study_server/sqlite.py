"""The store in an SQLite file: one writer at a time, readers that never wait."""

import errno
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from study_server.schema import upgrade_schema
from study_server.store import Store

BUSY_TIMEOUT_S = 30
ATTEMPT_S = 0.1
EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk, not only in the system's cache
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what a participant withdraws is overwritten, not only unlinked
)


class SQLiteStore(Store):
    """A study's store in one file."""

    def __init__(self, engine: Engine) -> None:
        """Serve that file."""
        super().__init__(engine)
        self._writing_engine = engine.execution_options(begin="BEGIN IMMEDIATE")
        # SQLite has one writer at a time and lets the others poll; inside a process a lock is fairer.
        self._writing = threading.Lock()

    @property
    def place(self) -> str:
        """Where the file is."""
        return str(self._engine.url.database)

    @property
    def _reading_engine(self) -> Engine:
        return self._engine

    @contextmanager
    def _begin_alone(self) -> Iterator[Connection]:
        with self._writing, self._writing_engine.begin() as connection:
            yield connection

    def _append(
        self, connection: Any, guard: str, row: str, values: Mapping[str, object]
    ) -> tuple[Any, ...] | None:
        with self._writing:
            connection.execute("BEGIN IMMEDIATE")
            try:
                changed: list[tuple[Any, ...]] = connection.execute(guard, values).fetchall()
                if changed:
                    connection.execute(row, values)
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise
        return changed[0] if changed else None

    def _find(self, connection: Any, query: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        found: list[tuple[Any, ...]] = connection.execute(query, values).fetchall()
        return found[0] if found else None

    def forget_deleted(self) -> None:
        """Move the write-ahead log into the database file, so that no deleted row lingers in it.

        By short attempts: nobody can write during one, and each waits for those who read what was before the
        last write, who may themselves be waiting to write.
        """
        until = time.monotonic() + BUSY_TIMEOUT_S
        while not self._empty_log() and time.monotonic() < until:
            time.sleep(ATTEMPT_S)

    def _empty_log(self) -> bool:
        """Try for a moment to empty the write-ahead log, and tell whether it is empty."""
        with self._writing, self._driving(EMPTY_LOG) as connection:
            connection.execute(f"PRAGMA busy_timeout = {1000 * ATTEMPT_S:.0f}")
            try:
                is_busy, *_ = connection.execute(EMPTY_LOG).fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT_S}")
        return not is_busy


def open_sqlite(path: Path, *, threads: int = 16) -> SQLiteStore:
    """Return the store in a file, made with its tables where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _require_writable(path)
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S}, pool_size=threads, max_overflow=threads
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    try:
        _upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return SQLiteStore(engine)


def _require_writable(path: Path) -> None:
    """Raise the system's error, which names the file; SQLite's does not.

    The file is not opened for it: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _upgrade(engine: Engine) -> None:
    """Bring the tables to this version's, one process at a time."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        # A table that is rebuilt is dropped on the way, which must not take with it what points to it.
        cursor.execute("PRAGMA foreign_keys = OFF")
        with connection.execution_options(begin="BEGIN IMMEDIATE").begin():
            upgrade_schema(connection)
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


def _prepare_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, see `_begin`
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
