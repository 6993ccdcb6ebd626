"""The published schema of config.yaml is the config's own, and editors can use it."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from study_core.json_schema import DIALECT, make_schema


def validate(text: str) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(make_schema())
    return [error.message for error in validator.iter_errors(YAML(typ="safe", pure=True).load(text))]


def test_the_published_schema_is_what_the_software_makes(repository: Path) -> None:
    published = json.loads((repository / "docs/config.schema.json").read_text(encoding="utf-8"))
    assert published == make_schema(), "run `make docs`"
    assert published["$schema"] == DIALECT


def test_the_shipped_config_points_to_its_schema_and_keeps_it(repository: Path) -> None:
    page = (repository / "config.yaml").read_text(encoding="utf-8")
    assert page.startswith("# yaml-language-server: $schema=docs/config.schema.json\n")
    assert validate(page) == []


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("seed: '7'\n", "is not of type"),
        ("corpus: {test_share: 3}\n", "3 is greater than or equal to the maximum of 0.5"),
        ("synthesis: {sample_rate: 44100}\n", "'sample_rate' was unexpected"),
        ("clips: {systems: lstm}\n", "is not of type"),
        ("recruitment: {languages: [tlh]}\n", "is not one of"),
    ],
)
def test_an_editor_underlines_what_the_software_refuses(mistake: str, message: str) -> None:
    assert message in " ".join(validate(mistake))


def test_a_folder_as_a_system_is_no_mistake() -> None:
    assert validate("clips: {systems: [lstm, {theirs: /somewhere}]}\n") == []


def test_every_key_that_has_a_comment_on_the_page_tells_it_in_the_editor() -> None:
    schema: dict[str, Any] = make_schema()
    told = schema["$defs"]["ClipsConfig"]["properties"]["per_system"]["description"]
    assert told == "clips of each system, human included"
