"""The two-sample test by a classifier: it finds what is planted, and nothing where nothing is."""

from collections.abc import Callable

import numpy as np
import pytest

from models.evaluation_classifier import Floats, Separation, separate

N_FEATURES, CLIPS_PER_SONG = 24, 4


def draw_clips(rng: np.random.Generator, n: int, prefix: str) -> tuple[Floats, list[str]]:
    """Return features of clips, half of whose variance their songs share, and the songs."""
    song = np.arange(n) // CLIPS_PER_SONG
    shared = rng.normal(size=(song.max() + 1, N_FEATURES))[song]
    return np.sqrt(0.5) * (shared + rng.normal(size=(n, N_FEATURES))), [f"{prefix}{i}" for i in song]


def separate_changed(change: Callable[[Floats], Floats], seed: int) -> Separation:
    rng = np.random.default_rng(seed)
    real, real_songs = draw_clips(rng, 160, "real")
    other, other_songs = draw_clips(rng, 96, "other")
    return separate(real, change(other), real_songs, other_songs, seed)


def shift(features: Floats) -> Floats:
    return features + np.repeat([0.7, 0.0], [3, N_FEATURES - 3])


def narrow(features: Floats) -> Floats:
    return features * np.repeat([0.5, 1.0], [8, N_FEATURES - 8])


def correlate(features: Floats) -> Floats:
    tied = 0.95 * features[:, :12] + np.sqrt(1 - 0.95**2) * features[:, 12:]
    return np.concatenate([features[:, :12], tied], axis=1)


def correlate_weakly(features: Floats) -> Floats:
    """Tie six pairs of features a little, as many as music has loose habits."""
    tied = 0.6 * features[:, :6] + 0.8 * features[:, 6:12]
    return np.concatenate([features[:, :6], tied, features[:, 12:]], axis=1)


@pytest.mark.parametrize(
    ("change", "least"),
    [(shift, 0.6), (narrow, 0.75), (correlate, 0.8), (correlate_weakly, 0.56)],
    ids=["mean", "spread", "tie", "weak tie"],
)
def test_a_planted_difference_is_found(change: Callable[[Floats], Floats], least: float) -> None:
    assert np.mean([separate_changed(change, seed).auc for seed in range(4)]) > least


def test_sets_of_one_kind_are_not_told_apart_and_the_interval_says_so() -> None:
    found = [separate_changed(lambda features: features, seed) for seed in range(12)]
    assert abs(np.mean([each.auc for each in found]) - 0.5) < 0.05
    assert sum(each.low <= 0.5 <= each.high for each in found) >= 10


def test_sets_without_overlap_are_told_apart_wholly() -> None:
    found = separate_changed(lambda features: features + 9, 1)
    assert (found.auc, found.low, found.high) == (1, 1, 1)


def test_no_song_is_known_from_its_own_clips() -> None:
    rng = np.random.default_rng(5)
    real, songs = draw_clips(rng, 96, "song")
    # The other set is the same songs with a little noise: knowing them by ear, or not, gives nothing away.
    found = separate(real, real + 0.01 * rng.normal(size=real.shape), songs, songs, 5)
    assert abs(found.auc - 0.5) < 0.05


def test_the_same_seed_gives_the_same_figures() -> None:
    assert separate_changed(shift, 3) == separate_changed(shift, 3)
