"""How far a set of clips is from real music, and how far apart its clips are, over standardized features."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_DEVIATION = 5.0  # standard deviations: one strange clip must not decide a set's distance


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and standard deviation of each feature of real music."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, features: Floats) -> Self:
        """Return the scale of a set, a row per clip."""
        deviation = features.std(axis=0)
        return cls(features.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, features: Floats) -> Floats:
        """Return features in standard deviations of real music, at most 5."""
        scaled: Floats = ((features - self.mean) / self.deviation).clip(-MOST_DEVIATION, MOST_DEVIATION)
        return scaled


def measure_frechet(one: Floats, other: Floats) -> float:
    """Return the Fréchet distance between two sets as normal distributions (Dowson & Landau 1982, eq. 4).

    Parameters
    ----------
    one, other
        Standardized features, a row per clip. Their covariances are shrunk, see `shrink_covariance`.
    """
    apart = one.mean(axis=0) - other.mean(axis=0)
    first, second = shrink_covariance(one), shrink_covariance(other)
    root = _root(first)
    cross = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return float(apart @ apart + np.trace(first) + np.trace(second) - 2 * cross)


def shrink_covariance(features: Floats) -> Floats:
    """Return a set's covariance, drawn toward a multiple of the identity (Ledoit & Wolf 2004, eq. 14).

    With some forty clips and 24 features the plain one is far too uneven.
    """
    n, n_features = features.shape
    centered = features - features.mean(axis=0)
    plain = centered.T @ centered / n
    level = np.trace(plain) / n_features
    target = level * np.eye(n_features)
    spread = ((plain - target) ** 2).sum()
    noise = sum(((np.outer(row, row) - plain) ** 2).sum() for row in centered) / n**2
    weight = min(noise / spread, 1.0) if spread > 0 else 1.0
    shrunk: Floats = weight * target + (1 - weight) * plain
    return shrunk


def measure_diversity(features: Floats) -> float:
    """Return the mean Euclidean distance between two clips of a set; sets of copies have 0."""
    squares = (features**2).sum(axis=1)
    distances = np.sqrt((squares[:, None] + squares - 2 * features @ features.T).clip(0))
    n = len(features)
    return float(distances.sum() / (n * (n - 1))) if n > 1 else 0.0


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    root: Floats = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root
