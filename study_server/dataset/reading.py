"""A data set read back: its tables row by row, each cell by its column's kind; what is wrong is collected."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from study_core.errors import ResponsesError, list_problems
from study_core.folders import name_table
from study_server.dataset.cells import READERS
from study_server.dataset.columns import COLUMNS
from study_server.dataset.dictionary import TABLES

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

    def read_json(self, name: str) -> Any:
        """Return what a JSON file holds; None, and a note, where it cannot be read."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.note(f"{name}: {error}")
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
            reader = csv.reader(file)
            header = next(reader, [])
            if not self._has_known_columns(name, header):
                return
            readers = [READERS[COLUMNS[column].kind] for column in header]
            for cells in reader:
                try:
                    values = [read(cell) for read, cell in zip(readers, cells, strict=True)]
                except (ValueError, KeyError):
                    self.note(f"{file_name}, line {reader.line_num}: {self._find_mistake(header, cells)}")
                    continue
                yield {"row": reader.line_num, **dict(zip(header, values, strict=True))}

    def _has_known_columns(self, name: str, header: list[str]) -> bool:
        known = TABLES[name].columns
        wrong = [column for column in header if column not in known]
        lacking = [column for column in TABLES[name].key if column not in header]
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
