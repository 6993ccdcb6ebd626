"""`study init`: a few questions, and a study stands in a folder."""

import sys
from pathlib import Path
from typing import Any

import click

from study_core.console import say
from study_core.languages import LANGUAGES
from study_core.platforms import PLATFORMS


class Listed(click.ParamType[tuple[str, ...]]):
    """Names such as lstm,gan, each once."""

    name = "name,name"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names."""
        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in str(value).split(",") if name.strip()]
        if len(set(names)) < len(names):
            self.fail(f"{value} names one twice", param, ctx)
        return tuple(names)


class Question(click.Option):
    """An option that is asked for where somebody sits at the terminal, and has its default elsewhere."""

    def prompt_for_value(self, ctx: click.Context) -> Any:
        """Return the answer; without a terminal, or with --yes, the default."""
        # What was not given is no None here yet, but Click's UNSET, which is true.
        asks_nothing = ctx.params.get("yes") is True or isinstance(ctx.params.get("old"), Path)
        if asks_nothing or not sys.stdin.isatty():
            return self.get_default(ctx)
        return super().prompt_for_value(ctx)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path(), required=False)
@click.option("--yes", is_flag=True, is_eager=True, help="Ask nothing: what is not given has its default.")
@click.option(
    "--from",
    "old",
    is_eager=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Instead begin the next version of the study in that folder.",
)
@click.option(
    "--title",
    cls=Question,
    prompt="Title, as participants see it",
    default="Who's That Composer?",
    show_default=True,
    help="As participants see it.",
)
@click.option(
    "--music",
    cls=Question,
    prompt="Music: pokemon, chorales, a folder of MIDI, or one of recordings (a folder per system in it)",
    default="pokemon",
    show_default=True,
    help="pokemon, chorales, a folder of MIDI, or a folder with a folder of recordings for each system in "
    "it, one of them `human`.",
)
@click.option(
    "--systems",
    cls=Question,
    type=Listed(),
    prompt="Generators (lstm, gan, markov, NAME=FOLDER; empty: what suits the music)",
    default="",
    help="Such as lstm,gan,markov,theirs=FOLDER.  [default: lstm,gan, or the folders of recordings]",
)
@click.option(
    "--listeners",
    cls=Question,
    type=click.IntRange(2),
    prompt="How many listeners shall finish",
    default=40,
    show_default=True,
    help="How many shall finish: results stay hidden until then.",
)
@click.option(
    "--languages",
    cls=Question,
    type=Listed(),
    prompt="Languages",
    default=",".join(LANGUAGES),
    show_default=True,
    help="That participants may choose from; the first is for browsers that want none of them.",
)
@click.option(
    "--platform",
    cls=Question,
    type=click.Choice(tuple(PLATFORMS)),
    prompt="Where do participants come from",
    default="link",
    show_default=True,
    help="Where participants come from; link: you share it yourself.",
)
@click.option(
    "--contact",
    cls=Question,
    prompt="Whom may participants ask (name and address)",
    default="the researcher who gave you this link",
    show_default=True,
    help="Whom participants may ask, in the consent document.",
)
def init(folder: Path, *, yes: bool, old: Path | None, **answers: Any) -> None:  # noqa: ARG001 (read while asking)
    """Begin a study: a few questions, a commented config.yaml.

    Writes FOLDER/config.yaml, and nothing where one is there already. Every question has an option, so
    that scripts need not be asked:

    \b
        study init my-study --music ~/my-midi --systems lstm,markov --listeners 30
    """  # noqa: D301 (\b keeps the lines below it as they are)
    from study_core.beginning import CONFIG_FILE, Wishes, begin_study, refuse_overwriting
    from study_core.next_version import begin_version

    refuse_overwriting(folder)
    if old is not None:
        config = begin_version(folder, old)
        say(f"Version {config.version} of {old}: {folder / CONFIG_FILE}")
    else:
        begin_study(folder, Wishes(**answers))
        say(f"A new study: {folder / CONFIG_FILE}")
    here = "" if folder == Path() else f"cd {folder} && "
    say(f"Read that page, then: {here}study prepare && study check && study serve")
