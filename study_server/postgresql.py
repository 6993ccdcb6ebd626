"""The store in a PostgreSQL database, for any number of server processes and hosts over it.

It is the whole database, or one schema of it where several studies share the database.
"""

import re
import zlib
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
WRITER_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
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
    """A study's store in one database, or in one schema of it."""

    def __init__(self, engine: Engine, schema: str | None = None) -> None:
        """Serve that database."""
        super().__init__(engine)
        self._schema = schema
        self._writer = {"key": _find_writer_key(schema)}
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")

    @property
    def place(self) -> str:
        """Where the database is, without its password."""
        return _describe_place(self._engine.url, self._schema)

    @property
    def _reading_engine(self) -> Engine:
        return self._snapshots

    @contextmanager
    def _begin_alone(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            connection.execute(WRITER_LOCK, self._writer)
            yield connection

    def _append(
        self, connection: Any, guard: str, row: str, values: Mapping[str, object]
    ) -> tuple[Any, ...] | None:
        joined = f"WITH guard AS ({guard}), kept AS ({row} FROM guard) SELECT * FROM guard"  # noqa: S608 (our own)
        return self._find(connection, joined, values)

    def _find(self, connection: Any, query: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        connection.autocommit = True  # one statement, prepared once: the server is asked a single time
        try:
            found: tuple[Any, ...] | None = connection.execute(
                _write_names(query), values, prepare=True
            ).fetchone()
        finally:
            if not connection.closed:
                connection.autocommit = False
        return found

    def forget_deleted(self) -> None:
        """Vacuum the tables of people, so that deleted rows leave the data files.

        What stands in the write-ahead log and in its archive goes when these are recycled.
        """
        names = ", ".join(table.name for table in Table.metadata.sorted_tables)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {names}")


def open_postgresql(address: str, schema: str | None = None, *, threads: int = 16) -> PostgreSQLStore:
    """Return the store in the database of that address, its tables made where they are missing.

    With a schema, everything of the store stands in it, and nothing else of the database is seen.

    Raises
    ------
    StudyError
        If the address is none, nothing answers there, commits would not be durable, or the database's user
        may not make the schema.
    """
    url = _read_url(address)
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": 10,
            "application_name": "study",
            "options": OPTIONS if schema is None else f'{OPTIONS} -c search_path="{schema}"',
        },
        pool_size=threads,
        max_overflow=threads,
    )
    place = _describe_place(url, schema)
    try:
        with engine.begin() as connection:
            connection.execute(WRITER_LOCK, {"key": _find_writer_key(schema)})
            _require_durability(connection, place)
            if schema is not None:
                _make_schema(connection, schema, place)
            upgrade_schema(connection)
    except OperationalError as error:
        engine.dispose()
        raise StudyError(
            f"The database {place} does not answer ({str(error.orig).strip()}). Start it, or correct "
            f"{URL_VARIABLE}; without that variable the store is an SQLite file."
        ) from None
    except StudyError:
        engine.dispose()
        raise
    return PostgreSQLStore(engine, schema)


def _describe_place(url: URL, schema: str | None) -> str:
    place = url.render_as_string(hide_password=True)
    return place if schema is None else f"{place}, schema {schema}"


def _find_writer_key(schema: str | None) -> int:
    """Return a number for the one writer's lock, so that studies in one database do not wait for each other.

    A study alone in its database is in `public`, and keeps its number where that is said.
    """
    return WRITER_KEY if schema in (None, "public") else WRITER_KEY ^ zlib.crc32(schema.encode()) << 24


def _make_schema(connection: Connection, schema: str, place: str) -> None:
    """Make a schema that is not there; asked before, because the right to make one may be missing."""
    there = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if connection.scalar(there, {"name": schema}):
        return
    may_make = "SELECT has_database_privilege(current_database(), 'CREATE'), current_user"
    is_allowed, user = connection.exec_driver_sql(may_make).one()
    if not is_allowed:
        raise StudyError(
            f"The database {place} has no such schema, and its user {user} may not make one. Let its owner "
            f'do it: CREATE SCHEMA "{schema}" AUTHORIZATION "{user}";'
        )
    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')


@cache
def _write_names(statement: str) -> str:
    """Return a statement with the names of values as the driver writes them."""
    return NAMED_VALUE.sub(r"%(\1)s", statement)


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
