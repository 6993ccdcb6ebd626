"""Manifests (CSV tables of records) and the stamp that tells whether a stage is up to date."""

import csv
import dataclasses
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from study_core.errors import StudyError

Row = TypeVar("Row")
STAMP_FILE = "stage.json"


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: object) -> str:
    """Return one SHA-256 over JSON-like values; equal values give equal fingerprints."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all, keys in the given order."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def write_manifest(path: Path, rows: Sequence[Any]) -> None:
    """Write frozen dataclasses of one type as CSV, a column per field."""
    if not rows:
        raise StudyError(f"{path} would be empty. Check the stage before it.")
    names = [field.name for field in dataclasses.fields(rows[0])]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_to_text(getattr(row, name)) for name in names] for row in rows)
    write_bytes(path, table.getvalue().encode())


def read_manifest(path: Path, row_type: type[Row]) -> list[Row]:
    """Return the rows of a manifest as records.

    Raises
    ------
    StudyError
        If the file is missing or damaged, or its columns are not the record's fields.
    """
    if not path.exists():
        raise StudyError(f"{path} is missing. Run `study prepare` to make it.")
    kinds = {field.name: field.type for field in dataclasses.fields(row_type)}  # type: ignore[arg-type]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names, *lines = csv.reader(file)
        if set(names) == set(kinds):
            return [_read_row(row_type, kinds, zip(names, line, strict=True)) for line in lines if line]
    except (ValueError, csv.Error) as error:
        raise StudyError(
            f"{path} is damaged ({error}). Put back a copy, or remove it and run `study prepare`."
        ) from None
    raise StudyError(
        f"{path} has other columns than this version writes ({', '.join(sorted(set(names) ^ set(kinds)))}). "
        "Remove it and run `study prepare`."
    )


def stamp_stage(folder: Path, inputs: str, files: Iterable[Path]) -> None:
    """Record that a folder's files were made from inputs with that fingerprint."""
    outputs = {str(file.relative_to(folder)): sha256_file(file) for file in sorted(files)}
    write_json(folder / STAMP_FILE, {"inputs": inputs, "outputs": outputs})


def is_current(folder: Path, inputs: str) -> bool:
    """Tell whether a folder was made from these inputs and none of its files has changed since."""
    try:
        stamp: Mapping[str, Any] = json.loads((folder / STAMP_FILE).read_text(encoding="utf-8"))
        return stamp["inputs"] == inputs and all(
            sha256_file(folder / name) == sha256 for name, sha256 in stamp["outputs"].items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _read_row(row_type: type[Row], kinds: Mapping[str, object], cells: Iterable[tuple[str, str]]) -> Row:
    return row_type(**{name: _from_text(text, kinds[name]) for name, text in cells})


def _to_text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _from_text(text: str, kind: object) -> str | int | float:
    if kind in (int, "int"):
        return int(text)
    if kind in (float, "float"):
        return float(text)
    return text
