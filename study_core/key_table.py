"""Every key of config.yaml as a table for the documents: type, default and what it means."""

import json
from typing import Any

from study_core.json_schema import find_sections, make_schema


def write_tables() -> str:
    """Return a Markdown section with a table for the keys of each section of a config."""
    schema = make_schema()
    sections, properties, definitions = find_sections(), schema["properties"], schema["$defs"]
    plain = {key: about for key, about in properties.items() if key not in sections}
    parts = ["## The study", "", *_write_rows("", plain, definitions)]
    for name, kind in sections.items():
        about = definitions[kind]
        comment = str(properties[name].get("description", ""))
        says = [str(about["description"]).splitlines()[0], f"On the page: {comment}." if comment else ""]
        heading = [f"## `{name}`", "", " ".join(says).strip(), ""]
        parts += ["", *heading, *_write_rows(f"{name}.", about["properties"], definitions)]
    return "\n".join(parts) + "\n"


def describe_type(about: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "$ref" in about:
        name = str(about["$ref"]).rsplit("/", 1)[1]
        return describe_type(definitions[name], definitions)
    if "anyOf" in about:
        return " or ".join(describe_type(one, definitions) for one in about["anyOf"])
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    return _describe_plain(about, definitions)


def _describe_plain(about: dict[str, Any], definitions: dict[str, Any]) -> str:
    kind = str(about.get("type", "anything"))
    if kind == "array":
        return f"list of {describe_type(about['items'], definitions)}" if "items" in about else "list"
    if kind == "object":
        values = about.get("additionalProperties")
        inner = describe_type(values, definitions) if isinstance(values, dict) else "anything"
        return "keys of their own" if "properties" in about else f"{inner} by name"
    words = {"string": "text", "integer": "whole number", "boolean": "`true`, `false`", "null": "`null`"}
    return words.get(kind, kind) + _describe_range(about)


def _describe_range(about: dict[str, Any]) -> str:
    marks = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}
    bounds = [f"{mark}{about[name]:g}" for name, mark in marks.items() if name in about]
    return f" {', '.join(bounds)}" if bounds else ""


def _write_rows(prefix: str, keys: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    rows = ["| key | value | default | |", "|---|---|---|---|"]
    for key, about in keys.items():
        cells = (
            f"`{prefix}{key}`",
            describe_type(about, definitions),
            f"`{json.dumps(about.get('default'), ensure_ascii=False)}`",
            str(about.get("description", "")),
        )
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return rows
