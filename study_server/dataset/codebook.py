"""The codebook: tables and columns of a data set, for people (Markdown) and programs (schema.org)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from study_core.folders import name_table
from study_server.dataset.column import EVERY, Column
from study_server.dataset.dictionary import NOTE, TABLES

KINDS = {
    "text": "text",
    "answer": "text or whole number",
    "integer": "whole number",
    "number": "number",
    "claim": "1 or 0",
    "day": "day, YYYY-MM-DD",
}


def render_codebook(columns: Mapping[str, Sequence[Column]]) -> str:
    """Return the tables' meaning as Markdown."""
    return "\n\n".join([NOTE, *(_render_table(name, columns[name]) for name in TABLES if name in columns)])


def render_dictionary() -> str:
    """Return the meaning of every table and column that any study's data set may have, as Markdown."""
    return render_codebook({name: table.choose_columns(EVERY) for name, table in TABLES.items()})


def describe_variables(columns: Iterable[Sequence[Column]]) -> list[dict[str, Any]]:
    """Return schema.org's `PropertyValue` of every column, each once."""
    named = {column.name: column for table in columns for column in table}
    return [_describe_variable(column) for column in named.values()]


def _render_table(name: str, columns: Sequence[Column]) -> str:
    spec = TABLES[name]
    key = ", ".join(f"`{column}`" for column in spec.key)
    rows = "\n".join(f"| `{it.name}` | {_say_kind(it)} | {_say_meaning(it)} |" for it in columns)
    return (
        f"## {name}\n\nA row is {spec.rows}; {key} tell{'s' if len(spec.key) == 1 else ''} it from every "
        f"other. `{name_table(name)}`\n\n| column | kind | meaning |\n|---|---|---|\n{rows}"
    )


def _say_kind(column: Column) -> str:
    unit = f", {column.units}" if column.units else ""
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        return KINDS[column.kind] + unit
    ends = f"{low:g} to {high:g}" if low is not None and high is not None else f"{low or 0:g} or more"
    return f"{KINDS[column.kind]}, {ends}{unit}"


def _say_meaning(column: Column) -> str:
    levels = "; ".join(f"`{level}`: {meaning}" for level, meaning in column.levels.items())
    of = "" if column.paradigms == EVERY else f"(Only {', '.join(sorted(column.paradigms))}.) "
    return f"{of}{column.description} {levels}".strip().replace("|", "\\|")


def _describe_variable(column: Column) -> dict[str, Any]:
    levels = [
        {"@type": "DefinedTerm", "termCode": level, "name": meaning}
        for level, meaning in column.levels.items()
    ]
    facts = {
        "unitText": column.units,
        "minValue": column.minimum,
        "maxValue": column.maximum,
        "valueReference": levels,
    }
    return {
        "@type": "PropertyValue",
        "name": column.name,
        "description": column.description,
        **{key: value for key, value in facts.items() if value not in ("", None, [])},
    }
