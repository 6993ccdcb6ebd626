"""The commented page that `config.yaml` is: its values are replaced, its comments stay."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from study_core.errors import ConfigError

PAGE = Path(__file__).resolve().parent.parent / "config.yaml"
"""The page that the software brings: every key with its default and a comment."""
SCHEMA_LINE = "# yaml-language-server: $schema="
COMMENT_COLUMN = 31
STEP = 2
"""Of indent: keys of a section stand so deep."""


def read_page() -> str:
    """Return the page that the software brings.

    Raises
    ------
    ConfigError
        If it is not there: the software was installed without it.
    """
    try:
        return PAGE.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{PAGE}, the page that new studies begin with, cannot be read: {error.strerror}. Run `study` "
            "from a checkout of the software (`make study` makes it ready)."
        ) from None


def fill_page(page: str, values: Mapping[str, Any]) -> str:
    """Return a page with other values.

    Parameters
    ----------
    values
        By place: ``{"title": "Chorales", "clips.per_system": 20}``.

    Raises
    ------
    KeyError
        If a key does not stand on a line of its own.
    """
    lines: list[str] = []
    section, replaced_indent = "", None
    wanted = dict(values)
    for line in page.splitlines():
        indent, key, rest = _split_line(line)
        if replaced_indent is not None and len(indent) > replaced_indent and line.strip():
            continue  # the old value, where it took lines of its own
        replaced_indent = None
        section = section if indent else key or section
        place = f"{section}.{key}" if len(indent) == STEP else key
        if key and len(indent) <= STEP and place in wanted:
            lines.append(_write_line(f"{indent}{key}:", wanted.pop(place), rest))
            replaced_indent = len(indent)
        else:
            lines.append(line)
    if wanted:
        raise KeyError(f"not on the page: {', '.join(wanted)}")
    return "\n".join(lines) + "\n"


def point_to_schema(page: str, schema: str) -> str:
    """Return a page whose first line tells editors where the schema of its keys is."""
    kept = [line for line in page.splitlines() if not line.startswith(SCHEMA_LINE)]
    return "\n".join([SCHEMA_LINE + schema, *kept]) + "\n"


def list_comments(page: str) -> dict[str, str]:
    """Return the comment beside each key of a page, by place; keys without one are left out."""
    comments, section = {}, ""
    for line in page.splitlines():
        indent, key, rest = _split_line(line)
        if not key or len(indent) > STEP:
            continue
        section = section if indent else key
        comment = _split_comment(rest)
        if comment:
            comments[f"{section}.{key}" if indent else key] = comment.removeprefix("# ")
    return comments


def _split_line(line: str) -> tuple[str, str, str]:
    """Return indent, key and what is behind its colon; no key where the line has none."""
    found = re.match(r"( *)([a-z0-9_]+):(?= |$)(.*)$", line)
    if found:
        return found[1], found[2], found[3]
    return line[: len(line) - len(line.lstrip())], "", ""


def _write_line(start: str, value: object, rest: str) -> str:
    text = f"{start} {_write_value(value)}"
    return f"{text.ljust(COMMENT_COLUMN - 2)}  {_split_comment(rest)}".rstrip()


def _write_value(value: object) -> str:
    """Return a value as YAML on one line."""
    yaml, text = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = True, 10_000, True
    yaml.dump({"value": value}, text)
    return text.getvalue().strip().removeprefix("{value: ").removesuffix("}")


def _split_comment(rest: str) -> str:
    """Return the comment at the end of a line; a # inside quotes begins none."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", lambda text: "x" * len(text[0]), rest)
    place = re.search(r"(?:^|\s)(#.*)$", bare)
    return rest[place.start(1) :] if place else ""
