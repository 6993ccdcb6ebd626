"""How much a clip copies: the longest run of its notes that also stands in a training piece.

A note counts as copied with the step to it, ticks and semitones since the note before, so a transposed copy
is a copy too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.tokens import IntArray, Score

_BREAK = -1  # stands between two pieces and equals no step


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a run of notes stands in a training piece; nowhere by default."""

    n_notes: int = 0
    piece_id: str = ""
    bar: int = 0
    """Of the run's first note in that piece, from 1 on."""
    semitones: int = 0
    """How far the copy is transposed up."""


class CopyDetector:
    """Finds the longest run of notes that a score shares with any of the given pieces."""

    def __init__(self, pieces: Mapping[str, Score]) -> None:
        self._names, self._scores = list(pieces), list(pieces.values())
        steps = [np.append(_find_steps(score), _BREAK) for score in self._scores]
        lengths = [len(part) for part in steps]
        self._piece = np.repeat(np.arange(len(steps)), lengths)
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        joined = np.concatenate([*steps, np.empty(0, dtype=np.int64)])
        self._places = np.argsort(joined, kind="stable")  # those of one step lie side by side, ascending
        self._sorted = joined[self._places]

    def find_longest(self, score: Score) -> Passage:
        """Return the first place of the longest run; nowhere if not even a step is shared."""
        steps = _find_steps(score)
        firsts = np.searchsorted(self._sorted, steps, "left")
        lasts = np.searchsorted(self._sorted, steps, "right")
        longest, place, here = 0, 0, 0
        ends, runs = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        for i, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
            places = self._places[first:last]
            runs = 1 + _look_up(ends, runs, places - 1)
            ends = places
            top = int(runs.argmax()) if len(runs) else 0
            if len(runs) and runs[top] > longest:
                longest, place, here = int(runs[top]), int(places[top]), i
        return self._describe(longest, place, score, here) if longest else Passage()

    def _describe(self, n_steps: int, place: int, score: Score, step: int) -> Passage:
        """Return the passage of a run whose last step is this one, and that one of the joined pieces."""
        piece = int(self._piece[place])
        original = self._scores[piece]
        theirs, ours = place - int(self._starts[piece]) + 1 - n_steps, step + 1 - n_steps
        onset, pitch = original.notes[theirs, :2].tolist()
        return Passage(
            n_notes=n_steps + 1,
            piece_id=self._names[piece],
            bar=onset // original.bar_ticks + 1,
            semitones=int(score.notes[ours, 1]) - pitch,
        )


def _find_steps(score: Score) -> IntArray:
    """Return one number per pair of neighboring notes: ticks and semitones between them."""
    return np.diff(score.notes[:, 0]) * 256 + np.diff(score.notes[:, 1]) + 128


def _look_up(ends: IntArray, runs: IntArray, wanted: IntArray) -> IntArray:
    """Return the lengths of the runs that end at the wanted places, 0 where none does; ends ascend."""
    if not len(ends):
        return np.zeros(len(wanted), dtype=np.int64)
    index = np.searchsorted(ends, wanted).clip(max=len(ends) - 1)
    return np.where(ends[index] == wanted, runs[index], 0)
