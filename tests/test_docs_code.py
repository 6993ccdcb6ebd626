"""Every block of code in the documents is run or checked."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema_rs
import numpy as np
from ruamel.yaml import YAML

from models.batches import normalize_key
from models.generator import Generator, Request
from models.tokens import TICKS_PER_BEAT
from study_core.cli import cli
from study_core.config import Config
from study_core.json_schema import make_schema
from tests.models.conftest import make_score

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
KINDS = {"sh", "python", "yaml", "toml", "text", "r"}
OTHER_PROGRAMS = {"cd", "export", "make", "python", "source", "uv"}


def list_blocks(kind: str) -> list[tuple[str, str]]:
    """Return the blocks of a kind, each with its page's name."""
    return [
        (page.name, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
        for page in PAGES
        for indent, named, code in FENCE.findall(page.read_text(encoding="utf-8"))
        if named == kind
    ]


def list_commands() -> Iterator[tuple[str, str]]:
    for page, block in list_blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.strip().startswith("#"):
                yield page, line


def find_usage_error(arguments: list[str]) -> str:
    """Return what the command line says against these arguments; files need not be there."""
    command: click.Command = cli
    context: click.Context | None = None
    try:
        while True:
            context = command.make_context(command.name, arguments, parent=context, obj=None)
            if not isinstance(command, click.Group):
                return ""
            arguments = [*context._protected_args, *context.args]
            _, found, arguments = command.resolve_command(context, arguments)
            assert found is not None
            command = found
    except click.UsageError as error:
        return "" if "does not exist" in error.message else error.message


def test_every_block_says_what_it_is() -> None:
    kinds = {named for page in PAGES for _, named, _ in FENCE.findall(page.read_text(encoding="utf-8"))}
    assert kinds <= KINDS


def test_every_command_of_the_documents_is_one() -> None:
    problems = []
    for page, line in list_commands():
        program, *arguments = shlex.split(line, comments=True)
        assert Path(program).name in {"study", *OTHER_PROGRAMS}, (page, line)
        error = find_usage_error(arguments) if Path(program).name == "study" else ""
        problems += [f"{page}: {line}: {error}"] if error else []
    assert problems == []


def test_a_wrong_option_would_be_noticed() -> None:
    assert "No such option" in find_usage_error(["serve", "--prot", "1"])
    assert "No such command" in find_usage_error(["corpus", "ad", "folder"])


def test_every_piece_of_config_can_be_met() -> None:
    validator = jsonschema_rs.Draft202012Validator(make_schema())
    for page, block in list_blocks("yaml"):
        values = YAML(typ="safe").load(block)
        assert [error.message for error in validator.iter_errors(values)] == [], page
        Config.model_validate(values, strict=False)


def test_every_block_of_python_can_be_read() -> None:
    for page, block in list_blocks("python"):
        compile(block, page, "exec")


def test_the_generator_of_the_documents_is_one() -> None:
    (block,) = [text for page, text in list_blocks("python") if page == "own-generator.md"]
    names: dict[str, type] = {}
    exec(compile(block, "own-generator.md", "exec"), names)  # noqa: S102 (our own page)
    walker = names["Walker"](None, None)
    assert isinstance(walker, Generator)
    request = Request(
        primer=normalize_key(make_score(1)), primer_ticks=96, n_ticks=32 * TICKS_PER_BEAT, seed=3
    )
    first, again = walker.compose([request, request])
    assert np.array_equal(first.notes, again.notes)
    assert first.end_tick == request.n_ticks


def test_the_entry_point_of_the_documents_is_the_one_that_is_read() -> None:
    import tomllib

    from study_core.systems import GENERATOR_GROUP

    (block,) = [text for page, text in list_blocks("toml") if page == "own-generator.md"]
    assert tomllib.loads(block)["project"]["entry-points"] == {
        GENERATOR_GROUP: {"walker": "my_package:Walker"}
    }
