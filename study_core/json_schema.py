"""The JSON Schema of config.yaml, for editors: they complete keys and underline mistakes while one types."""

import json
from pathlib import Path
from typing import Any

from study_core.config import Config
from study_core.config_page import list_comments, read_page
from study_core.manifest import write_bytes

SCHEMA_FILE = "config.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def write_schema(path: Path) -> None:
    """Write the schema."""
    write_bytes(path, f"{print_schema()}\n".encode())


def print_schema() -> str:
    """Return the schema as text."""
    return json.dumps(make_schema(), indent=2, ensure_ascii=False)


def make_schema() -> dict[str, Any]:
    """Return the schema: types, ranges and defaults of every key, with the page's comments."""
    schema = {"$schema": DIALECT, **Config.model_json_schema()}
    definitions = schema["$defs"]
    definitions["ClipsConfig"]["properties"]["systems"] = _describe_systems()
    comments = list_comments(read_page())
    for name, section in find_sections().items():
        _describe(schema["properties"], name, comments.get(name))
        for key in definitions[section]["properties"]:
            _describe(definitions[section]["properties"], key, comments.get(f"{name}.{key}"))
    for name in schema["properties"].keys() - find_sections():
        _describe(schema["properties"], name, comments.get(name))
    schema["description"] = Config.__doc__
    return schema


def find_sections() -> dict[str, str]:
    """Return the sections of a config, each with the name of its type."""
    found = {}
    for name, field in Config.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and hasattr(kind, "model_fields"):
            found[name] = kind.__name__
    return found


def _describe(properties: dict[str, Any], key: str, comment: str | None) -> None:
    properties[key].pop("title", None)  # pydantic's: the key with a capital
    if comment:
        properties[key]["description"] = comment


def _describe_systems() -> dict[str, Any]:
    """Return what a person writes there: a list, which the config keeps as folders by name."""
    folder = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}
    listed = {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, folder]}}
    return {**listed, "default": ["lstm", "gan"]}
