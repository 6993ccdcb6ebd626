"""A data set as one ZIP file: the same bytes for the same files, written and read in pieces."""

import shutil
import zipfile
from pathlib import Path
from typing import IO

from study_core.errors import ResponsesError
from study_server.dataset.description import PROTOCOLS

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can name; when files were written does not matter."""
CHUNK_BYTES = 1 << 20


def write_zip(folder: Path, target: Path | IO[bytes]) -> None:
    """Write a folder and every file in it, sorted by path."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), EPOCH)
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
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ResponsesError(f"{path} is not a ZIP file that can be read ({error}).") from None
    found = min(folder.rglob(PROTOCOLS), key=lambda it: len(it.parts), default=None)
    if found is None:
        raise ResponsesError(f"{path} holds no data set: there is no {PROTOCOLS} in it.")
    return found.parent
