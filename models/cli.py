"""The commands of this folder: `study corpus`, `study train` and `study generate`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from models.backend import load_backend
from models.batches import normalize_key
from models.chorales import convert_chorales, list_chorales
from models.corpus import PIECES_FILE, CorpusStage, add_corpus, list_corpora, load_pieces, slug
from models.history import describe_progress, write_training
from models.sources import CHORALES, Source, find_source
from models.weights import WEIGHTS_FILE, load_weights, training_inputs
from study_core.cli import Options
from study_core.config import Config
from study_core.console import say, show_progress
from study_core.errors import CorpusError, list_problems
from study_core.manifest import is_current, stamp_stage
from study_core.systems import GENERATORS

if TYPE_CHECKING:  # importing them loads TensorFlow
    from models.gan import GANTraining
    from models.training import LSTMTraining

log = logging.getLogger(__name__)


@click.group()
def corpus() -> None:
    """Import, list and check MIDI."""


@corpus.command()
@click.pass_obj
def prepare(options: Options) -> None:
    """Read, cluster and split the corpus of the config's corpus.source."""
    config = options.load()
    source = _find_source(config)
    stage = CorpusStage(source, config.corpus, config.seed, config.folders)
    path = config.folders.corpus / PIECES_FILE
    if stage.is_current():
        say(f"The pieces of {source.name} are up to date: {path}")
        return
    with show_progress(f"Reading {source.name}", len(source.files)) as bar:
        for _ in stage.read():
            bar.advance()
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
    corpora = options.load().folders.corpus
    name = name or slug(folder.resolve().name)
    n_added, problems = add_corpus(folder, name, corpora)
    if problems:
        heading = f"{n_added} files were added to {corpora / name}, but {len(problems)} were not:"
        raise CorpusError(list_problems(heading, problems))
    say(f"{n_added} files were added to {corpora / name}; use them with corpus.source: {name}")


@corpus.command(name="list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the corpora in the study's data."""
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
    source = _find_source(config)
    stage = CorpusStage(source, config.corpus, config.seed, config.folders)
    with show_progress(f"Reading {source.name}", len(source.files)) as bar:
        for _ in stage.read():
            bar.advance()
    facts = read_facts(stage)
    Console().print(make_tables(facts))
    for problem in facts.problems:
        say(f"Not used: {problem}")
    if html:
        say(f"Every piece: {write_page(facts, config.folders.corpus / PAGE_FILE)}")


@click.command()
@click.argument("system", type=click.Choice(GENERATORS))
@click.pass_obj
def train(options: Options, system: str) -> None:
    """Train a generator.

    The gan starts from the lstm's weights, which are trained first where they are missing.
    """
    config = options.load()
    for needed in ("lstm", "gan") if system == "gan" else ("lstm",):
        folder, inputs = config.folders.models / needed, training_inputs(needed, config)
        if is_current(folder, inputs):
            say(f"The {needed} is trained and up to date: {folder}")
            continue
        _train(needed, config, inputs)


@click.command()
@click.pass_obj
def generate(options: Options) -> None:
    """Compose clips.

    Human clips are excerpts of the test pieces; the generators compose the others.
    """
    from models.clips import CLIPS_FILE, ClipStage

    config = options.load()
    stage = ClipStage(config)
    path = config.folders.clips / CLIPS_FILE
    if stage.is_current():
        say(f"The clips are up to date: {path}")
        return
    with show_progress("Composing", stage.n_clips) as bar:
        for clip_id in stage.compose():
            bar.advance()
            bar.describe(clip_id)
    say(f"{stage.n_clips} clips: {stage.write()}")


def _find_source(config: Config) -> Source:
    corpora = config.folders.corpus
    source = find_source(config.corpus.source, corpora)
    if source:
        return source
    files = list_chorales()
    with show_progress("Converting chorales", len(files)) as bar:
        for _ in convert_chorales(files, corpora / CHORALES):
            bar.advance()
    return find_source(CHORALES, corpora) or _find_source(config)


def _train(system: str, config: Config, inputs: str) -> None:
    log.info("Loading Keras")
    load_backend()
    training = _start_training(system, config)
    with show_progress(f"Training the {system}", training.n_steps) as bar:
        for progress in training.run():
            bar.advance()
            bar.describe(describe_progress(progress))
    folder = config.folders.models / system
    files = write_training(folder, training.weights, training.history)
    stamp_stage(folder, inputs, files)
    say(f"The {system} is trained, {training.validation_bits:.2f} bits per held-out note: {folder}")


def _start_training(system: str, config: Config) -> "LSTMTraining | GANTraining":
    from models.gan import GANTraining
    from models.training import LSTMTraining

    songs = [normalize_key(prepared.score) for prepared in load_pieces(config.folders, "train")]
    held_out = [normalize_key(prepared.score) for prepared in load_pieces(config.folders, "validation")]
    if system == "lstm":
        return LSTMTraining(songs, held_out, config.training.lstm_steps, config.seed)
    lstm = load_weights(config.folders.models / "lstm" / WEIGHTS_FILE)
    return GANTraining(songs, held_out, lstm, config.training.gan_steps, config.seed)
