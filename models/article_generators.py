"""The article's generators in a study of today: they compose by the protocol of all others.

Tokens are played as the article plays them: half a beat apart and a beat long, chords from middle C, equally
loud. They know no bars and no tempo: a clip takes those of the piece that it goes on from.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.article_facts import read_facts
from models.article_networks import foretell, write_values
from models.article_songs import read_songs
from models.article_tokens import read_pitches
from models.article_windows import WINDOW
from models.corpus import PIECES_FILE
from models.generator import Request, load_trained
from models.sampling import draw
from models.tokens import LOWEST_PITCH, N_PITCHES, TICKS_PER_BEAT, IntArray, Score
from models.weights import Weights
from study_core.folders import DataFolders
from study_core.production import ClipsConfig

LATENT = 1000
PUBLISHED_HALF = 242
"""Half the size of the vocabulary for which the published code was written."""
STEP_TICKS, LENGTH_TICKS, VELOCITY = TICKS_PER_BEAT // 2, TICKS_PER_BEAT, 90
_OCTAVE = 12


class ArticleGenerator(ABC):
    """What both have in common: their file, and how tokens become music."""

    def __init__(self, system: str, folders: DataFolders, config: ClipsConfig) -> None:
        self._weights, self._sha256 = load_trained(system, folders)
        self._facts = read_facts(self._weights)
        self._folders, self._config = folders, config

    @property
    def checkpoint_sha256(self) -> str:
        """SHA-256 of the weights' file."""
        return self._sha256

    def compose(self, requests: Sequence[Request]) -> list[Score]:
        """Return the music behind each primer, tick 0 on a bar line."""
        lengths = [-(-request.n_ticks // STEP_TICKS) for request in requests]
        rngs = [np.random.default_rng(request.seed) for request in requests]
        rows = self._write(requests, max(lengths), rngs)
        return [
            lay_out([self._facts.vocabulary[number] for number in row[:length]], request)
            for row, length, request in zip(rows.tolist(), lengths, requests, strict=True)
        ]

    @abstractmethod
    def _write(self, requests: Sequence[Request], n: int, rngs: Sequence[np.random.Generator]) -> IntArray:
        """Return token numbers, shape (requests, at least n)."""


class ArticleLSTMGenerator(ArticleGenerator):
    """Goes on from a hundred tokens of the piece that a request names; of random ones where it names none."""

    def _write(self, requests: Sequence[Request], n: int, rngs: Sequence[np.random.Generator]) -> IntArray:
        primers = np.array(
            [self._draw_primer(request, rng) for request, rng in zip(requests, rngs, strict=True)]
        )
        uniform = np.array([rng.random(n, dtype=np.float32) for rng in rngs])
        faults = self._facts.faults
        how = None if "likeliest_token" in faults else (self._config.temperature, self._config.top_p)
        return write_on(self._weights, primers, uniform, how, divides_twice="divides_twice" in faults)

    def _draw_primer(self, request: Request, rng: np.random.Generator) -> IntArray:
        first, length = self._songs.get(request.piece_id, (0, 0))
        if not length:
            return rng.integers(len(self._facts.vocabulary), size=WINDOW)
        start = first + int(rng.integers(max(length - WINDOW, 0) + 1))
        return self._row.take(np.arange(start, start + WINDOW), mode="wrap")

    @cached_property
    def _songs(self) -> dict[str, tuple[int, int]]:
        """Where each training piece begins in the row of all their numbers, and how many it has."""
        lengths = {name: len(numbers) for name, numbers in self._numbers.items()}
        firsts = np.cumsum([0, *lengths.values()]).tolist()
        found = zip(lengths.items(), firsts, strict=False)
        return {name: (first, length) for (name, length), first in found}

    @cached_property
    def _row(self) -> IntArray:
        return np.concatenate([np.array(numbers, dtype=np.int64) for numbers in self._numbers.values()])

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        if not (self._folders.corpus / PIECES_FILE).exists():
            return {}
        number = {token: i for i, token in enumerate(self._facts.vocabulary)}
        songs = read_songs(self._folders, "train")
        return {name: [number[t] for t in tokens if t in number] for name, tokens in songs.items()}


class ArticleGANGenerator(ArticleGenerator):
    """Writes a hundred tokens at once, and more hundreds where a clip needs them; it takes no primer."""

    def _write(self, requests: Sequence[Request], n: int, rngs: Sequence[np.random.Generator]) -> IntArray:
        n_windows = -(-n // WINDOW)
        noise = np.concatenate([rng.normal(size=(n_windows, LATENT)) for rng in rngs]).astype(np.float32)
        values = write_values(self._weights, noise)
        reads_242 = "reads_242" in self._facts.faults
        numbers = read_values(values, len(self._facts.vocabulary), reads_242=reads_242)
        return numbers.reshape(len(requests), n_windows * WINDOW)


def write_on(
    weights: Weights,
    primers: IntArray,
    uniform: NDArray[np.float32],
    how: tuple[float, float] | None,
    *,
    divides_twice: bool = False,
) -> IntArray:
    """Return the token numbers that the article's LSTM writes behind primers, by the article's loop.

    Parameters
    ----------
    primers
        Token numbers, shape (n, 100).
    uniform
        What each token is drawn by, from 0 to 1, shape (n, tokens to write).
    how
        Temperature and top-p; None takes the likeliest token, as the article does.
    """
    n_tokens = len(weights["out/bias"])
    window = primers / n_tokens if divides_twice else primers.astype(float)
    written = np.empty(uniform.shape, np.int64)
    for i in range(uniform.shape[1]):
        shares = foretell(weights, (window[..., np.newaxis] / n_tokens).astype(np.float32))
        logits = np.log(np.maximum(shares, np.float32(1e-30)))
        written[:, i] = shares.argmax(axis=1) if how is None else draw(logits, uniform[:, i], *how)
        window = np.column_stack([window[:, 1:], written[:, i]])
    return written


def read_values(values: NDArray[np.float32], n_tokens: int, *, reads_242: bool = False) -> IntArray:
    """Return the token numbers that values from -1 to 1 stand for."""
    half = PUBLISHED_HALF if reads_242 else n_tokens / 2
    numbers: IntArray = (values.astype(np.float64) * half + half).astype(np.int64)
    return numbers.clip(0, n_tokens - 1)


def lay_out(tokens: Sequence[str], request: Request) -> Score:
    """Return tokens as music in the meter and tempo of a request; a key struck again ends first."""
    notes = []
    struck: dict[int, int] = {}
    for i in range(len(tokens) - 1, -1, -1):
        onset = i * STEP_TICKS
        for pitch in sorted(map(_fit_piano, read_pitches(tokens[i])), reverse=True):
            notes.append(
                (onset, pitch, min(LENGTH_TICKS, struck.get(pitch, onset + LENGTH_TICKS) - onset), VELOCITY)
            )
            struck[pitch] = onset
    setting = request.primer.setting
    return Score(np.array(notes[::-1]), setting.bar_ticks, np.array([[0.0, setting.bpm]]))


def _fit_piano(pitch: int) -> int:
    """Return the nearest octave of a pitch that a piano has."""
    if pitch < LOWEST_PITCH:
        return pitch + -(-(LOWEST_PITCH - pitch) // _OCTAVE) * _OCTAVE
    highest = LOWEST_PITCH + N_PITCHES - 1
    return pitch - -(-max(pitch - highest, 0) // _OCTAVE) * _OCTAVE
