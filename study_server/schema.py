"""The schema of a store: which revision its tables are of, and how they become this version's."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect

from study_core.errors import StudyError
from study_server.tables import Table

MIGRATIONS = Path(__file__).parent / "migrations"
FIRST_REVISION = "0001"
VERSION_TABLE = "alembic_version"
KEPT = {
    "judgments_stay": "UPDATE ON judgments",
    "changes_stay": "UPDATE OF change_id, changed_at, what, who, reason ON changes",
    "changes_last": "DELETE ON changes",
    "unblindings_stay": "UPDATE ON unblindings",
    "unblindings_last": "DELETE ON unblindings",
    "phases_stay": "UPDATE ON phases",
    "phases_last": "DELETE ON phases",
}
"""What may never happen to rows; a judgment goes only with its session, and leaves a change a name less."""
REFUSE = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'rows of this table are never changed'; END$$"
)
GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} "
        "BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END"
        for name, event in KEPT.items()
    ],
    "postgresql": [
        REFUSE,
        *(
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            for name, event in KEPT.items()
        ),
    ],
}


def upgrade_schema(connection: Connection) -> None:
    """Bring the tables to this version's revision, rows kept; the caller holds a lock and commits.

    Raises
    ------
    StudyError
        If the tables are of a later version of the software.
    """
    known, revision = list_revisions(), read_revision(connection)
    if revision is not None and revision not in known:
        raise StudyError(
            f"The store's tables are of revision {revision}; this version of the software knows none later "
            f"than {known[-1]}. Run it with the software that wrote it last."
        )
    if revision != known[-1]:
        _run_revisions(connection, revision)
        _guard_rows(connection)


@cache
def list_revisions() -> tuple[str, ...]:
    """Return the revisions that this version knows, oldest first; each is a file named after its number."""
    return tuple(sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("r*.py")))


def _run_revisions(connection: Connection, revision: str | None) -> None:
    """Run the revisions after one; Alembic is loaded for it alone, for most starts find nothing to do."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    # What Alembic's own `upgrade` command calls; there is no public name for it.
    with EnvironmentContext(
        Config(),
        scripts,
        fn=lambda revision, _: scripts._upgrade_revs("head", revision),  # noqa: SLF001 (see above)
    ) as environment:
        environment.configure(connection=connection, target_metadata=Table.metadata)
        if revision is not None and not inspect(connection).has_table(VERSION_TABLE):
            environment.get_context().stamp(scripts, revision)
        environment.run_migrations()


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a store's tables, or None where there are none.

    Tables without a note of it are the first revision's: they were made before there were others.
    """
    inspector = inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 (ours)
        return found
    return FIRST_REVISION if inspector.has_table("sessions") else None


def _guard_rows(connection: Connection) -> None:
    """Let the database itself refuse to change a judgment, or a record of changes."""
    for statement in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
