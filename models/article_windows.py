"""The article's data: all songs' tokens as one row of numbers, cut into windows of a hundred.

The published code sorts the distinct tokens, numbers them and lets windows run across the ends of songs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.tokens import IntArray
from study_core.errors import CorpusError

WINDOW = 100
"""Tokens that the networks see, or write, at once."""


@dataclass(frozen=True)
class Windows:
    """Token numbers of all songs in a row, and the tokens that they stand for."""

    numbers: IntArray
    vocabulary: Sequence[str]

    @cached_property
    def n_windows(self) -> int:
        """How many windows have a token behind them."""
        return len(self.numbers) - WINDOW

    def cut(self, starts: IntArray) -> tuple[NDArray[np.float32], IntArray]:
        """Return windows and the token behind each.

        Parameters
        ----------
        starts
            First places of the windows, shape (n,), each below `n_windows`.

        Returns
        -------
        windows
            Token numbers over the vocabulary's size, so from 0 to 1, shape (n, 100, 1).
        targets
            Token numbers, shape (n,).
        """
        places = np.asarray(starts)[:, np.newaxis] + np.arange(WINDOW)
        scaled = self.numbers[places].astype(np.float32) / len(self.vocabulary)
        return scaled[..., np.newaxis], self.numbers[np.asarray(starts) + WINDOW]


def make_windows(songs: Sequence[Sequence[str]], vocabulary: Sequence[str] | None = None) -> Windows:
    """Return the windows of songs; tokens that a given vocabulary lacks are left out.

    Raises
    ------
    CorpusError
        If the songs have too few tokens for one window.
    """
    known = sorted({token for song in songs for token in song}) if vocabulary is None else vocabulary
    number = {token: i for i, token in enumerate(known)}
    numbers = np.array([number[token] for song in songs for token in song if token in number], dtype=np.int64)
    if len(numbers) <= WINDOW:
        raise CorpusError(
            f"The songs have {len(numbers)} article tokens, but one window and the token behind it take "
            f"{WINDOW + 1}. Add pieces to the corpus."
        )
    return Windows(numbers, known)
