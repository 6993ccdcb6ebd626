"""Primers: the bars of a training piece that a clip goes on from, or a single note to begin with."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from models.batches import Song, normalize_key
from models.corpus import PreparedPiece
from models.excerpts import find_bar_starts
from models.features import Setting
from models.generator import Request
from models.style import STRETCH_NOTES, cut_stretch
from models.tokens import TICKS_PER_BEAT, Score
from study_core.errors import CorpusError
from study_core.seeds import random_generator

PRIMER_BARS = 2
MIN_PRIMER_NOTES = 6
DROPPED_BARS = 2  # behind the primer: they lean on it most
SPARE_BARS = 6  # to find a bar line with a note to begin on
PRIMERS_PER_CLIP = 5  # some pieces hardly ever lead to music that keeps the rules
FIRST_BPM = (80.0, 150.0)  # tempi of music that begins with a single note
_FIRST_NOTES = np.array(
    [[0, pitch - 21, 11, 18] for pitch in (48, 52, 55, 57, 60, 64, 67)]
)  # C major, A minor


def find_primer_starts(score: Score) -> list[int]:
    """Return the bar lines from which a primer can be taken."""
    onsets, n_ticks = score.notes[:, 0], PRIMER_BARS * score.bar_ticks
    return [
        start
        for start in find_bar_starts(score).tolist()
        if ((onsets >= start) & (onsets < start + n_ticks)).sum() >= MIN_PRIMER_NOTES
    ]


def request_after(score: Score, seed: int, n_ticks: int) -> Request:
    """Return the order for so much music that goes on from a random place of a piece."""
    song, primer_ticks = normalize_key(score), PRIMER_BARS * score.bar_ticks
    rng = np.random.default_rng(seed)
    start = int(rng.choice(find_primer_starts(score)))
    onsets = score.notes[:, 0]
    tokens = song.tokens[(onsets >= start) & (onsets < start + primer_ticks)].copy()
    tokens[0, 0] = 0
    wanted = n_ticks + (DROPPED_BARS + SPARE_BARS) * score.bar_ticks
    first = int(rng.integers(max(len(song.tokens) - STRETCH_NOTES, 0) + 1))
    stretch = cut_stretch(song.tokens, score.bar_ticks, first)
    return Request(Song(tokens, song.setting, song.key_shift), primer_ticks, wanted, seed, stretch=stretch)


def request_alone(seed: int, duration_ticks: int, *, bpm: float | None = None) -> Request:
    """Return the order for so much music in 4/4 that begins with a single note, its key and tempo at random.

    The generator composes the bars that are dropped too.
    """
    rng = np.random.default_rng(seed)
    first, key_shift = rng.choice(_FIRST_NOTES), int(rng.integers(-5, 7))
    drawn = round(float(rng.uniform(*FIRST_BPM)))
    setting, bar_ticks = Setting(4 * TICKS_PER_BEAT, bpm or drawn), 4 * TICKS_PER_BEAT
    wanted = duration_ticks + (DROPPED_BARS + SPARE_BARS) * bar_ticks
    return Request(Song(first[None], setting, key_shift), PRIMER_BARS * bar_ticks, wanted, seed)


def shuffle_usable(pieces: Sequence[PreparedPiece], seed: int) -> list[PreparedPiece]:
    """Return the pieces that a primer can be taken from, in random order.

    Raises
    ------
    CorpusError
        If there is none.
    """
    usable = [prepared for prepared in pieces if find_primer_starts(prepared.score)]
    if not usable:
        raise CorpusError(
            f"none of the {len(pieces)} training pieces has {PRIMER_BARS} bars with {MIN_PRIMER_NOTES} notes "
            "to go on from. Choose another corpus.source."
        )
    order = random_generator(seed, "clips", "primers").permutation(len(usable))
    return [usable[i] for i in order]


def deal_primers(pieces: Sequence[PreparedPiece], n_clips: int) -> Iterator[list[PreparedPiece]]:
    """Yield for one clip after the other the pieces that it may go on from.

    The first of each are different pieces while there are enough; the others are spare ones.
    """
    for i in itertools.count():
        yield [pieces[(i + turn * n_clips) % len(pieces)] for turn in range(PRIMERS_PER_CLIP)]
