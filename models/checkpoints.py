"""Checkpoints: the state of a training that is not finished, so that an interrupted one goes on.

A training that goes on takes the same steps as one that was never interrupted, to the last bit.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.arrays import Arrays, read_arrays, write_arrays
from models.history import Progress

CHECKPOINT_FILE = "checkpoint.npz"
STEPS_PER_CHECKPOINT = 30
_FACTS = "facts"


class Training(Protocol):
    """What a training shows of itself, and takes back."""

    history: list[Progress]

    def collect_state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the next step depends on: arrays, and facts that JSON can hold."""

    def restore_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Take back what `collect_state` returned; the history is set already."""


class Checkpoints:
    """Keeps a training's state in its folder, under the fingerprint of what it is made from."""

    def __init__(self, folder: Path, inputs: str) -> None:
        self._path, self._inputs = folder / CHECKPOINT_FILE, inputs

    def keep(self, training: Training, progress: Progress) -> None:
        """Write a checkpoint now and then; a crash leaves the one before whole."""
        if progress.step % STEPS_PER_CHECKPOINT:
            return
        arrays, facts = training.collect_state()
        history = [asdict(row) for row in training.history]
        told = json.dumps({"inputs": self._inputs, "history": history, "facts": facts})
        stored = {**arrays, _FACTS: np.frombuffer(told.encode(), np.uint8)}
        write_arrays(self._path, stored, is_packed=False)

    def are_kept(self) -> bool:
        """Tell whether a training of the same pieces, steps and seed was interrupted."""
        return self._read() is not None

    def restore(self, training: Training) -> int:
        """Bring a fresh training to where it was; return the last step taken, 0 where it begins.

        A checkpoint of other pieces, steps or seeds is left alone.
        """
        kept = self._read()
        if kept is None:
            return 0
        arrays, told = kept
        training.history.extend(Progress(**row) for row in told["history"])
        training.restore_state(arrays, told["facts"])
        return len(training.history)

    def _read(self) -> tuple[Arrays, dict[str, Any]] | None:
        """Return arrays and facts of a checkpoint of the same inputs, if there is one."""
        if not self._path.exists():
            return None
        arrays = read_arrays(self._path, "Remove it: then the training begins anew.")
        told = json.loads(arrays.pop(_FACTS).tobytes())
        return (arrays, told) if told["inputs"] == self._inputs else None


def remove_checkpoint(folder: Path) -> None:
    """Forget where an interrupted training was."""
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)


def take_part(arrays: Mapping[str, NDArray[Any]], part: str) -> Arrays:
    """Return the arrays whose names begin with `part/`, without that, in the order of their names."""
    return {
        name.removeprefix(f"{part}/"): array
        for name, array in sorted(arrays.items())
        if name.startswith(f"{part}/")
    }


def name_part(part: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return arrays under `part/` and their names."""
    return {f"{part}/{name}": array for name, array in arrays.items()}
