"""Judgments read from a CSV file and checked at the door: all problems at once, with row numbers."""

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.columns import COLUMNS, JUDGED_GENERATED, can_read, read_cell
from study_core.errors import ResponsesError, list_problems
from study_core.manifest import sha256_bytes
from study_core.types import HUMAN

if TYPE_CHECKING:
    from pandera.pandas import Check

FLOW_FILE = "flow.json"
STAGES = ("arrived", "consented", "started", "finished", "withdrawn")
"""What `study export` counts people by; its file may hold more, such as counts per version."""
FIRST_DATA_ROW = 2
"""Rows are counted as a spreadsheet does: the header is row 1."""
SHOWN = 5
"""So many wrong cells of a column are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Responses:
    """A checked table of judgments and where it came from.

    Attributes
    ----------
    table
        One row per judgment: `participant_id`, `clip_id`, `system` (text, human clips as "human"),
        `judged_human` (0/1), and those optional columns of `analysis.columns` that the file has.
    flow
        People from arrival to withdrawal, as `study export` counted them; empty where unknown.
    """

    table: pd.DataFrame
    source: str
    sha256: str
    flow: Mapping[str, int]


def read_responses(
    path: Path, names: Mapping[str, str] | None = None, human_system: str = HUMAN
) -> Responses:
    """Return the judgments in a CSV file.

    Parameters
    ----------
    path
        The file, UTF-8, separated by commas or semicolons.
    names
        What the file calls our columns, such as ``{"participant_id": "subject"}``; others keep their name.
        `judged_generated` may be given instead of `judged_human`.
    human_system
        What the column `system` calls human clips.

    Raises
    ------
    ResponsesError
        If the file cannot be read, lacks a column, holds impossible values or duplicates, or has fewer than
        two systems or listeners: everything that is wrong, in one message.
    """
    data = _read_bytes(path)
    cells = _rename(_read_cells(data, path), names or {}, path)
    _raise_problems(path, _find_wrong_cells(cells))
    table = _read_values(cells)
    table["system"] = table["system"].where(table["system"] != human_system, HUMAN)
    renamed_twice = human_system != HUMAN and bool((cells["system"].str.strip() == HUMAN).any())
    problems = [f"system: both {HUMAN!r} and {human_system!r} stand for human clips"] if renamed_twice else []
    _raise_problems(path, [*problems, *_find_duplicates(table), *find_shortages(table)])
    return Responses(table, path.name, sha256_bytes(data), _read_flow(path.parent / FLOW_FILE))


def find_shortages(table: pd.DataFrame) -> list[str]:
    """Return why a table of judgments is too small for any inference; empty where it is not."""
    if table.empty:
        return ["there are no judgments"]
    problems = []
    systems = sorted(table["system"].unique())
    if HUMAN not in systems:
        problems.append(
            f"no clip is of the system {HUMAN!r} (there are: {', '.join(systems)}). "
            "Say what the human clips are called: --human-system NAME"
        )
    if len(systems) == 1:
        problems.append(f"there is only one system, {systems[0]!r}: there is nothing to tell apart")
    if len(table["participant_id"].unique()) == 1:
        problems.append("there is only one listener; one cannot stand for listeners")
    return problems


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ResponsesError(
            f"{path} does not exist. `study export` writes it, or name a CSV file of judgments."
        ) from None
    except OSError as error:
        raise ResponsesError(f"{path} cannot be read: {error.strerror}.") from None


def _read_cells(data: bytes, path: Path) -> pd.DataFrame:
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


def _rename(cells: pd.DataFrame, names: Mapping[str, str], path: Path) -> pd.DataFrame:
    """Return the columns that the analysis knows, under our names."""
    wanted = {name: names.get(name, name) for name in COLUMNS}
    if JUDGED_GENERATED in names:
        wanted.pop("judged_human")
    elif wanted["judged_human"] in cells:
        wanted.pop(JUDGED_GENERATED)
    problems = [
        f"column {theirs!r} is not in the file" for theirs in names.values() if theirs not in cells
    ] + [
        f"column {name!r} is missing; map it with --columns {name}=NAME"
        for name, theirs in wanted.items()
        if COLUMNS[name].required and theirs not in cells and name not in (*names, JUDGED_GENERATED)
    ]
    if {"judged_human", JUDGED_GENERATED} <= set(names):
        problems.append(f"give judged_human or {JUDGED_GENERATED}, not both")
    if problems:
        problems.append(f"the file has: {', '.join(map(str, cells.columns))}")
    _raise_problems(path, problems)
    kept = {name: theirs for name, theirs in wanted.items() if theirs in cells}
    return pd.DataFrame({name: cells[theirs] for name, theirs in kept.items()})


def _find_wrong_cells(cells: pd.DataFrame) -> list[str]:
    import pandera.pandas as pa

    schema = pa.DataFrameSchema({str(name): pa.Column(str, _check(pa, str(name))) for name in cells})
    try:
        schema.validate(cells, lazy=True)
    except pa.errors.SchemaErrors as error:
        failures = error.failure_cases.groupby("column", sort=False)
        return [_describe_cells(str(name), wrong) for name, wrong in failures]
    return []


def _check(pa: ModuleType, name: str) -> "Check":
    def has_meaning(cells: "pd.Series[str]") -> "pd.Series[bool]":
        return cells.map({cell: can_read(name, cell) for cell in cells.unique()})

    check: Check = pa.Check(has_meaning)
    return check


def _describe_cells(name: str, wrong: pd.DataFrame) -> str:
    cells = zip(wrong["failure_case"], wrong["index"], strict=True)
    shown = [f"{cell!r} in row {int(row) + FIRST_DATA_ROW}" for cell, row in list(cells)[:SHOWN]]
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"{name}: {', '.join(shown)}{more}; must be {COLUMNS[name].rule}"


def _read_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells as values, under the names of `Responses.table`."""
    values = {
        str(name): pd.Series(
            column.map({cell: read_cell(str(name), cell) for cell in column.unique()}),
            dtype=COLUMNS[str(name)].dtype,
        )
        for name, column in cells.items()
    }
    if JUDGED_GENERATED in values:
        values["judged_human"] = ~values.pop(JUDGED_GENERATED).astype(bool)
    values["judged_human"] = values["judged_human"].astype("int64")
    return pd.DataFrame(values)


def _find_duplicates(table: pd.DataFrame) -> list[str]:
    key = [name for name in ("participant_id", "clip_id", "trial_index") if name in table]
    twice = table.index[table.duplicated(key)]
    problems = []
    if len(twice):
        rows = ", ".join(str(row + FIRST_DATA_ROW) for row in twice[:SHOWN])
        more = f" and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        problems.append(f"rows {rows}{more} repeat an earlier judgment (same {', '.join(key)}); remove them")
    systems = table.groupby("clip_id")["system"].nunique()
    shared = list(systems.index[systems > 1])
    if shared:
        names = ", ".join(map(repr, shared[:SHOWN])) + (" ..." if len(shared) > SHOWN else "")
        problems.append(
            f"clip_id: {names} ({len(shared)} in all) stand for clips of several systems; "
            "each clip needs an id of its own"
        )
    return problems


def _read_flow(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    try:
        flow = json.loads(path.read_text(encoding="utf-8"))
        return {stage: int(flow[stage]) for stage in STAGES}
    except (ValueError, TypeError, KeyError):
        raise ResponsesError(
            f"{path} is not a count of people per stage. Write it again with `study export`."
        ) from None


def _raise_problems(path: Path, problems: Sequence[str]) -> None:
    if problems:
        raise ResponsesError(list_problems(f"{path} cannot be analyzed:", problems))
