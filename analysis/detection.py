"""How well listeners told each generator from the human clips, free of their lean to one answer.

Signal-detection theory with generated clips as the signal: hit = "computer" said of a generated clip,
false alarm = "computer" said of a human clip. With z the inverse of the normal distribution,

    d' = z(hit rate) - z(false-alarm rate),   c = -(z(hit rate) + z(false-alarm rate)) / 2

(Macmillan & Creelman 2005). d' 0: could not tell. c above 0: leans to "human".
Both are marginal: rates are pooled over listeners and clips, so d' is smaller than the average listener's
where listeners or clips differ. Standard errors: delta method on the two-way clustered covariance of the
rates, dz(p)/dp = 1 / phi(z(p)); equal to the sandwich of a probit model with one parameter per system.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import IntArray, Rates, measure_rates
from analysis.estimates import Estimate, estimate_function, estimate_rate, unit_gradient
from study_core.types import HUMAN, HUMAN_SYSTEMS

LOG_LINEAR = "log-linear correction"
"""Point estimate where a rate is 0 or 1 (Hautus 1995): half a trial added to each answer."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How well one generator was told from the human clips."""

    system: str
    d_prime: Estimate
    criterion: Estimate
    balanced_accuracy: Estimate
    """Mean of the shares correct of human and of this generator's clips; guessing gives .5."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Correct judgments over all systems."""

    correct: Estimate
    base_rate: float
    """Share of trials with a human clip: what always answering "human" would score."""


def estimate_detection(rates: Rates, system: str, level: float) -> Detection:
    """Return d', c and balanced accuracy of a generator against the human clips."""
    human, generated = unit_gradient(rates, HUMAN), unit_gradient(rates, system)
    balanced = (human - generated) / 2
    slope_human, slope_generated = human / _density(rates, HUMAN), generated / _density(rates, system)
    rows = [rates.index(HUMAN), rates.index(system)]
    corrected = bool(np.isin(rates.share[rows], (0, 1)).any())
    d_prime, criterion = compute_d_prime(
        rates.n_judged_human[rows], rates.n_trials[rows], corrected=corrected
    )
    estimates = (
        estimate_function(rates, d_prime, slope_human - slope_generated, level),
        estimate_function(rates, criterion, (slope_human + slope_generated) / 2, level),
    )
    if corrected:
        estimates = (replace(estimates[0], method=LOG_LINEAR), replace(estimates[1], method=LOG_LINEAR))
    accuracy = estimate_function(rates, 0.5 + float(balanced @ rates.share), balanced, level)
    return Detection(system, *estimates, accuracy)


def compute_d_prime(judged_human: IntArray, trials: IntArray, *, corrected: bool) -> tuple[float, float]:
    """Return d' and c from the counts of human and generated clips, each of shape (2,), human first."""
    z_human, z_generated = stats.norm.ppf((judged_human + 0.5 * corrected) / (trials + corrected))
    return float(z_human - z_generated), float(z_human + z_generated) / 2


def estimate_accuracy(responses: pd.DataFrame, level: float) -> Accuracy:
    """Return the share of correct judgments over all systems, with the share of human trials."""
    is_human = responses["system"].isin(HUMAN_SYSTEMS)
    correct = (responses["judged_human"] == 1) == is_human
    # Correct or not is one yes-no answer of one "system": the same clustered share.
    pooled = responses.assign(judged_human=correct.astype("int64"), system=HUMAN)
    return Accuracy(estimate_rate(measure_rates(pooled), HUMAN, level), float(is_human.mean()))


def count_correct(responses: pd.DataFrame) -> pd.DataFrame:
    """Return `n_trials` and `n_correct` of each listener, in the order of their ids."""
    correct = (responses["judged_human"] == 1) == responses["system"].isin(HUMAN_SYSTEMS)
    grouped = correct.groupby(responses["participant_id"], sort=True)
    return pd.DataFrame({"n_trials": grouped.size(), "n_correct": grouped.sum()}).reset_index()


def _density(rates: Rates, system: str) -> float:
    density = float(stats.norm.pdf(stats.norm.ppf(rates.share[rates.index(system)])))
    return density or 1.0  # rates of 0 and 1 get no interval, so their slope is never used
