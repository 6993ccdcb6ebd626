"""A PostgreSQL store of the first version becomes what the file becomes: revisions work alike on both."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Connection, MetaData, create_engine, insert, select
from sqlalchemy import Table as TableSchema

from study_server.migrations.versions import r0001_first_tables
from study_server.places import count_taken, recount
from study_server.store import Store, open_store
from study_server.tables import Table
from tests.study_server.test_schema import FIRST_TABLES, make_first_store


def fill_first_tables(connection: Connection, file: sqlite3.Connection) -> None:
    """Make the first revision's tables in an empty database, with the rows of a file."""
    with Operations.context(MigrationContext.configure(connection)):
        r0001_first_tables.upgrade()
    metadata, file.row_factory = MetaData(), sqlite3.Row
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        rows = file.execute(f"SELECT * FROM {table.name}").fetchall()  # noqa: S608 (ours)
        connection.execute(insert(table), [read_row(table, dict(row)) for row in rows])
    assert {table.name for table in metadata.sorted_tables} == set(FIRST_TABLES)


def read_row(table: TableSchema, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the file as the database's columns take it."""
    for column in table.columns:
        if row[column.name] is not None and isinstance(column.type, JSON | Boolean):
            row[column.name] = (json.loads if isinstance(column.type, JSON) else bool)(row[column.name])
    return row


def read_store(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table."""
    with store.read() as db:
        assert count_taken(db) == recount(db)
        return {
            table.name: sorted((dict(row) for row in db.execute(select(table)).mappings()), key=str)
            for table in Table.metadata.sorted_tables
        }


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("database")
def test_a_postgresql_store_of_the_first_version_becomes_what_the_file_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_first_store(tmp_path / "study.sqlite3")
    engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1))
    file = sqlite3.connect(path)
    with engine.begin() as connection:
        fill_first_tables(connection, file)
    engine.dispose()
    file.close()
    stores = [open_store(tmp_path / "unused")]
    monkeypatch.delenv("DATABASE_URL")
    stores.append(open_store(path))
    upgraded, expected = map(read_store, stores)
    assert upgraded == expected
    assert len(upgraded["judgments"]) == 19
    for store in stores:
        store.close()
