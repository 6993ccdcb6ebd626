"""The rules of Psych-DS 1.5 (schema_model/versions/1.5.1 of psych-ds/psych-DS), checked on a folder.

Written from the schema's own text, independent of what writes the data set. `problems` are what the schema
calls errors, `hints` its warnings. Tables are read row by row.
"""

import csv
import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

FILE_NAME = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.(csv|tsv)")
KEYWORDS = {"study", "site", "subject", "session", "task", "condition", "trial", "stimulus", "description"}
REQUIRED = ("name", "description", "variableMeasured")
RECOMMENDED = (
    "README.md",
    "CHANGES.md",
    ".psychds-ignore",
    "analysis",
    "results",
    "materials",
    "documentation",
)
NAMESPACE = re.compile(r"https?://schema\.org/?")


@dataclass
class Verdict:
    """What the rules say of a data set."""

    problems: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def check(folder: Path) -> Verdict:
    """Return everything in a folder that Psych-DS calls an error or a warning."""
    verdict = Verdict()
    description = _read_description(folder, verdict)
    if not (folder / "data").is_dir():
        verdict.problems.append("MISSING_DATA_DIRECTORY")
    verdict.hints += [f"missing: {name}" for name in RECOMMENDED if not (folder / name).exists()]
    tables = _list_tables(folder, verdict)
    found = {column for path in tables for column in _check_table(path, verdict)}
    if not found:
        verdict.problems.append("MISSING_DATAFILE")
    measured = {_name_variable(it) for it in description.get("variableMeasured", [])}
    verdict.problems += [f"CSV_COLUMN_MISSING_FROM_METADATA {name}" for name in sorted(found - measured)]
    verdict.problems += [f"VARIABLE_MISSING_FROM_CSV_COLUMNS {name}" for name in sorted(measured - found)]
    verdict.hints += [f"FILE_NOT_CHECKED {name}" for name in _list_unchecked(folder)]
    return verdict


def _read_description(folder: Path, verdict: Verdict) -> dict[str, Any]:
    path = folder / "dataset_description.json"
    if not path.exists():
        verdict.problems.append("MISSING_DATASET_DESCRIPTION")
        return {}
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        verdict.problems.append("JSON_INVALID")
        return {}
    verdict.problems += [f"JSON_KEY_REQUIRED {key}" for key in REQUIRED if not description.get(key)]
    if not NAMESPACE.fullmatch(str(description.get("@context", ""))):
        verdict.problems.append("no context of schema.org")
    if str(description.get("@type", "")).removeprefix("https://schema.org/") != "Dataset":
        verdict.problems.append("INCORRECT_DATASET_TYPE")
    untyped = [it for it in description.get("variableMeasured", []) if not _is_variable(it)]
    verdict.hints += ["OBJECT_TYPE_MISSING"] * len(untyped)
    return description


def _list_tables(folder: Path, verdict: Verdict) -> list[Path]:
    tables = []
    for path in sorted((folder / "data").rglob("*")):
        if path.suffix not in (".csv", ".tsv"):
            continue
        if not FILE_NAME.fullmatch(path.name):
            verdict.problems.append(f"FILENAME_KEYWORD_FORMATTING_ERROR {path.name}")
            continue
        keywords = {pair.split("-")[0] for pair in path.name.rsplit("_data", 1)[0].split("_")}
        verdict.hints += [f"unofficial keyword {word}" for word in sorted(keywords - KEYWORDS)]
        tables.append(path)
    return tables


def _check_table(path: Path, verdict: Verdict) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True, delimiter="\t" if path.suffix == ".tsv" else ",")
        header = next(reader, [])
        if not any(header):
            verdict.problems.append(f"CSV_HEADER_MISSING {path.name}")
        wrong = sum(len(row) != len(header) for row in reader)
    if wrong:
        verdict.problems.append(f"CSV_HEADER_LENGTH_MISMATCH {path.name}: {wrong} rows")
    if len(set(header)) < len(header):
        verdict.problems.append(f"a column stands twice in {path.name}")
    return header


def _list_unchecked(folder: Path) -> list[str]:
    ignored = folder / ".psychds-ignore"
    patterns = ignored.read_text(encoding="utf-8").split() if ignored.exists() else []
    known = ("dataset_description.json", "README.md", "CHANGES.md", ".psychds-ignore", "data/*", "analysis/*")
    known += ("materials/*", "documentation/*", "results/*", "products/*")
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    covers = [*known, *(f"{it}*" if it.endswith("/") else it for it in patterns)]
    return [name for name in names if not any(fnmatch(name, pattern) for pattern in covers)]


def _name_variable(variable: Any) -> str:
    return str(variable["name"] if isinstance(variable, dict) else variable)


def _is_variable(variable: Any) -> bool:
    return isinstance(variable, str) or variable.get("@type") == "PropertyValue"
