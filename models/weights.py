"""Weights on disk: floats in half precision, one small file that needs no TensorFlow; their origin."""

from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import Arrays, read_arrays, write_arrays
from models.corpus import PIECES_FILE, SCORES_FILE
from study_core.config import Config
from study_core.errors import StudyError
from study_core.manifest import fingerprint, sha256_file

WEIGHTS_FILE = "weights.npz"
VERSIONS = {"lstm": 2, "gan": 2, "markov": 1, "article_lstm": 1, "article_gan": 1}
"""Of each generator's training: raise one when the same pieces and settings become other weights."""
ARTICLE_SETTINGS = {
    "article_lstm": {"scale", "lstm_steps", "bidirectional", "faults"},
    "article_gan": {"scale", "gan_steps", "pretraining_steps", "faults"},
}
"""Keys of the config's `article` that each of its generators depends on."""

Weights = Arrays
"""Arrays by the names that Keras gives them, such as `lower/lstm_cell/kernel`."""


def save_weights(path: Path, weights: Weights) -> None:
    """Write weights, floats as float16: the held-out loss does not notice."""
    halves = {
        name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in weights.items()
    }
    write_arrays(path, halves)


def load_weights(path: Path) -> Weights:
    """Return the weights of a file, floats as float32.

    Raises
    ------
    StudyError
        If it is damaged.
    """
    arrays = read_arrays(path, f"Remove it and run `study train {path.parent.name}`.")
    return {
        name: array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in arrays.items()
    }


def training_inputs(system: str, config: Config) -> str:
    """Return the fingerprint of all that a training's weights depend on.

    Raises
    ------
    StudyError
        If the corpus is not prepared.
    """
    folders = config.folders
    needed = [folders.corpus / PIECES_FILE, folders.corpus / SCORES_FILE]
    if not all(path.exists() for path in needed):
        raise StudyError(f"{needed[0]} is missing. Run `study corpus prepare` to make it.")
    corpus = [sha256_file(path) for path in needed]
    return fingerprint("training", config.seed, corpus, training_settings(system, config))


def training_settings(system: str, config: Config) -> dict[str, Any]:
    """Return what decides a generator's weights beside pieces and seed, what it starts from included."""
    settings: dict[str, Any] = {f"{system}_version": VERSIONS[system]}
    if system == "lstm":
        settings["lstm_steps"] = config.training.lstm_steps
    if system == "gan":
        settings["gan_steps"] = config.training.gan_steps
        settings |= training_settings("lstm", config)
    if system in ARTICLE_SETTINGS:
        settings |= config.article.model_dump(include=ARTICLE_SETTINGS[system])
    return settings
