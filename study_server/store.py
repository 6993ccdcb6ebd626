"""The study's store: one SQLite file, every write durable before it is acknowledged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from study_core.errors import StudyError
from study_server.schema import upgrade_schema

BUSY_TIMEOUT_S = 30
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a commit is on the disk, not only in the system's cache
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what a participant withdraws is overwritten, not only unlinked
)


class Store:
    """Sessions on one database: `read` sees a snapshot, `write` is alone and commits at its end."""

    def __init__(self, engine: Engine) -> None:
        """Serve that database."""
        self._engine = engine
        self._writing_engine = engine.execution_options(begin="BEGIN IMMEDIATE")
        # SQLite has one writer at a time and lets the others poll; inside a process a lock is fairer.
        self._writing = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for queries; changes made in it are dropped."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one writing session; it is committed at the end, or rolled back on an error."""
        with self._writing, Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
            yield session

    def forget_deleted(self) -> None:
        """Move the write-ahead log into the database file, so that no deleted row lingers in it."""
        with self._engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_store(path: Path, *, threads: int = 16) -> Store:
    """Return the store in an SQLite file, made with its tables where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S}, pool_size=threads, max_overflow=threads
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    _upgrade(engine)
    return Store(engine)


def find_store(path: Path) -> Store:
    """Return the store of a study that has been served before.

    Raises
    ------
    StudyError
        If there is none.
    """
    if not path.exists():
        raise StudyError(f"{path} is missing: nobody has taken part yet. Start the study with `study serve`.")
    return open_store(path)


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
