"""The tables of a data set as files, CSV and Parquet; rows come in batches."""

import csv
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from study_core.folders import name_table
from study_server.dataset.cells import FORMATS, clean_text
from study_server.dataset.column import Column
from study_server.dataset.dictionary import TABLES

PARQUET = "parquet"
"""The folder of the Parquet files."""
ROWS_AT_ONCE = 50_000
"""So many rows stand in one row group of Parquet, and in memory."""
Rows = Sequence[Sequence[object]]


class DataTables:
    """The tables of a data set while they are written; one without any row makes no file."""

    def __init__(self, folder: Path, paradigms: Collection[str]) -> None:
        """Write into that folder, with the columns that these paradigms have."""
        self._folder = folder
        self._files = ExitStack()
        self._tables: dict[str, _Table] = {}
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
            columns = TABLES[name].choose_columns(self._paradigms)
            self._tables[name] = self._files.enter_context(_Table(self._folder, name, columns))
        self._tables[name].write(rows)


class _Table:
    """One table, in both formats."""

    def __init__(self, folder: Path, name: str, columns: tuple[Column, ...]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self.n_rows, self.columns = 0, columns
        self._choose = itemgetter(*(TABLES[name].columns.index(column.name) for column in columns))
        self._formats = [FORMATS[column.kind] for column in columns]
        paths = folder / name_table(name), folder / PARQUET / f"{name}.parquet"
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._csv = paths[0].open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._csv, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])
        kinds = {"integer": pa.int64(), "number": pa.float64(), "claim": pa.bool_()}
        self._schema = pa.schema([(column.name, kinds.get(column.kind, pa.string())) for column in columns])
        self._parquet: Any = parquet.ParquetWriter(paths[1], self._schema, compression="zstd")
        self._waiting: list[Sequence[object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._flush()
        self._parquet.close()
        self._csv.close()

    def write(self, rows: Rows) -> None:
        self.n_rows += len(rows)
        chosen = list(map(self._choose, rows))
        self._writer.writerows(
            [give(value) for give, value in zip(self._formats, row, strict=True)] for row in chosen
        )
        self._waiting.extend(chosen)
        if len(self._waiting) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        values = zip(*self._waiting, strict=True)
        columns = [
            pa.array(map(clean_text, value) if column.kind in ("text", "answer") else value, field.type)
            for value, column, field in zip(values, self.columns, self._schema, strict=True)
        ]
        self._parquet.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._waiting.clear()
