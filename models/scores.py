"""Music on the grid, kept in one file by piece."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.arrays import Arrays, read_arrays, write_arrays
from models.tokens import Score


def save_scores(path: Path, scores: Mapping[str, Score]) -> None:
    """Write scores to one file."""
    arrays: Arrays = {}
    for name, score in scores.items():
        arrays[f"{name}/notes"] = score.notes.astype(np.int32)
        arrays[f"{name}/tempi"] = score.tempi
        arrays[f"{name}/bar_ticks"] = np.array(score.bar_ticks)
    write_arrays(path, arrays)


def load_scores(path: Path) -> dict[str, Score]:
    """Return the scores of a file by piece.

    Raises
    ------
    StudyError
        If it is damaged.
    """
    stored = read_arrays(path, "Run `study corpus prepare` to make it again.")
    return {
        name: Score(
            stored[f"{name}/notes"].astype(np.int64),
            int(stored[f"{name}/bar_ticks"]),
            stored[f"{name}/tempi"],
        )
        for name in (key.removesuffix("/notes") for key in stored if key.endswith("/notes"))
    }
