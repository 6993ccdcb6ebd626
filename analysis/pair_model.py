"""What the average listener hears in pairs: a mixed model with listeners and both clips of a pair as samples.

Each clip has an evidence of being human, d_c; a listener takes the first clip for the human one with
probability

    Phi(lean_j + x delta_j + sigma (d_first - d_second)),     x = +1 where the human clip came first, else -1,

lean_j and delta_j normal and correlated, d_c standard normal: the likelihood of `analysis.laplace`, but with
two clips to a judgment, one with each sign. As the difference of two clips' evidence has the noise of two,
d' = sqrt(2) delta (Macmillan & Creelman 2005, ch. 7), and so with the SDs.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.answers import HUMAN_CLIP
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, estimate_by_t
from analysis.laplace import IntArray, Judgments, LaplaceLikelihood
from analysis.link import FloatArray, Link
from analysis.maximum import Maximum, maximize
from analysis.pairs import FACTORS
from analysis.spread import MOST_JUDGMENTS, Test

METHOD = "mixed model of pairs, t"
SHORT = "The search stopped short of the maximum: distrust this fit."


@dataclass(frozen=True, slots=True)
class PairModel:
    """How well the average listener found the human clips beside one generator's.

    Attributes
    ----------
    d_prime
        Of the average listener and clips.
    lean
        Of the average listener towards the first clip, in SDs of the decision's noise; 0 is none.
    listeners_sd, clips_sd
        SDs of d' over listeners, and of a clip's evidence; None where there is no model.
    tests
        Whether listeners differ in d'.
    because
        Why there is no model; empty where there is.
    """

    system: str
    d_prime: Estimate
    lean: Estimate
    listeners_sd: float | None = None
    clips_sd: float | None = None
    tests: tuple[Test, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class PairJudgments(Judgments):
    """Judgments of two clips each: `clip` came first, `second` second; both of shape (N,)."""

    second: IntArray

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the sizes J, I, p and k."""
        clips = int(max(self.clip.max(), self.second.max())) + 1
        return int(self.listener.max()) + 1, clips, self.fixed.shape[1], self.by_listener.shape[1]


class PairLikelihood(LaplaceLikelihood):
    """The Laplace log-likelihood where a judgment hangs on its first clip, less its second."""

    def __init__(self, judgments: Judgments, second: IntArray, link: Link) -> None:
        super().__init__(judgments, link)
        self._second = second
        self._second_cell = judgments.listener * self.clips + second
        self._couple = judgments.clip * self.clips + second

    def _at_clips(self, values: FloatArray) -> FloatArray:
        return super()._at_clips(values) - values[..., self._second]

    def _sum_by_clip(self, values: FloatArray) -> FloatArray:
        return super()._sum_by_clip(values) - np.bincount(self._second, values, self.clips)

    def _sum_over_clips(self, weight: FloatArray) -> FloatArray:
        couples = np.bincount(self._couple, weight, self.clips**2).reshape(self.clips, self.clips)
        alone = super()._sum_by_clip(weight) + np.bincount(self._second, weight, self.clips)
        return np.diag(alone) - couples - couples.T

    def _sum_by_cell(self, values: FloatArray) -> FloatArray:
        less = np.bincount(self._second_cell, values, self.listeners * self.clips)
        return super()._sum_by_cell(values) - less.reshape(self.listeners, self.clips)

    def _at_cells(self, cross: FloatArray) -> FloatArray:
        return super()._at_cells(cross) - cross[self.judgments.listener, :, self._second]

    def _at_squares(self, clips: FloatArray) -> FloatArray:
        first, second = self.judgments.clip, self._second
        diagonal = clips.diagonal()
        return np.asarray(diagonal[first] + diagonal[second] - 2 * clips[first, second], np.float64)


def fit_pairs(rows: pd.DataFrame, level: float) -> PairModel:
    """Return the model of one generator's pairs, or why there is none.

    `rows` are as in `analysis.pairs.estimate_pairs`.
    """
    system, because = str(rows["system"].iloc[0]), _find_shortage(rows)
    if because:
        missing = Estimate(value=0.0, method=METHOD, because=because)
        return PairModel(system, missing, missing, because=because)
    best, alike = (_fit(rows, by_listener=size) for size in (2, 1))
    sizes = [rows[name].nunique() for name in FACTORS]
    lean, d_prime = (
        _estimate(best, i, scale, min(sizes) - 1.0, level) for i, scale in ((0, 1.0), (1, 2**0.5))
    )
    root = np.zeros((2, 2))
    root[np.tril_indices(2)] = best.parameters[2:5]
    listeners_sd, clips_sd = (2**0.5 * float(np.linalg.norm(sd)) for sd in (root[1], best.parameters[-1]))
    gain = max(0.0, 2 * (best.log_likelihood - alike.log_likelihood))
    p = float(np.mean(stats.chi2.sf(gain, [1, 2])))  # an SD of 0 is a boundary (Stram & Lee 1994)
    return PairModel(
        system, d_prime, lean, listeners_sd, clips_sd, (Test("Do listeners differ in d'?", gain, 2, p),)
    )


def _fit(rows: pd.DataFrame, *, by_listener: int) -> Maximum:
    """Return the maximum of a model whose listeners differ in lean (1), and in d' too (2)."""
    judgments = _arrange(rows, by_listener)
    return maximize(judgments, "probit", lambda scaled, link: PairLikelihood(scaled, judgments.second, link))


def _find_shortage(rows: pd.DataFrame) -> str:
    """Return why no model can be estimated; empty where one can."""
    if len(rows) > MOST_JUDGMENTS:
        return f"{len(rows)} pairs are more than the {MOST_JUDGMENTS} that a model is fitted to"
    for name, who in FACTORS.items():
        if rows[name].nunique() < MINIMUM_CLUSTERS:
            return f"there is only one {who}"
    human_first = rows["chose_first"] != rows["judged_human"]
    shares = rows["chose_first"].groupby(human_first).mean()
    if len(shares) == 1:
        return "the human clip was always on the same side"
    return "all answers on one side were alike" if shares.isin((0, 1)).any() else ""


def _arrange(rows: pd.DataFrame, by_listener: int) -> PairJudgments:
    """Return the judgments, in the order of listeners, with so many terms in which listeners differ."""
    human_first = (rows["chose_first"] != rows["judged_human"]).to_numpy()
    generated, names = pd.factorize(rows["clip_id"])
    human = pd.factorize(rows[HUMAN_CLIP])[0] + len(names)
    listener = pd.factorize(rows["participant_id"])[0]
    order = np.argsort(listener, kind="stable")
    terms = np.column_stack([np.ones(len(rows)), np.where(human_first, 1.0, -1.0)])[order]
    return PairJudgments(
        np.where(rows["chose_first"] == 1, 1.0, -1.0)[order],
        terms,
        terms[:, :by_listener],
        listener[order],
        np.where(human_first, human, generated)[order],
        np.where(human_first, generated, human)[order],
    )


def _estimate(best: Maximum, i: int, scale: float, freedom: float, level: float) -> Estimate:
    value, error = scale * float(best.parameters[i]), scale * float(best.covariance[i, i] ** 0.5)
    warnings = () if best.is_maximum else (SHORT,)
    return estimate_by_t(value, error, freedom, level, method=METHOD, warnings=warnings)
