"""The store in a PostgreSQL database, for any number of server processes and hosts over it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from study_core.errors import StudyError
from study_server.schema import upgrade_schema
from study_server.store import URL_VARIABLE, Store
from study_server.tables import Table

WRITER_KEY = 0x5354554459  # "STUDY"; advisory locks are a database's own
WRITER_LOCK = text(f"SELECT pg_advisory_xact_lock({WRITER_KEY})")
SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
NAMED_VALUE = re.compile(r":(\w+)")
OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "synchronous_commit": "on",  # a commit is on the disk before it is acknowledged
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",  # a host that is gone gives up its locks
    }.items()
)


class PostgreSQLStore(Store):
    """A study's store in one database."""

    def __init__(self, engine: Engine) -> None:
        """Serve that database."""
        super().__init__(engine)
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")

    @property
    def place(self) -> str:
        """Where the database is, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def _reading_engine(self) -> Engine:
        return self._snapshots

    @contextmanager
    def _begin_alone(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            connection.execute(WRITER_LOCK)
            yield connection

    def _append(
        self, connection: Any, guard: str, row: str, values: Mapping[str, object]
    ) -> tuple[Any, ...] | None:
        connection.autocommit = True  # one statement, prepared once: the server is asked a single time
        try:
            changed: tuple[Any, ...] | None = connection.execute(
                _join(guard, row), values, prepare=True
            ).fetchone()
        finally:
            if not connection.closed:
                connection.autocommit = False
        return changed

    def forget_deleted(self) -> None:
        """Vacuum the tables of people, so that deleted rows leave the data files.

        What stands in the write-ahead log and in its archive goes when these are recycled.
        """
        names = ", ".join(table.name for table in Table.metadata.sorted_tables)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {names}")


def open_postgresql(address: str, *, threads: int = 16) -> PostgreSQLStore:
    """Return the store in the database of that address, its tables made where they are missing.

    Raises
    ------
    StudyError
        If the address is none, nothing answers there, or commits would not be durable.
    """
    url = _read_url(address)
    engine = create_engine(
        url,
        connect_args={"connect_timeout": 10, "application_name": "study", "options": OPTIONS},
        pool_size=threads,
        max_overflow=threads,
    )
    place = url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            connection.execute(WRITER_LOCK)
            _require_durability(connection, place)
            upgrade_schema(connection)
    except OperationalError as error:
        engine.dispose()
        raise StudyError(
            f"The database {place} does not answer ({str(error.orig).strip()}). Start it, or correct "
            f"{URL_VARIABLE}; without that variable the store is an SQLite file."
        ) from None
    return PostgreSQLStore(engine)


@cache
def _join(guard: str, row: str) -> str:
    """Return one statement that does both, with the names of values as the driver writes them."""
    joined = f"WITH guard AS ({guard}), kept AS ({row} FROM guard) SELECT * FROM guard"  # noqa: S608 (our own)
    return NAMED_VALUE.sub(r"%(\1)s", joined)


def _read_url(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in SCHEMES or not url.database:
        raise StudyError(
            f"{URL_VARIABLE} is not the address of a PostgreSQL database. Write it as "
            "postgresql://USER:PASSWORD@HOST/DATABASE, or unset it to store in an SQLite file."
        )
    return url.set(drivername="postgresql+psycopg")


def _require_durability(connection: Connection, place: str) -> None:
    if connection.exec_driver_sql("SHOW fsync").scalar() != "on":
        raise StudyError(
            f"The database {place} has fsync off: a judgment could be lost after it was acknowledged. "
            "Set `fsync = on` in postgresql.conf and restart it."
        )
