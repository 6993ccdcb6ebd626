"""Crops of songs as batches of features: what training and validation read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features import N_FEATURES, Setting, build_features
from models.style import StyleTable, cut_stretch
from models.tokens import N_PITCHES, IntArray, Score, encode, find_key_shift

SHIFTS = (0, 5, -5, 7, -7, 2, -2, 12, -12)  # semitones, after every song was brought to C major or A minor
SHIFT_SHARES = (0.5, *(8 * [0.0625]))
MAX_SHIFT = 12
VALIDATION_STEPS = 256
TOLD_SHARE = 0.85  # of the crops whose style is told; the others teach to compose without


@dataclass(frozen=True, slots=True)
class Song:
    """A piece as tokens in C major or A minor; `key_shift` semitones up from where it was."""

    tokens: IntArray
    setting: Setting
    key_shift: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Features of shape (crops, steps, N_FEATURES) and the weight of each step's loss (0 where padded)."""

    features: NDArray[np.int32]
    weights: NDArray[np.float32]


def normalize_key(score: Score) -> Song:
    """Return a score's tokens moved onto the C major and A minor scale."""
    tokens = encode(score)
    moved = transpose(tokens, find_key_shift(score))
    return Song(moved, Setting(score.bar_ticks, score.bpm), int(moved[0, 1] - tokens[0, 1]))


def transpose(tokens: IntArray, semitones: int) -> IntArray:
    """Return tokens moved by semitones; by an octave less, or not, where the piano ends before that."""
    lowest, highest = tokens[:, 1].min(), tokens[:, 1].max()
    for shift in (semitones, semitones - 12, semitones + 12):
        if abs(shift) <= MAX_SHIFT and lowest + shift >= 0 and highest + shift < N_PITCHES:
            return np.add(tokens, (0, shift, 0, 0))
    return tokens


def draw_batch(
    songs: Sequence[Song], table: StyleTable, rng: np.random.Generator, n_crops: int, n_steps: int
) -> Batch:
    """Return random crops, transposed at random; longer songs are drawn more often.

    Half of the crops look back beyond their start, the others begin as if the piece began there, because
    composing starts with little to look back to.
    """
    lengths = np.array([len(song.tokens) for song in songs], dtype=float)
    chosen = rng.choice(len(songs), n_crops, p=lengths / lengths.sum())
    return stack_crops([_draw_crop(songs[i], table, rng, n_steps) for i in chosen], n_steps)


def cut_validation(songs: Sequence[Song]) -> Batch:
    """Return every note of the songs once, in crops that look back as far as they can; no style is told."""
    crops = [
        build_features(song.tokens[: start + VALIDATION_STEPS + 1], song.setting, start)
        for song in songs
        for start in range(0, len(song.tokens) - 1, VALIDATION_STEPS)
    ]
    return stack_crops(crops, VALIDATION_STEPS)


def stack_crops(crops: Sequence[IntArray], n_steps: int) -> Batch:
    """Return features of different lengths as one batch, zeros behind the shorter ones."""
    features = np.zeros((len(crops), n_steps, N_FEATURES), dtype=np.int32)
    weights = np.zeros((len(crops), n_steps), dtype=np.float32)
    for i, crop in enumerate(crops):
        features[i, : len(crop)] = crop
        weights[i, : len(crop)] = 1
    return Batch(features, weights)


def _draw_crop(song: Song, table: StyleTable, rng: np.random.Generator, n_steps: int) -> IntArray:
    start = int(rng.integers(max(len(song.tokens) - n_steps, 1)))
    tokens = transpose(song.tokens[: start + n_steps + 1], int(rng.choice(SHIFTS, p=SHIFT_SHARES)))
    crop = cut_stretch(tokens, song.setting.bar_ticks, start, n_steps + 1)
    is_told, is_first = rng.random(2) < (TOLD_SHARE, 0.5)
    style = table.classify(crop, song.setting) if is_told else None
    if is_first:
        return build_features(crop, song.setting, 0, style)
    return build_features(tokens, song.setting, start, style)
