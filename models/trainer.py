"""Trains a study's generators: what is at hand stays, what is released for its pieces is taken."""

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from models.article_plots import draw_losses
from models.backend import load_backend
from models.batches import Song, normalize_key
from models.checkpoints import Checkpoints, remove_checkpoint
from models.corpus import load_pieces
from models.history import describe_progress, write_training
from models.released import CARD_FILE, find_released, use_released
from models.weights import WEIGHTS_FILE, load_weights, save_weights, training_inputs
from study_core.config import Config
from study_core.console import say, show_progress
from study_core.frozen import refuse_frozen
from study_core.manifest import is_current, stamp_stage
from study_core.types import Split

if TYPE_CHECKING:  # importing them loads TensorFlow
    from models.article_gan import ArticleGANTraining
    from models.article_lstm import ArticleLSTMTraining
    from models.gan import GANTraining
    from models.training import LSTMTraining

    Learner = LSTMTraining | GANTraining | ArticleLSTMTraining | ArticleGANTraining

ARTICLE = ("article_lstm", "article_gan")

log = logging.getLogger(__name__)


def train_generator(system: str, config: Config, *, restart: bool = False) -> None:
    """Train a generator and what it starts from, unless they are at hand; say what was done.

    Raises
    ------
    StudyError
        If the corpus is not prepared, or people take part in the study already.
    """
    if not restart and _is_at_hand(system, config):
        return
    if system == "gan" and not _is_at_hand("lstm", config):
        _train("lstm", config)
    refuse_frozen(config, f"the {system}")
    if restart:
        remove_checkpoint(config.folders.models / system)
    _train(system, config)


def _is_at_hand(system: str, config: Config) -> bool:
    """Tell whether a generator needs no training: it is trained, or released weights are now the study's."""
    folder, inputs = config.folders.models / system, training_inputs(system, config)
    if is_current(folder, inputs):
        say(f"The {system} is trained and up to date: {folder}")
        return True
    # A training that was begun anew on purpose goes on.
    released = None if Checkpoints(folder, inputs).are_kept() else find_released(system, config)
    if not released:
        return False
    refuse_frozen(config, f"the {system}")
    use_released(system, config, released)
    say(f"The {system} is released for these pieces, see {folder / CARD_FILE}; --restart trains it anew")
    return True


def _train(system: str, config: Config) -> None:
    refuse_frozen(config, f"the {system}")
    folder, inputs = config.folders.models / system, training_inputs(system, config)
    (folder / CARD_FILE).unlink(missing_ok=True)  # of released weights that were there
    if system == "markov":
        files, result = _count_markov(folder, config), ""
    else:
        files, result = _train_network(system, config, Checkpoints(folder, inputs))
    stamp_stage(folder, inputs, files)
    remove_checkpoint(folder)
    say(f"The {system} is trained{result}: {folder}")


def _count_markov(folder: Path, config: Config) -> list[Path]:
    from models.markov import train_markov

    save_weights(folder / WEIGHTS_FILE, train_markov(_load_songs(config, "train")))
    return [folder / WEIGHTS_FILE]


def _train_network(system: str, config: Config, checkpoints: Checkpoints) -> tuple[list[Path], str]:
    """Train, write weights, history and plot; return these files, and the result in words."""
    log.info("Loading Keras")
    load_backend()
    training = _start_training(system, config)
    step = checkpoints.restore(training)
    if step:
        log.info("Going on behind step %d of %d", step, training.n_steps)
    with show_progress(f"Training the {system}", training.n_steps) as bar:
        bar.advance(step)
        for progress in training.run():
            bar.advance()
            bar.describe(describe_progress(progress))
            checkpoints.keep(training, progress)
    files = write_training(config.folders.models / system, training.weights, training.history)
    if system in ARTICLE:
        draw_losses(files[-1], system, training.history)
    return files, _describe_result(system, training)


def _load_songs(config: Config, split: Split) -> list[Song]:
    return [normalize_key(prepared.score) for prepared in load_pieces(config.folders, split)]


def _start_training(system: str, config: Config) -> "Learner":
    if system in ARTICLE:
        from models.article_training import start_article_training

        return start_article_training(system, config)
    from models.gan import GANTraining
    from models.training import LSTMTraining

    songs, held_out = _load_songs(config, "train"), _load_songs(config, "validation")
    if system == "lstm":
        return LSTMTraining(songs, held_out, config.training.lstm_steps, config.seed)
    lstm = load_weights(config.folders.models / "lstm" / WEIGHTS_FILE)
    return GANTraining(songs, held_out, lstm, config.training.gan_steps, config.seed)


def _describe_result(system: str, training: "Learner") -> str:
    if math.isinf(training.validation_bits):
        return ""  # the article's GAN has no likelihood
    return f", {training.validation_bits:.2f} bits per held-out {'token' if system in ARTICLE else 'note'}"
