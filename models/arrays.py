"""Arrays on disk: several in one file, by name; whole or not at all."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study_core.errors import StudyError
from study_core.manifest import write_bytes

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], *, is_packed: bool = True) -> None:
    """Write arrays to one file, compressed unless that takes too long."""
    data, named = io.BytesIO(), dict[str, Any](arrays)
    if is_packed:
        np.savez_compressed(data, **named)
    else:
        np.savez(data, **named)
    write_bytes(path, data.getvalue())


def read_arrays(path: Path, remedy: str) -> Arrays:
    """Return the arrays of a file.

    Raises
    ------
    StudyError
        If it is damaged; the remedy ends the message.
    """
    try:
        # From memory: a file that is no whole archive would stay open.
        with np.load(io.BytesIO(path.read_bytes())) as stored:
            return {name: stored[name] for name in stored.files}
    except (EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise StudyError(f"{path} is damaged ({error}). {remedy}") from None
