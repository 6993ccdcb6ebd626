"""A CSV table as cells, under our column names, checked cell by cell, and its values."""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.columns import (
    ANSWERS,
    CHOSE_FIRST,
    COLUMNS,
    JUDGED_HUMAN,
    RATING,
    REQUIRED,
    SECOND_CLIP,
    SECOND_SYSTEM,
    can_read,
    describe,
    read_cell,
)
from study_core.errors import ResponsesError

if TYPE_CHECKING:
    from pandera.pandas import Check

FIRST_DATA_ROW = 2
"""Rows are counted as a spreadsheet does: the header is row 1."""
SHOWN = 5
"""So many wrong cells of a column are named; the rest are counted."""


def read_cells(data: bytes, path: Path) -> pd.DataFrame:
    """Return every cell of a CSV table as text, separated by commas or semicolons."""
    header = data.split(b"\n", 1)[0]
    separator = ";" if header.count(b";") > header.count(b",") else ","
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "index_col": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            cells: pd.DataFrame = pd.read_csv(
                io.BytesIO(data), sep=separator, encoding="utf-8-sig", **options
            )
    except pd.errors.EmptyDataError:
        raise ResponsesError(f"{path} is empty; it needs a header and a row per judgment.") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError) as error:
        raise ResponsesError(f"{path} is not a CSV table in UTF-8: {str(error).strip()}.") from None
    return cells.fillna("")  # rows that end early


def choose_columns(
    found: Sequence[str], names: Mapping[str, str], moderators: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Return what the file calls each of our columns that it has, and everything that is wrong with them."""
    wanted = {name: names.get(name, name) for name in (*COLUMNS, *moderators)}
    answers = [name for name in ANSWERS if name in names] or [name for name in ANSWERS if name in found][:1]
    problems = [f"column {theirs!r} is not in the file" for theirs in names.values() if theirs not in found]
    needed = [*REQUIRED, *((SECOND_CLIP, SECOND_SYSTEM) if "chose_first" in answers else ())]
    if not answers and wanted[RATING] not in found:
        needed.append(CHOSE_FIRST if wanted[SECOND_CLIP] in found else JUDGED_HUMAN)
    problems += [
        f"column {name!r} is missing; rename one, or `study analyze --columns {name}=NAME`"
        for name in needed
        if wanted[name] not in found and name not in names
    ]
    if len(answers) > 1:
        problems.append(f"give {' or '.join(answers)}, not {'both' if len(answers) == 2 else 'all'}")  # noqa: PLR2004
    if problems:
        problems.append(f"the file has: {', '.join(found)}")
    left = {*ANSWERS} - {*answers}
    return {name: theirs for name, theirs in wanted.items() if theirs in found and name not in left}, problems


def find_wrong_cells(cells: pd.DataFrame) -> list[str]:
    """Return a sentence per column with cells that have no meaning, with their rows."""
    import pandera.pandas as pa

    schema = pa.DataFrameSchema({str(name): pa.Column(str, _check(pa, str(name))) for name in cells})
    try:
        schema.validate(cells, lazy=True)
    except pa.errors.SchemaErrors as error:
        failures = error.failure_cases.groupby("column", sort=False)
        return [_describe_cells(str(name), wrong) for name, wrong in failures]
    return []


def read_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the meaning of cells that have one; an empty cell is None or NaN."""
    values = {}
    for name, column in cells.items():
        known = {cell: read_cell(str(name), cell) for cell in column.unique()}
        values[str(name)] = pd.Series(column.map(known), dtype=describe(str(name)).dtype)
    return pd.DataFrame(values, index=cells.index)


def _check(pa: ModuleType, name: str) -> "Check":
    def has_meaning(cells: "pd.Series[str]") -> "pd.Series[bool]":
        return cells.map({cell: can_read(name, cell) for cell in cells.unique()})

    check: Check = pa.Check(has_meaning)
    return check


def _describe_cells(name: str, wrong: pd.DataFrame) -> str:
    cells = zip(wrong["failure_case"], wrong["index"], strict=True)
    shown = [f"{cell!r} in row {int(row) + FIRST_DATA_ROW}" for cell, row in list(cells)[:SHOWN]]
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"{name}: {', '.join(shown)}{more}; must be {describe(name).rule}"
