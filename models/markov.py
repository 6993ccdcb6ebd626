"""The Markov chain: the floor that every generator should stand above.

The next note's step and pitch depend on the two notes before, or on fewer where those were seldom heard
together in the training pieces (back-off, Katz 1987, without discounting). Its duration and velocity depend
on itself and on those of the note before. It knows no bars and no memory beyond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from models.batches import Song
from models.generator import MOST_NOTES_PER_BEAT, Request, finish, load_trained
from models.sampling import draw
from models.tokens import N_CLASSES, N_PITCHES, N_VELOCITIES, TICKS_PER_BEAT, IntArray, Score
from models.weights import Weights
from study_core.folders import DataFolders
from study_core.production import ClipsConfig

ORDER = 2
MIN_SEEN = 3  # times that a context must have been heard to be gone by
N_STEPS = N_CLASSES[0] * N_PITCHES
"""A note's step: its delta and pitch in one number."""
N_TOUCHES = N_CLASSES[2] * N_VELOCITIES
"""A note's touch: its duration class and velocity bin in one number."""


@dataclass(frozen=True, slots=True)
class BackoffTable:
    """How often each value followed each context, for contexts from long to none.

    A level is a pair of arrays: `context * n_values + value` in ascending order, and their counts.
    """

    n_values: int
    levels: tuple[tuple[IntArray, IntArray], ...]

    @classmethod
    def count(cls, n_values: int, values: IntArray, contexts: IntArray) -> Self:
        """Return the table of values and of their contexts, a row per level."""
        counted = [np.unique(context * n_values + values, return_counts=True) for context in contexts]
        return cls(n_values, tuple(counted))

    def draw(self, contexts: Sequence[int], uniform: float, config: ClipsConfig) -> int:
        """Return a value that followed the first context that was heard often enough."""
        for (keys, counts), context in zip(self.levels, contexts, strict=True):
            first, last = np.searchsorted(keys, (context * self.n_values, (context + 1) * self.n_values))
            if counts[first:last].sum() >= MIN_SEEN:
                break
        logits = np.log(counts[first:last], dtype=np.float32)[None]
        chosen = draw(logits, np.array([uniform], np.float32), config.temperature, config.top_p)
        return int(keys[first + chosen[0]] - context * self.n_values)


def train_markov(songs: Sequence[Song]) -> Weights:
    """Return the counts of songs in C major or A minor, by the names that `MarkovGenerator` reads."""
    weights: Weights = {}
    parts = [_list_events(song.tokens) for song in songs if len(song.tokens) > ORDER]
    step, touch, step_contexts, touch_contexts = (
        np.concatenate(part, axis=-1) for part in zip(*parts, strict=True)
    )
    tables = {
        "step": BackoffTable.count(N_STEPS, step, step_contexts),
        "touch": BackoffTable.count(N_TOUCHES, touch, touch_contexts),
    }
    for name, table in tables.items():
        for i, (keys, counts) in enumerate(table.levels):
            weights |= {f"{name}/{i}/keys": keys, f"{name}/{i}/counts": counts.astype(np.int32)}
    return weights


class MarkovGenerator:
    """Composes with the counts that `train_markov` made."""

    def __init__(self, system: str, folders: DataFolders, config: ClipsConfig) -> None:
        weights, self._sha256 = load_trained(system, folders)
        self._config = config
        self._steps, self._touches = (
            BackoffTable(
                n_values,
                tuple((weights[f"{name}/{i}/keys"], weights[f"{name}/{i}/counts"]) for i in range(n_levels)),
            )
            for name, n_values, n_levels in (("step", N_STEPS, ORDER + 1), ("touch", N_TOUCHES, 3))
        )

    @property
    def checkpoint_sha256(self) -> str:
        """SHA-256 of the counts' file."""
        return self._sha256

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line."""
        return [finish(_sort_chords(self._go_on(request)), request) for request in requests]

    def _go_on(self, request: Request) -> IntArray:
        rng = np.random.default_rng(request.seed)
        tokens = request.primer.tokens.tolist()
        steps, touch = [_step(token) for token in tokens], _touch(tokens[-1])
        onset, end = sum(token[0] for token in tokens), request.primer_ticks + request.n_ticks
        most_notes = len(tokens) + end // TICKS_PER_BEAT * MOST_NOTES_PER_BEAT
        while onset < end and len(tokens) < most_notes:
            before, last = (steps[-2] if len(steps) > 1 else steps[-1]), steps[-1]
            step = self._steps.draw((before * N_STEPS + last, last, 0), rng.random(), self._config)
            touch = self._touches.draw((touch * N_STEPS + step, step, 0), rng.random(), self._config)
            steps.append(step)
            tokens.append([step // N_PITCHES, step % N_PITCHES, touch // N_VELOCITIES, touch % N_VELOCITIES])
            onset += step // N_PITCHES
        return np.array(tokens, dtype=np.int64)


def _list_events(tokens: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return a song's steps and touches from the third note on, and the contexts of each, a row per level."""
    steps = tokens[:, 0] * N_PITCHES + tokens[:, 1]
    touches = tokens[:, 2] * N_VELOCITIES + tokens[:, 3]
    now, last, before = steps[2:], steps[1:-1], steps[:-2]
    nothing = np.zeros_like(now)
    step_contexts = np.stack([before * N_STEPS + last, last, nothing])
    touch_contexts = np.stack([touches[1:-1] * N_STEPS + now, now, nothing])
    return now, touches[2:], step_contexts, touch_contexts


def _step(token: Sequence[int]) -> int:
    return token[0] * N_PITCHES + token[1]


def _touch(token: Sequence[int]) -> int:
    return token[2] * N_VELOCITIES + token[3]


def _sort_chords(tokens: IntArray) -> IntArray:
    """Return tokens with the notes of each chord from low to high, each once."""
    onset = np.cumsum(tokens[:, 0])
    _, order = np.unique(onset * N_PITCHES + tokens[:, 1], return_index=True)
    chosen = tokens[order].copy()
    chosen[:, 0] = np.diff(onset[order], prepend=0)
    return chosen
