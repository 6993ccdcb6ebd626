"""The schema of a store: which revision its tables are of, and how they become this version's."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from study_core.errors import StudyError
from study_server.tables import Table

MIGRATIONS = Path(__file__).parent / "migrations"
FIRST_REVISION = "0001"
VERSION_TABLE = "alembic_version"


def upgrade_schema(connection: Connection) -> None:
    """Bring the tables to this version's revision, rows kept; the caller holds a lock and commits.

    Raises
    ------
    StudyError
        If the tables are of a later version of the software.
    """
    scripts = ScriptDirectory(str(MIGRATIONS))
    revision = read_revision(connection)
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise StudyError(
            f"The store's tables are of revision {revision}; this version of the software knows none later "
            f"than {scripts.get_current_head()}. Run it with the software that wrote it last."
        )
    if revision == scripts.get_current_head():
        return
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
        return MigrationContext.configure(connection).get_current_revision()
    return FIRST_REVISION if inspector.has_table("sessions") else None
