"""The two-sample test by a classifier: how well two sets of clips are told apart (Lopez-Paz & Oquab 2017).

A kernel classifier learns from some songs and judges others: clips of one song, or with primers from one, are
never on both sides, or it would know them by their song. 0.5 or less says that nothing tells the sets apart
(cross-validation errs a little below chance where nothing is to be learned), 1 that everything does.

It is regularized least squares on rank-transformed features under a Gaussian kernel: closed form, no library.
Beside each feature stands how far it is from its middle, so that clips too much alike are found as well as
clips that are wrong on the average (tests plant differences of mean, of spread and between features).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]
N_FOLDS, N_REPEATS = 5, 6
RIDGE = 1.0
PRODUCTS_SHARE = 0.4  # of the second kernel, beside 1 of the first
MIDDLING = 0.8  # mean of |z| of a standard normal variable, sqrt(2 / pi), rounded
N_RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Separation:
    """How well two sets are told apart: the area under the ROC curve, with its 95 % interval."""

    auc: float
    low: float
    high: float


def separate(
    real: Floats, other: Floats, real_groups: Sequence[str], other_groups: Sequence[str], seed: int
) -> Separation:
    """Return how well clips of songs never heard before are told apart.

    Parameters
    ----------
    real, other
        Features, a row per clip.
    real_groups, other_groups
        Each clip's song; the interval resamples songs, not clips.
    """
    rng = np.random.default_rng(seed)
    features = np.concatenate([real, other])
    is_real = np.arange(len(features)) < len(real)
    _, groups = np.unique([*real_groups, *other_groups], return_inverse=True)
    votes = np.mean([_judge(features, is_real, groups, rng) for _ in range(N_REPEATS)], axis=0)
    wins = _compare(votes[is_real], votes[~is_real])
    draws = [_resample(wins, groups[is_real], groups[~is_real], rng) for _ in range(N_RESAMPLES)]
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Separation(float(wins.mean()), float(low), float(high))


def _judge(
    features: Floats, is_real: NDArray[np.bool_], groups: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Return how real each clip seems to a classifier that heard none of its song."""
    votes = np.zeros(len(features))
    for fold in _deal(groups, is_real, rng):
        votes[fold] = _fit_and_score(features[~fold], is_real[~fold], features[fold])
    return votes


def _deal(
    groups: NDArray[np.int64], is_real: NDArray[np.bool_], rng: np.random.Generator
) -> list[NDArray[np.bool_]]:
    """Return masks of folds that share no group, as many real and other clips in each as that allows."""
    sizes = np.array([np.bincount(groups[mask], minlength=groups.max() + 1) for mask in (is_real, ~is_real)])
    load, place = np.zeros((2, N_FOLDS)), np.zeros(groups.max() + 1, dtype=np.int64)
    for group in sorted(rng.permutation(groups.max() + 1), key=lambda g: -sizes[:, g].max()):
        place[group] = ((load + sizes[:, group, None]) ** 2 - load**2).sum(axis=0).argmin()
        load[:, place[group]] += sizes[:, group]
    return [place[groups] == fold for fold in range(N_FOLDS)]


def _fit_and_score(known: Floats, is_real: NDArray[np.bool_], unknown: Floats) -> Floats:
    known, unknown = _to_normal(known, known), _to_normal(known, unknown)
    level = float(np.trace(_compare_products(known, known))) / len(known)
    squares = _square_distances(_expand(known), _expand(known))
    width = float(np.median(squares[np.triu_indices(len(known), 1)]))

    def compare(one: Floats) -> Floats:
        near: Floats = np.exp(-_square_distances(_expand(one), _expand(known)) / width)
        return near + PRODUCTS_SHARE * _compare_products(one, known) / level

    target = is_real - is_real.mean()
    weights = np.linalg.solve(compare(known) + RIDGE * np.eye(len(known)), target)
    scores: Floats = compare(unknown) @ weights
    return scores


def _compare_products(one: Floats, other: Floats) -> Floats:
    """Return the polynomial kernel of degree 2: it knows clips by all products of two features."""
    return (one @ other.T) ** 2


def _to_normal(known: Floats, features: Floats) -> Floats:
    """Return features as normal scores of their ranks among the known ones."""
    ordered = np.sort(known, axis=0)
    columns = []
    for i in range(known.shape[1]):
        below = np.searchsorted(ordered[:, i], features[:, i], "left")
        through = np.searchsorted(ordered[:, i], features[:, i], "right")
        columns.append(((below + through) / 2 + 0.5) / (len(known) + 1))
    scores: Floats = ndtri(np.column_stack(columns))
    return scores


def _expand(scores: Floats) -> Floats:
    """Return normal scores, and beside them how far each is from the middle."""
    return np.concatenate([scores, np.abs(scores) - MIDDLING], axis=1)


def _square_distances(one: Floats, other: Floats) -> Floats:
    squares: Floats = ((one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T).clip(0)
    return squares


def _compare(real: Floats, other: Floats) -> Floats:
    """Return for each pair whether the real clip seems more real, half where they tie."""
    ranks = rankdata(np.concatenate([real, other]))
    wins: Floats = np.sign(ranks[: len(real), None] - ranks[len(real) :]) / 2 + 0.5
    return wins


def _resample(
    wins: Floats, real_groups: NDArray[np.int64], other_groups: NDArray[np.int64], rng: np.random.Generator
) -> float:
    """Return the AUC of songs drawn with replacement; a song that gave both kinds is drawn once."""
    n_groups = max(real_groups.max(), other_groups.max()) + 1
    weights = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups))
    rows, columns = weights[real_groups], weights[other_groups]
    total = rows.sum() * columns.sum()
    return float(rows @ wins @ columns / total) if total else float("nan")
