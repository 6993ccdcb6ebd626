"""How much a clip copies: the longest run of its notes that also stands in a training piece.

A note counts as copied with the step to it, ticks and semitones since the note before, so a transposed copy
is a copy too.
"""

from collections.abc import Mapping

import numpy as np

from models.tokens import IntArray, Score

_BREAK = -1  # stands between two pieces and equals no step


class CopyDetector:
    """Finds the longest run of notes that a score shares with any of the given pieces."""

    def __init__(self, pieces: Mapping[str, Score]) -> None:
        self._names = list(pieces)
        parts = [np.append(_find_steps(score), _BREAK) for score in pieces.values()]
        self._steps = np.concatenate(parts)
        self._piece = np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    def find_longest(self, score: Score) -> tuple[int, str]:
        """Return the run's length in notes (0 if not even a step is shared) and the piece that holds it."""
        longest, place = 0, 0
        run = np.zeros(len(self._steps) + 1, dtype=np.int16)  # length of the run that ends here, one ahead
        for step in _find_steps(score):
            run[1:] = (run[:-1] + 1) * (self._steps == step)
            top = int(run.argmax())
            if run[top] > longest:
                longest, place = int(run[top]), top - 1
        return (longest + 1, self._names[self._piece[place]]) if longest else (0, "")


def _find_steps(score: Score) -> IntArray:
    """Return one number per pair of neighboring notes: ticks and semitones between them."""
    return np.diff(score.notes[:, 0]) * 256 + np.diff(score.notes[:, 1]) + 128
