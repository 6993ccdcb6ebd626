"""A data set as one ZIP file: the same bytes for the same files, written and read in pieces."""

import shutil
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from study_core.errors import ResponsesError
from study_server.dataset.description import PROTOCOLS

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can name; when files were written does not matter."""
CHUNK_BYTES = 1 << 20


def list_files(folder: Path) -> list[Path]:
    """Return every file of a folder by its path in it, sorted."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def write_zip(folder: Path, names: Iterable[Path], target: Path | IO[bytes]) -> None:
    """Write files of a folder, below the folder's name; whatever else lies in it stays at home."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in names:
            path = folder / name
            entry = zipfile.ZipInfo((Path(folder.name) / name).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.file_size = path.stat().st_size  # tells whether it needs ZIP64
            with path.open("rb") as source, archive.open(entry, "w") as packed:
                shutil.copyfileobj(source, packed, CHUNK_BYTES)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a data set's ZIP file into a folder; return the data set's own folder in it.

    Raises
    ------
    ResponsesError
        If it is no ZIP file, or holds no data set.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)  # it leaves no folder: `..` and absolute paths are taken out
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # the last: it wants a password
        raise ResponsesError(f"{path} is not a ZIP file that can be read ({error}).") from None
    found = min(folder.rglob(PROTOCOLS), key=lambda it: len(it.parts), default=None)
    if found is None:
        raise ResponsesError(f"{path} holds no data set: there is no {PROTOCOLS} in it.")
    return found.parent
