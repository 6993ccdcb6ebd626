"""The commands `study corpus` and `study generate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from study_core.cli import Options
from study_core.console import say, show_progress
from study_core.errors import CorpusError, list_problems
from study_core.folders import CLIPS_FILE

if TYPE_CHECKING:
    from models.corpus import CorpusStage
    from models.sources import Source
    from study_core.config import Config


@click.group()
def corpus() -> None:
    """Import, list and check MIDI."""


@corpus.command()
@click.pass_obj
def prepare(options: Options) -> None:
    """Read, cluster and split the corpus of the config's corpus.source."""
    from models.corpus import PIECES_FILE
    from study_core.frozen import refuse_frozen

    config = options.load()
    stage = _open_stage(config)
    source = stage.source
    path = config.folders.corpus / PIECES_FILE
    if stage.is_current():
        say(f"The pieces of {source.name} are up to date: {path}")
        return
    refuse_frozen(config, "the pieces")
    _read(stage)
    pieces = stage.write()
    n_songs = len({piece.song_cluster for piece in pieces})
    say(f"{len(pieces)} pieces of {source.name} in {n_songs} song clusters: {path}")


@corpus.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", help="What corpus.source calls it; the folder's name where not given.")
@click.pass_obj
def add(options: Options, folder: Path, name: str | None) -> None:
    """Copy a folder of MIDI into the study's data.

    Every file is read; those that cannot be used are named, the others are added, and the exit status is 2.
    """
    from models.corpus import add_corpus, slug

    corpora = options.load().folders.corpus
    name = name or slug(folder.resolve().name)
    n_added, problems = add_corpus(folder, name, corpora)
    if problems:
        heading = f"{n_added} files were added to {corpora / name}, but {len(problems)} were not:"
        raise CorpusError(list_problems(heading, problems))
    say(f"{n_added} files were added to {corpora / name}; use them with corpus.source: {name}")


@corpus.command()
@click.option("--count", type=click.IntRange(20), help="Only so many, the first ones; all by default.")
@click.pass_obj
def chorales(options: Options, count: int | None) -> None:
    """Convert the Bach chorales that come with music21.

    `study prepare` does so by itself; fewer are quicker.
    """
    from models.sources import CHORALES
    from study_core.frozen import refuse_frozen

    config = options.load()
    folder = config.folders.corpus / CHORALES
    if folder.is_dir():
        raise CorpusError(f"{folder} is there already. Remove it to have it made again.")
    refuse_frozen(config, "the corpus")
    _convert_chorales(folder, count)
    say(f"The chorales are in {folder}; use them with corpus.source: {CHORALES}")


@corpus.command(name="list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the corpora in the study's data."""
    from models.corpus import list_corpora

    folders = options.load().folders
    for line in list_corpora(folders) or [f"There is no corpus in {folders.corpus}"]:
        say(line)


@corpus.command()
@click.option("--html/--no-html", default=True, help="Whether to write the page with every piece too.")
@click.pass_obj
def show(options: Options, *, html: bool) -> None:
    """Show what the corpus of the config's corpus.source is like.

    Its splits, songs, lengths and tempi, and what was refused or changed; the page shows every piece.
    """
    from rich.console import Console

    from models.corpus_facts import read_facts
    from models.corpus_page import PAGE_FILE, write_page
    from models.corpus_table import make_tables

    config = options.load()
    stage = _open_stage(config)
    _read(stage)
    facts = read_facts(stage)
    Console().print(make_tables(facts))
    for problem in facts.problems:
        say(f"Not used: {problem}")
    if html:
        say(f"Every piece: {write_page(facts, config.folders.corpus / PAGE_FILE)}")


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Compose loose clips into this folder instead of the study's clips.",
)
@click.option("--system", help="Who composes: lstm, gan, markov or a generator of another package.")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many clips.")
@click.option("--bars", type=click.IntRange(1, 512), help="Their length in bars.")
@click.option("--seconds", type=click.FloatRange(1, 1200), help="Or in seconds, to the nearest bar line.")
@click.option("--seed", type=click.IntRange(min=0), help="Other seeds, other clips; the config's by default.")
@click.option(
    "--primer",
    metavar="any|none|PIECE",
    default="any",
    show_default=True,
    help="Training piece whose music they go on from, by id or title.",
)
@click.option("--temperature", type=click.FloatRange(0, 2, min_open=True), help="Lower is tamer.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="Share of probability kept.")
@click.pass_context
def generate(ctx: click.Context, /, out: Path | None, **wanted: Any) -> None:
    """Compose clips.

    Human clips are excerpts of the test pieces; the generators compose the others. With --out it composes
    loose clips of one system instead, such as

    \b
        study generate --system lstm --count 3 --bars 16 --seed 7 --out FOLDER

    and writes MIDI files and where each comes from (clips.csv). The same options give the same files.
    """  # noqa: D301 (\b keeps the lines below it as they are)
    config = ctx.obj.load()
    given = [name for name in wanted if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if out is not None:
        _generate_loose(config, out, wanted)
        return
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} goes with --out FOLDER, for loose clips.")
    _generate_study(config)


def _generate_study(config: "Config") -> None:
    from models.clips import ClipStage
    from study_core.frozen import refuse_frozen

    config.clips.check_folders()
    stage = ClipStage(config)
    path = config.folders.clips / CLIPS_FILE
    if stage.is_current():
        say(f"The clips are up to date: {path}")
        return
    refuse_frozen(config, "the clips")
    with show_progress("Composing", stage.n_clips) as bar:
        for clip_id in stage.compose():
            bar.advance()
            bar.describe(clip_id)
    say(f"{stage.n_clips} clips: {stage.write()}")


def _generate_loose(config: "Config", out: Path, wanted: dict[str, Any]) -> None:
    from models.generator import open_generator
    from models.loose import Order, compose_loose, write_loose

    if wanted["system"] is None or (wanted["bars"] is None) == (wanted["seconds"] is None):
        raise click.UsageError("Loose clips need --system, and either --bars or --seconds.")
    decoding = {name: wanted.pop(name) for name in ("temperature", "top_p")}
    chosen = {name: value for name, value in decoding.items() if value is not None}
    config = config.model_copy(update={"clips": config.clips.model_copy(update=chosen)})
    seed = wanted.pop("seed")
    order = Order(**wanted, seed=config.seed if seed is None else seed)
    generator = open_generator(order.system, config.folders, config.clips)
    with show_progress("Composing", order.count) as bar:
        drafts = {}
        for i, draft in compose_loose(order, generator, config):
            drafts[i] = draft
            bar.advance()
    files = write_loose(order, drafts, out)
    say(f"{len(files)} clips of {order.system} in {out}")


def _open_stage(config: "Config") -> "CorpusStage":
    from models.corpus import CorpusStage

    return CorpusStage(_find_source(config), config.corpus, config.seed, config.folders)


def _read(stage: "CorpusStage") -> None:
    with show_progress(f"Reading {stage.source.name}", len(stage.source.files)) as bar:
        for _ in stage.read():
            bar.advance()


def _convert_chorales(folder: Path, count: int | None = None) -> None:
    from models.chorales import convert_chorales, list_chorales

    files = list_chorales()[:count]
    with show_progress("Converting chorales", len(files)) as bar:
        for _ in convert_chorales(files, folder):
            bar.advance()


def _find_source(config: "Config") -> "Source":
    from models.sources import CHORALES, find_source
    from study_core.frozen import refuse_frozen

    corpora = config.folders.corpus
    source = find_source(config.corpus.source, corpora)
    if source:
        return source
    refuse_frozen(config, "the corpus")
    _convert_chorales(corpora / CHORALES)
    return find_source(CHORALES, corpora) or _find_source(config)
