"""Data sets of small studies, read as whoever gets them would read them."""

import csv
from pathlib import Path
from typing import Any

from study_core.folders import name_table
from study_server.export import export_data_set
from study_server.study import Study

REASON = "because this is a test"
Rows = list[dict[str, str]]


def export(study: Study, folder: Path | None = None, **options: Any) -> Path:
    """Export a study and return the data set's folder."""
    chosen = {"is_simulated": False, "reason": REASON} | options
    target = folder or study.config.folders.export
    return export_data_set(study.store, study.config, target, **chosen).folder


def read_table(folder: Path, name: str) -> Rows:
    """Return the rows of a data set's table, every cell as text."""
    with (folder / name_table(name)).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
