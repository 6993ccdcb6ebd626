"""Weights on disk: floats in half precision, one small file that needs no TensorFlow; their origin."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.corpus import PIECES_FILE, SCORES_FILE
from study_core.config import Config
from study_core.errors import StudyError
from study_core.manifest import fingerprint, sha256_file, write_bytes

WEIGHTS_FILE = "weights.npz"
_VERSION = 1  # raise it when the same pieces and steps become other weights

Weights = dict[str, NDArray[Any]]
"""Arrays by the names that Keras gives them, such as `lower/lstm_cell/kernel`."""


def save_weights(path: Path, weights: Weights) -> None:
    """Write weights, floats as float16: the held-out loss does not notice."""
    data = io.BytesIO()
    halves: dict[str, Any] = {
        name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in weights.items()
    }
    np.savez_compressed(data, **halves)
    write_bytes(path, data.getvalue())


def load_weights(path: Path) -> Weights:
    """Return the weights of a file, floats as float32."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
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
    folders, steps = config.folders, config.training
    needed = [folders.corpus / PIECES_FILE, folders.corpus / SCORES_FILE]
    if not all(path.exists() for path in needed):
        raise StudyError(f"{needed[0]} is missing. Run `study corpus prepare` to make it.")
    parts: list[object] = [_VERSION, system, config.seed, *(sha256_file(path) for path in needed)]
    if system == "lstm":
        parts.append(steps.lstm_steps)
    if system == "gan":
        parts += [steps.gan_steps, training_inputs("lstm", config)]
    return fingerprint("training", *parts)
