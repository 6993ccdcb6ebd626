"""Which schema of a PostgreSQL database is a study's own, where several share one database.

It stands in the study's data folder, so that every command on that folder finds the same tables, whatever
server wrote them. A study without it has the database to itself, in the schema that its user's search path
leads to.
"""

import re
from pathlib import Path

from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.manifest import write_bytes

FILE = "schema.txt"
PREFIX = "study_"
"""Before a study's name: no schema of the database's own begins so."""
SHAPE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def read_namespace(data_folder: Path) -> str | None:
    """Return the schema that a study's tables stand in, or None: it has the database to itself.

    Raises
    ------
    StudyError
        If what stands there is no schema's name.
    """
    path = data_folder / FILE
    try:
        name = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not SHAPE.fullmatch(name):
        raise StudyError(
            f"{path} says {name!r}, which is no schema of ours: small letters, digits, _ and -. Write the "
            f"schema that holds the study's tables; it was {PREFIX} and the name of the study's folder."
        )
    return name


def find_namespace(data_folder: Path, name: str) -> str:
    """Return the schema of the study of that name: the one that it has, else the one that it will get."""
    return read_namespace(data_folder) or PREFIX + name


def claim_namespace(folders: DataFolders, name: str) -> None:
    """Let a study that has no schema yet have the one of its name, for good.

    Raises
    ------
    StudyError
        If people have taken part in it already: their answers are in a store without a schema of its own, and
        an empty one in its place would look as if they were lost.
    """
    if read_namespace(folders.root) is not None:
        return
    path, schema = folders.root / FILE, find_namespace(folders.root, name)
    if folders.frozen.exists():
        raise StudyError(
            "people have taken part in it, and its store is not in a schema of its own. Where the store is "
            f"in this database, write `public` into {path}. Where it is elsewhere, `study backup FILE` "
            f"there, write `{schema}` into {path}, and `study restore FILE` with this database"
        )
    write_bytes(path, f"{schema}\n".encode())
