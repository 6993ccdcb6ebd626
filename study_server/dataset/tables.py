"""The tables of a data set as files: CSV and, where pyarrow is there, Parquet; rows come in batches."""

import csv
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from study_core.folders import name_table
from study_server.dataset.cells import FORMATS, clean_text
from study_server.dataset.columns import Column
from study_server.dictionary import TABLES

PARQUET = "parquet"
"""The folder of the Parquet files."""
ROWS_AT_ONCE = 50_000
"""So many rows stand in one row group of Parquet, and in memory."""
Rows = Sequence[Sequence[object]]


def can_write_parquet() -> bool:
    """Tell whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


class DataTables:
    """The tables of a data set while they are written; one without any row makes no file."""

    def __init__(self, folder: Path, paradigms: Collection[str], *, parquet: bool) -> None:
        """Write into that folder, with the columns that these paradigms have."""
        self._folder, self._parquet = folder, parquet
        self._files = ExitStack()
        self._tables: dict[str, _CsvTable] = {}
        self._paradigms = paradigms

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @property
    def n_rows(self) -> Mapping[str, int]:
        """The number of rows of each table that has some, in the order of the dictionary."""
        return {name: self._tables[name].n_rows for name in TABLES if name in self._tables}

    @property
    def columns(self) -> Mapping[str, tuple[Column, ...]]:
        """The columns of each table that has rows."""
        return {name: self._tables[name].columns for name in self.n_rows}

    def write(self, name: str, rows: Rows) -> None:
        """Add rows to a table, each a value per column of the dictionary."""
        if not rows:
            return
        if name not in self._tables:
            kind = _BothTables if self._parquet else _CsvTable
            columns = TABLES[name].choose_columns(self._paradigms)
            self._tables[name] = self._files.enter_context(kind(self._folder, name, columns))
        self._tables[name].write(rows)


class _CsvTable:
    def __init__(self, folder: Path, name: str, columns: tuple[Column, ...]) -> None:
        self.n_rows, self.columns = 0, columns
        places = [TABLES[name].columns.index(column.name) for column in columns]
        self._choose = itemgetter(*places)
        self._formats = [FORMATS[column.kind] for column in columns]
        path = folder / name_table(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, rows: Rows) -> None:
        self.n_rows += len(rows)
        formats, choose = self._formats, self._choose
        self._writer.writerows(
            [give(value) for give, value in zip(formats, choose(row), strict=True)] for row in rows
        )


class _BothTables(_CsvTable):
    def __init__(self, folder: Path, name: str, columns: tuple[Column, ...]) -> None:
        super().__init__(folder, name, columns)
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
        kinds = {"integer": pa.int64(), "number": pa.float64(), "claim": pa.bool_()}
        self._schema = pa.schema([(column.name, kinds.get(column.kind, pa.string())) for column in columns])
        self._kinds = [column.kind for column in columns]
        self._waiting: list[Sequence[object]] = []
        path = folder / PARQUET / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._parquet: Any = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._parquet.close()
        super().__exit__(*error)

    def write(self, rows: Rows) -> None:
        super().write(rows)
        self._waiting.extend(map(self._choose, rows))
        if len(self._waiting) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        pa = import_module("pyarrow")
        values = zip(*self._waiting, strict=True)
        columns = [
            pa.array(map(clean_text, column) if kind in ("text", "answer") else column, field.type)
            for column, kind, field in zip(values, self._kinds, self._schema, strict=True)
        ]
        self._parquet.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._waiting.clear()
