"""How often each system was called human, and the covariance of these shares over listeners and clips.

Listeners and clips are both samples (Clark 1973), so two judgments of one listener, or of one clip, count as
dependent. The covariance is the two-way clustered one of Cameron, Gelbach & Miller (2011),

    V = V_listener + V_clip - V_listener-and-clip,

each V_g being the sum over clusters of u u', where u holds a cluster's summed residuals per system, divided
by the system's trials; and V is divided by the share of pairs of judgments that have neither listener nor
clip in common. That is the mean product of the residuals of such pairs with its sign turned, for all products
add up to 0; and it is free of bias where V, and V with the usual G / (G - 1), are not: no model is asked for,
only that listeners and clips might have been others. docs/decisions/0007 has the simulations.

A model with one parameter per system has the same estimates and, by the delta method, the same V under every
link; so everything else here (differences, d') is a function of these shares.

Shares are population-averaged (marginal over listeners and clips), not those of an average listener.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from study_core.types import HUMAN, HUMAN_SYSTEMS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of judgments "human" of S systems, human first, with their covariance components.

    Attributes
    ----------
    systems
        Names, human systems first, the generators in alphabetical order.
    share
        Shape (S,): judgments "human" / judgments.
    n_judged_human, n_trials, n_listeners, n_clips
        Shape (S,): counts.
    by_listener, by_clip, by_pair
        Shape (S, S): covariance of `share` when clustered by listener, clip, and both together, uncorrected.
    unrelated
        Shape (S, S): share of pairs of judgments that have neither listener nor clip in common.
    """

    systems: tuple[str, ...]
    share: FloatArray
    n_judged_human: IntArray
    n_trials: IntArray
    n_listeners: IntArray
    n_clips: IntArray
    by_listener: FloatArray
    by_clip: FloatArray
    by_pair: FloatArray
    unrelated: FloatArray

    def index(self, system: str) -> int:
        """Return a system's place in every array."""
        return self.systems.index(system)

    def variance(self, gradient: FloatArray) -> float:
        """Return the variance of a function of the shares, given its gradient, shape (S,).

        At least that of independent judgments: an estimate below it is chance, or the work of listeners so
        even-handed that their judgments cancel, and would claim more than the judgments hold.
        """
        listener, clip, pair = self._split_variance(gradient)
        return max(listener + clip - pair, pair)

    def naive_variance(self, gradient: FloatArray) -> float:
        """Return the variance that treats every pair of listener and clip as independent: too small."""
        return float(gradient @ self.by_pair @ gradient)

    def listener_variance(self, gradient: FloatArray) -> float:
        """Return the variance that takes the clips for the only ones there are: too small."""
        return self._split_variance(gradient)[0]

    def degrees_of_freedom(self, gradient: FloatArray) -> float:
        """Return the t reference's degrees of freedom for a function with that gradient.

        After Satterthwaite (1946) over the listeners' variance and that of each system's clips; a sum of
        independent variances never has fewer than its part with the fewest, so that is the least.
        """
        used = np.flatnonzero(gradient)
        listeners, clips = self.n_listeners[used].min() - 1.0, self.n_clips[used] - 1.0
        parts = (gradient[used] ** 2 * np.diag(self.by_clip / self.unrelated)[used]) ** 2
        spread = float((parts / clips).sum())
        of_clips = float(np.sqrt(parts).sum()) ** 2 / spread if parts.all() else float(clips.min())
        uncertain = self._split_variance(gradient)[0] ** 2 / listeners + spread
        combined = self.variance(gradient) ** 2 / uncertain if uncertain else 0.0
        return float(max(min(listeners, of_clips), combined))

    def _split_variance(self, gradient: FloatArray) -> tuple[float, float, float]:
        """Return the parts by listener, clip and pair, each divided by the share of unrelated pairs."""
        parts = (self.by_listener, self.by_clip, self.by_pair)
        listener, clip, pair = (float(gradient @ (part / self.unrelated) @ gradient) for part in parts)
        return listener, clip, pair


def measure_rates(responses: pd.DataFrame) -> Rates:
    """Return the share of judgments "human" per system with its two-way clustered covariance.

    Parameters
    ----------
    responses
        One row per judgment with the columns `participant_id`, `clip_id`, `system` and `judged_human` (0/1).
    """
    return measure_means(responses, responses["judged_human"].to_numpy(np.float64))


def measure_means(responses: pd.DataFrame, values: FloatArray) -> Rates:
    """Return the mean of any values per system, as the share of judgments "human" is one.

    `values` has shape (rows,); of numbers other than 0 and 1, `n_judged_human` is their sum, rounded.
    """
    systems = order_systems(responses["system"].unique())
    system = pd.Index(systems).get_indexer(pd.Index(responses["system"]))
    listener = pd.factorize(responses["participant_id"])[0]
    clip = pd.factorize(responses["clip_id"])[0]
    pair = pd.factorize(listener * (clip.max() + 1) + clip)[0]
    tables = [_sum(group, system, values, len(systems)) for group in (listener, clip, pair)]
    trials, totals = tables[0][0].sum(axis=0), tables[0][1].sum(axis=0)
    n_listeners, n_clips = ((n > 0).sum(axis=0) for n, _ in tables[:2])
    by_listener, by_clip, by_pair = (_covariance(n, total, totals / trials) for n, total in tables)
    unrelated = _share_unrelated([n for n, _ in tables])
    means, counts = totals / trials, np.rint(totals).astype(np.int64)
    return Rates(
        systems, means, counts, trials, n_listeners, n_clips, by_listener, by_clip, by_pair, unrelated
    )


def order_systems(systems: Iterable[str]) -> tuple[str, ...]:
    """Return the names with human systems first, the generators in alphabetical order."""
    return tuple(sorted(systems, key=lambda name: (name != HUMAN, name not in HUMAN_SYSTEMS, name)))


def _sum(
    group: IntArray, system: IntArray, values: FloatArray, n_systems: int
) -> tuple[IntArray, FloatArray]:
    """Return trials and sums of values per cluster and system, each of shape (clusters, S)."""
    cell = group * n_systems + system
    shape = (int(group.max()) + 1, n_systems)
    size = shape[0] * shape[1]
    trials = np.bincount(cell, minlength=size).reshape(shape)
    return trials, np.bincount(cell, values, minlength=size).reshape(shape).astype(np.float64, copy=False)


def _covariance(trials: IntArray, totals: FloatArray, mean: FloatArray) -> FloatArray:
    """Return sum(u u') over clusters, shape (S, S)."""
    residual = (totals - trials * mean) / trials.sum(axis=0)
    covariance: FloatArray = residual.T @ residual
    return covariance


def _share_unrelated(trials: Sequence[IntArray]) -> FloatArray:
    """Return the share of unrelated pairs of judgments, by two systems, shape (S, S).

    1 where there are none, as with one listener: then there is no variance to divide either.
    """
    alike = [(n / n.sum(axis=0)).T @ (n / n.sum(axis=0)) for n in trials]
    unrelated = 1 - alike[0] - alike[1] + alike[2]
    return np.where(unrelated > np.finfo(float).eps * unrelated.size, unrelated, 1.0)
