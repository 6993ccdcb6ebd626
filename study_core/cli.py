"""The `study` command; a stage is imported only when one of its commands runs."""

import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study_core.console import say, set_up_logging
from study_core.errors import StudyError, explain_refusal

if TYPE_CHECKING:
    from study_core.config import Config

# In the order of the flow: name -> (module, attribute, help). The help stands here so that
# `study --help` loads no stage; a test holds it equal to the command's own.
COMMANDS = {
    "init": ("study_core.init_cli", "init", "Begin a study: a few questions, a commented config.yaml."),
    "demo": ("study_core.demo_cli", "demo", "Run a tiny study once through, with simulated listeners."),
    "corpus": ("models.cli", "corpus", "Import, list and check MIDI."),
    "train": ("models.training_cli", "train", "Train a generator."),
    "generate": ("models.cli", "generate", "Compose clips."),
    "evaluate": ("models.evaluation_cli", "evaluate", "Measure how close clips are to real music."),
    "render": ("synthesis.cli", "render", "Turn clips into stimuli."),
    "prepare": ("study_core.cli", "prepare", "Make what is missing or changed, corpus to stimuli."),
    "check": ("study_core.check_cli", "check", "Say what is missing before going live."),
    "serve": ("study_server.cli", "serve", "Run the study server."),
    "run": ("study_core.cli", "run", "Prepare, then serve."),
    "simulate": ("study_server.cli", "simulate", "Send listeners of known skill through the server."),
    "backup": ("study_server.cli", "backup", "Copy the store into one new file, also while the study runs."),
    "restore": ("study_server.cli", "restore", "Fill an empty store from a backup."),
    "export": ("study_server.data_cli", "export", "Write the data set."),
    "import": ("study_server.data_cli", "import_", "Put a data set into an empty store."),
    "forget": ("study_server.data_cli", "forget", "Delete what is stored about a person who asks for it."),
    "analyze": ("analysis.cli", "analyze", "Turn judgments into a report."),
    "share": ("study_server.share_cli", "share", "Write a page of a study's results for everybody."),
    "compare": ("analysis.compare_cli", "compare", "Compare two studies: how far apart rates and d' are."),
    "power": ("analysis.power_cli", "power", "Plan how many listeners and clips."),
    "config": ("study_core.cli", "config", "Check config.yaml and list its keys."),
}
ACTIONABLE_EXIT_STATUS = 2
THIS_PROGRAM = (sys.executable, "-P", "-m", "study_core.cli")
"""Without -P, a script of the researcher's own in the folder, such as `analysis.py`, would be run as ours."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options that every command shares."""

    config_path: Path
    data_dir: Path | None
    quiet: bool

    def load(self) -> "Config":
        """Return the study's config."""
        from study_core.config import load_config

        return load_config(self.config_path, data_dir=self.data_dir)

    def as_arguments(self) -> list[str]:
        """Return the options as they stand on a command line."""
        data_dir = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        return ["--config", str(self.config_path), *data_dir, *(["--quiet"] if self.quiet else [])]


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (Click's signature)
        """Return the names, in the order of the flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The study's config file.",
)
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Use this data folder instead of the config's."
)
@click.option("--quiet", is_flag=True, help="Say only what went wrong and the result.")
@click.version_option(package_name="whos-that-composer")
@click.pass_context
def cli(ctx: click.Context, config_path: Path, data_dir: Path | None, quiet: bool) -> None:  # noqa: FBT001
    """Run a musical Turing test: compose, render, ask, analyze."""
    set_up_logging(quiet=quiet)
    ctx.obj = Options(config_path, data_dir, quiet)


@click.command()
@click.pass_obj
def prepare(options: Options) -> None:
    """Make what is missing or changed, corpus to stimuli.

    Each stage runs in a process of its own, so that what it loads is gone when it ends.
    """
    config = options.load()
    config.clips.check_folders()
    stages = [
        *([["corpus", "prepare"]] if config.clips.needs_corpus else []),
        *(["train", system] for system in config.clips.trained),
        ["generate"],
        ["render"],
        *([["render", "--screening"]] if config.screening.tests else []),
    ]
    for stage in stages:
        _run_stage(options, stage)
    say(f"Stimuli are ready in {config.folders.stimuli}")


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Prepare, then serve."""
    ctx.invoke(prepare)
    serve = cli.get_command(ctx, "serve")
    if serve is not None:
        ctx.invoke(serve)


@click.command()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of config.yaml instead, for editors.")
@click.pass_obj
def config(options: Options, *, schema: bool) -> None:
    """Check config.yaml and list its keys."""
    if schema:
        from study_core.json_schema import print_schema

        say(print_schema())
        return
    for line in list_keys(options.load()):
        say(line)


def list_keys(section: "Config") -> list[str]:
    """Return a line `key: value` for every key of a config."""
    lines = []
    for name, value in section.model_dump().items():
        nested = isinstance(value, dict)
        lines += [f"{name}.{key}: {item}" for key, item in value.items()] if nested else [f"{name}: {value}"]
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error that a person can act on is printed without a traceback."""
    # Before NumPy is loaded: on small matrices the threads of its BLAS cost more than they give, 20 times as
    # much where other programs run. Work that is worth it is spread over processes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        cli.main(args=arguments, standalone_mode=False)
    except StudyError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ACTIONABLE_EXIT_STATUS)
    except OSError as error:
        refusal = explain_refusal(error)
        if refusal is None:
            raise
        click.echo(f"Error: {refusal}", err=True)
        sys.exit(ACTIONABLE_EXIT_STATUS)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped; what was finished is kept.", err=True)
        sys.exit(130)


def _run_stage(options: Options, stage: Sequence[str]) -> None:
    command = [*THIS_PROGRAM, *options.as_arguments(), *stage]
    status = subprocess.run(command, check=False).returncode  # noqa: S603 (our own interpreter)
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
