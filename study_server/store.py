"""The study's store: an SQLite file, or the PostgreSQL database that DATABASE_URL names.

Every write is durable before it is acknowledged, on both; everything else in this package works on a
`Store` and does not know which it is.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from study_core.errors import StudyError

URL_VARIABLE = "DATABASE_URL"


class Store(ABC):
    """Sessions on one database: `read` sees a snapshot, `write` is alone and commits at its end."""

    def __init__(self, engine: Engine) -> None:
        """Serve that database."""
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for queries; changes made in it are dropped."""
        with Session(self._reading_engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one writing session; it is committed at the end, or rolled back on an error."""
        with self._begin_alone() as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the store is, without any secret."""

    @property
    @abstractmethod
    def _reading_engine(self) -> Engine: ...

    @abstractmethod
    def _begin_alone(self) -> AbstractContextManager[Connection]:
        """Begin a transaction beside which there is no other of its kind, in any process."""

    def append(self, guard: str, row: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """Run `guard` and, where it changed a row, `row`; return what the guard returns, once it is durable.

        For statements that are right whatever others do at the same time: an UPDATE of one row that has a
        RETURNING, and an INSERT ... SELECT without a FROM. They take `values` as :name and go straight to the
        driver, in one transaction of their own, for this is what every judgment waits for.
        """
        with self._driving(guard) as connection:
            return self._append(connection, guard, row, values)

    def find(self, query: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None; it takes `values` as :name and goes to the driver too."""
        with self._driving(query) as connection:
            return self._find(connection, query, values)

    @contextmanager
    def _driving(self, statement: str) -> Iterator[Any]:
        """Lend a connection of the driver's own."""
        try:
            connection = self._engine.raw_connection()
            try:
                yield connection.driver_connection
            except self._faults:
                connection.invalidate()
                raise
            finally:
                connection.close()
        except self._faults as error:
            raise OperationalError(statement, None, error) from error

    @property
    def _faults(self) -> tuple[type[Exception], ...]:
        """What the driver raises where the database is gone or full."""
        driver: Any = self._engine.dialect.loaded_dbapi
        return driver.OperationalError, driver.InterfaceError

    @abstractmethod
    def _append(
        self, connection: Any, guard: str, row: str, values: Mapping[str, object]
    ) -> tuple[Any, ...] | None:
        """Append on the driver's own connection: all of it or nothing."""

    @abstractmethod
    def _find(self, connection: Any, query: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """Find a row on the driver's own connection, in no transaction that goes on."""

    @abstractmethod
    def forget_deleted(self) -> None:
        """Make the database give up what deleted rows have left behind."""

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_store(path: Path, *, threads: int = 16) -> Store:
    """Return the store that DATABASE_URL names, else the one in an SQLite file; made where it is missing.

    Its tables are brought to this version's, by one process at a time and with every row kept.

    Raises
    ------
    StudyError
        If there is no such database, it does not answer, or a later version of the software made its tables.
    """
    url = os.environ.get(URL_VARIABLE)
    if url:
        from study_server.namespace import read_namespace
        from study_server.postgresql import open_postgresql

        return open_postgresql(url, read_namespace(path.parent), threads=threads)
    from study_server.sqlite import open_sqlite

    return open_sqlite(path, threads=threads)


def find_store(path: Path) -> Store:
    """Return the store of a study that has been served before.

    Raises
    ------
    StudyError
        If there is none.
    """
    if not os.environ.get(URL_VARIABLE) and not path.exists():
        raise StudyError(f"{path} is missing: nobody has taken part yet. Start the study with `study serve`.")
    return open_store(path)
