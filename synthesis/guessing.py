"""Can the system be guessed from a table of numbers? A simple classifier, and how often chance does as well.

The classifier takes the system whose mean is nearest, columns scaled by their spread within systems, the
guessed stimulus left out of the mean. Its share of right guesses, averaged over systems, is compared with
those after shuffling the systems among the stimuli (Ojala & Garriga 2010, Permutation tests for studying
classifier performance, test 1), so a p-value of 0.01 comes up in one of a hundred tables that tell nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SEED = 5
_SMALLEST_SPREAD = 1e-6
_FEWEST = 3  # of a system, for a mean without one of them to mean anything


@dataclass(frozen=True, slots=True)
class Guess:
    """How well the system is guessed."""

    share_right: float
    """Mean over systems of the share guessed right."""
    chance: float
    p_value: float
    best_column: int
    """The column that separates the systems best."""


def guess_system(table: NDArray[np.float64], systems: Sequence[str], n_shuffles: int = 1999) -> Guess | None:
    """Return how well systems are guessed from a table of shape (stimuli, columns).

    Columns that do not vary are ignored. None where there is nothing to guess from, fewer than two systems,
    or too few stimuli of one.
    """
    names, labels = np.unique(np.asarray(systems), return_inverse=True)
    varying = np.flatnonzero(np.ptp(table, axis=0) > 0)
    if len(names) <= 1 or np.bincount(labels).min() < _FEWEST or not len(varying):
        return None
    scaled = (table[:, varying] - table[:, varying].mean(axis=0)) / table[:, varying].std(axis=0)
    rng = np.random.default_rng(_SEED)
    share_right = _classify(scaled, labels, len(names))
    shuffled = np.array([_classify(scaled, rng.permutation(labels), len(names)) for _ in range(n_shuffles)])
    p_value = (1 + np.count_nonzero(shuffled >= share_right - 1e-12)) / (1 + n_shuffles)
    means = np.stack([scaled[labels == label].mean(axis=0) for label in range(len(names))])
    best = int(varying[means.var(axis=0).argmax()])
    return Guess(share_right, 1 / len(names), float(p_value), best)


def _classify(scaled: NDArray[np.float64], labels: NDArray[np.intp], n_systems: int) -> float:
    """Return the mean over systems of the share guessed right, each stimulus left out."""
    is_member = np.eye(n_systems)[labels]
    counts = is_member.sum(axis=0)
    means = (is_member.T @ scaled) / counts[:, np.newaxis]
    within = np.maximum(1 - counts @ means**2 / len(scaled), _SMALLEST_SPREAD)
    distance = ((scaled[:, np.newaxis] - means) ** 2 / within).sum(axis=2)
    own = counts[labels]
    rows = np.arange(len(labels))
    # Without the stimulus itself, its system's mean lies n / (n - 1) times as far from it.
    distance[rows, labels] *= (own / (own - 1)) ** 2
    is_right = distance.argmin(axis=1) == labels
    return float((is_member[is_right].sum(axis=0) / counts).mean())
