"""A data set read back: its tables row by row, each cell by its column's kind; what is wrong is collected."""

import csv
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from study_core.errors import ResponsesError, list_problems
from study_core.folders import name_table
from study_core.types import Stimulus
from study_server.dataset.cells import READERS
from study_server.dataset.column import EVERY
from study_server.dataset.columns import COLUMNS
from study_server.dataset.dictionary import TABLES

LATER = {field.name for field in fields(Stimulus) if field.default is not MISSING}
"""Columns that stimuli of earlier versions did not have."""
SHOWN = 20
"""So many problems are named; the rest are counted."""


@dataclass
class Reading:
    """A data set's folder, and everything that was found wrong in it."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    n_problems: int = 0

    def note(self, problem: str) -> None:
        """Note something that is wrong."""
        self.n_problems += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)

    def refuse_problems(self) -> None:
        """Raise everything that was noted.

        Raises
        ------
        ResponsesError
            If there is anything.
        """
        if not self.n_problems:
            return
        more = self.n_problems - len(self.problems)
        rest = [f"and {more} more"] if more else []
        raise ResponsesError(
            list_problems(
                f"{self.folder} cannot be imported, and nothing was. Take the data set as `study export` "
                "wrote it:",
                [*self.problems, *rest],
            )
        )

    def read_json(self, name: str, shape: type[BaseModel]) -> Any:
        """Return what a JSON file of that shape holds; None, and a note, where it cannot be read."""
        try:
            return shape.model_validate_json((self.folder / name).read_bytes()).model_dump(mode="json")
        except OSError as error:
            self.note(f"{name}: {error}")
        except ValidationError as error:
            for it in error.errors():
                self.note(": ".join(filter(None, (name, ".".join(map(str, it["loc"])), it["msg"]))))
        return None

    def read_table(self, name: str, *, is_needed: bool = False) -> Iterator[dict[str, Any]]:
        """Yield a table's rows as values by column, `row` with the line where it ends; bad ones are noted."""
        file_name = name_table(name)
        path = self.folder / file_name
        if not path.exists():
            if is_needed:
                self.note(f"{file_name}: missing")
            return
        with path.open(encoding="utf-8", newline="") as file:
            try:
                yield from self._read_rows(name, csv.reader(file))
            except (UnicodeDecodeError, csv.Error) as error:
                self.note(f"{file_name}: {error}")

    def _read_rows(self, name: str, reader: Any) -> Iterator[dict[str, Any]]:
        header: list[str] = next(reader, [])
        if not self._has_known_columns(name, header):
            return
        readers = [READERS[COLUMNS[column].kind] for column in header]
        for cells in reader:
            try:
                values = [read(cell) for read, cell in zip(readers, cells, strict=True)]
            except (ValueError, KeyError):
                line = f"{name_table(name)}, line {reader.line_num}"
                self.note(f"{line}: {self._find_mistake(header, cells)}")
                continue
            yield {"row": reader.line_num, **dict(zip(header, values, strict=True))}

    def _has_known_columns(self, name: str, header: list[str]) -> bool:
        known = TABLES[name].columns
        wrong = [column for column in header if column not in known]
        needed = (it.name for it in TABLES[name].choose_columns(EVERY) if it.paradigms == EVERY)
        lacking = [column for column in needed if column not in header and column not in LATER]
        for column in wrong:
            self.note(f"{name_table(name)}: column {column!r} is not one of this version's")
        for column in lacking:
            self.note(f"{name_table(name)}: column {column!r} is missing")
        return not wrong and not lacking

    @staticmethod
    def _find_mistake(header: list[str], cells: list[str]) -> str:
        if len(header) != len(cells):
            return f"{len(cells)} cells, but the header has {len(header)}"
        for column, cell in zip(header, cells, strict=True):
            kind = COLUMNS[column].kind
            try:
                READERS[kind](cell)
            except (ValueError, KeyError):
                return f"{column} is {cell!r}, which is no {kind}"
        return "it cannot be read"
