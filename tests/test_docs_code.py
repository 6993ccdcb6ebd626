"""Every block of code in the documents is run or checked."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click
import jsonschema_rs
import numpy as np
from ruamel.yaml import YAML

from analysis.responses import read_responses
from models.batches import normalize_key
from models.generator import Generator, Request
from models.tokens import TICKS_PER_BEAT
from study_core.cli import cli
from study_core.config import Config
from study_core.help_pages import WIDTH, write_help
from study_core.json_schema import make_schema
from study_core.own_music import look_at
from study_server.login import PASSWORD_VARIABLE
from study_server.security import KEY_VARIABLE
from study_server.store import URL_VARIABLE
from tests.models.conftest import make_score

REPOSITORY = Path(__file__).parent.parent
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(REPOSITORY / folder / "README.md" for folder in ("data", "soundfonts")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:\A|\n\n)    [^\s*]")
COMMAND = re.compile(r"`(study [^`\n]+)`")
HERE = "tests/test_docs_code.py"
HELD = {
    ("*", "sh"): f"{HERE}::test_every_command_of_the_documents_is_one",
    ("*", "yaml"): f"{HERE}::test_every_piece_of_config_can_be_met",
    ("own-generator.md", "python"): f"{HERE}::test_the_generator_of_the_documents_is_one",
    ("own-generator.md", "toml"): f"{HERE}::test_the_entry_point_of_the_documents_is_the_one_that_is_read",
    ("own-audio.md", "text"): f"{HERE}::test_the_folder_of_recordings_of_the_documents_makes_a_study",
    ("deploy.md", "text"): f"{HERE}::test_what_the_deployment_sets_is_what_is_read",
    ("own-judgments.md", "text"): f"{HERE}::test_the_tables_of_the_documents_can_be_read",
    ("analysis-in-r.md", "r"): "tests/test_docs_in_r.py::test_the_page_finds_in_r_what_the_report_says",
    ("data-dictionary.md", "python"): "tests/study_server/test_dictionary.py::test_the_pages_examples_run",
    ("data-dictionary.md", "r"): "tests/study_server/test_dictionary.py::test_the_pages_examples_run",
    (
        "CONTRIBUTING.md",
        "*",
    ): "tests/test_contributing.py::test_the_way_to_a_new_figure_leads_into_the_report",
    ("benchmarks.md", "text"): f"{HERE}::test_the_page_of_benchmarks_is_what_they_printed",
    ("commands.md", "text"): f"{HERE}::test_what_commands_print_is_pasted_from_them",
}
"""Which test holds the blocks of a page and a kind."""
OTHER_PROGRAMS = {
    ".",
    "cd",
    "chown",
    "cp",
    "export",
    "find",
    "make",
    "mkdir",
    "python",
    "set",
    "source",
    "sudo",
    "uv",
}
ELLIPSES = {"COMMAND", "FILE", "FOLDER", "..."}
"""What stands for something in a sentence."""
RUNNER = ["docker", "compose", "exec", "study"]


def list_blocks(kind: str) -> list[tuple[str, str]]:
    """Return the blocks of a kind, each with its page's name."""
    return [
        (page.name, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE))
        for page in PAGES
        for indent, named, code in FENCE.findall(page.read_text(encoding="utf-8"))
        if named == kind
    ]


def list_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield the words of every command of the blocks, each with its page's name."""
    for page, block in list_blocks("sh"):
        words = shlex.shlex(block.replace("\\\n", " ").replace("\n", ";"), posix=True, punctuation_chars=";&")
        words.whitespace_split = True
        for is_mark, command in groupby(words, key=lambda word: set(word) <= set(";&")):
            if not is_mark:
                yield page, strip_runner([*command])


def strip_runner(words: list[str]) -> list[str]:
    """Return a command without what runs it somewhere else, or gives it variables."""
    while "=" in words[0]:
        words = words[1:]
    return words[len(RUNNER) :] if words[: len(RUNNER)] == RUNNER else words


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
        is_group = isinstance(error, click.exceptions.NoArgsIsHelpError)
        return "" if is_group or "does not exist" in error.message else error.message
    except click.exceptions.Exit:
        return ""  # it only says something, such as --version


def test_every_block_says_what_it_is_and_a_test_holds_it() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not INDENTED.search(FENCE.sub("", text)), f"{page.name}: a block without a fence"
        for _, kind, code in FENCE.findall(text):
            held = {(page.name, kind), (page.name, "*"), ("*", kind)} & set(HELD)
            assert held, f"{page.name}: no test holds this block of {kind or 'no kind'}:\n{code}"


def test_every_test_that_holds_blocks_exists() -> None:
    for test in HELD.values():
        file, name = test.split("::")
        assert f"def {name}(" in (REPOSITORY / file).read_text(encoding="utf-8"), test


def test_every_command_of_the_documents_is_one() -> None:
    problems = []
    for page, (program, *arguments) in list_commands():
        name = Path(program).name or program
        assert name in {"study", *OTHER_PROGRAMS}, (page, program, arguments)
        error = find_usage_error(arguments) if name == "study" else find_missing(name, arguments)
        problems += [f"{page}: {program} {shlex.join(arguments)}: {error}"] if error else []
    assert problems == []


def find_missing(program: str, arguments: list[str]) -> str:
    """Return what a command of another program names that is not ours, or nothing."""
    if program == "make":
        rules = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        return next((f"no rule {rule}" for rule in arguments if f"\n{rule}:" not in rules), "")
    if program == "python":
        module = arguments[1].replace(".", "/") + ".py" if arguments[0] == "-m" else arguments[0]
        return "" if (REPOSITORY / module).exists() else f"no file {module}"
    return ""


def test_shells_can_read_the_blocks() -> None:
    blocks = "\n".join(block for _, block in list_blocks("sh"))
    done = subprocess.run(["bash", "-n"], input=blocks, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_every_command_in_a_sentence_is_one() -> None:
    problems = [
        f"{page.name}: {command}: {error}"
        for page in PAGES
        for command in COMMAND.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        if not (ELLIPSES & set(command.split())) and (error := find_usage_error(shlex.split(command)[1:]))
        if "requires an argument" not in error  # a sentence may name an option alone
    ]
    assert problems == []


def test_a_wrong_option_would_be_noticed() -> None:
    assert "No such option" in find_usage_error(["serve", "--prot", "1"])
    assert "No such command" in find_usage_error(["corpus", "ad", "folder"])


def test_every_piece_of_config_can_be_met() -> None:
    validator = jsonschema_rs.Draft202012Validator(make_schema())
    for page, block in list_blocks("yaml"):
        values = YAML(typ="safe", pure=True).load(block)
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


def test_the_folder_of_recordings_of_the_documents_makes_a_study(tmp_path: Path) -> None:
    (block,) = [text for page, text in list_blocks("text") if page == "own-audio.md"]
    root, *folders = block.splitlines()
    for folder in folders:
        name, *files = folder.split()
        for file in files:
            path = tmp_path / root.strip() / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if file != "...":
                path.touch()
    found = look_at(tmp_path / root.strip())
    assert found.is_recorded
    assert {system: len(files) for system, files in found.recordings.items()} == {"human": 2, "suno": 2}


def test_the_tables_of_the_documents_can_be_read(tmp_path: Path) -> None:
    tables = [text for page, text in list_blocks("text") if page == "own-judgments.md"]
    for table, paradigm in zip(tables, ("yes_no", "pairs"), strict=True):
        (tmp_path / "table.csv").write_text(table, encoding="utf-8")
        assert read_responses(tmp_path / "table.csv").paradigm == paradigm


def test_what_the_deployment_sets_is_what_is_read() -> None:
    blocks = "\n".join(text for page, text in list_blocks("text") if page == "deploy.md")
    composed = (REPOSITORY / "deploy/compose.yaml").read_text(encoding="utf-8")
    known = {*re.findall(r"\$\{(\w+)", composed), KEY_VARIABLE, PASSWORD_VARIABLE, URL_VARIABLE}
    assert set(re.findall(r"^([A-Z_]+)=", blocks, re.MULTILINE)) == known
    timed = [re.sub(r"\$\(.*?\)", "now", line) for line in blocks.splitlines() if line[:1].isdigit()]
    commands = [line.split("; ")[-1].split("bin/study ")[1] for line in timed if "bin/study " in line]
    assert [find_usage_error(shlex.split(command)) for command in commands] == [""]


def test_what_commands_print_is_pasted_from_them() -> None:
    page = (REPOSITORY / "docs/commands.md").read_text(encoding="utf-8")
    helped = cli.get_help(click.Context(cli, info_name="study", terminal_width=WIDTH))
    for printed in (helped, write_help(cli)):
        assert printed in page, "docs/commands.md is stale: run `make docs`"
        assert "\\b" not in printed, "a raw docstring shows Click's mark for lines that stay as they are"


def test_the_page_of_benchmarks_is_what_they_printed() -> None:
    page = (REPOSITORY / "docs/benchmarks.md").read_text(encoding="utf-8")
    kept = json.loads((REPOSITORY / "benchmarks/claims.json").read_text(encoding="utf-8"))
    assert kept
    for name, found in kept.items():
        assert f"```text\n{found['printed'].rstrip()}\n```" in page, name


def test_the_entry_point_of_the_documents_is_the_one_that_is_read() -> None:
    import tomllib

    from study_core.systems import GENERATOR_GROUP

    (block,) = [text for page, text in list_blocks("toml") if page == "own-generator.md"]
    assert tomllib.loads(block)["project"]["entry-points"] == {
        GENERATOR_GROUP: {"walker": "my_package:Walker"}
    }
