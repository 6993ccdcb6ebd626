"""Studies simulated from a stated truth: to plan one, and to see whether its estimates would be right.

Judgment i of listener j about clip c of system s is "human" with probability F(eta),

    eta = m_s + lean_j + x_s sensitivity_j + clip_c,     x = +1/2 for human, -1/2 for generated clips,

with F logistic or normal and the last three normal with mean 0: the model of `analysis.hierarchical`, with
human up. m_s is set so that the share judged human, averaged over listeners and clips, is the one asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analysis.clusters import IntArray
from analysis.link import FloatArray, Link, integrate_link
from study_core.types import HUMAN_SYSTEMS

WIDEST = 50.0
"""No share but 0 and 1 lies further out on the scale of a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Who judges what: shares by system, and how much listeners and clips differ on the link's scale."""

    shares: Mapping[str, float]
    """Share judged human of each system, averaged over listeners and clips; between 0 and 1."""
    sd_lean: float
    sd_sensitivity: float
    sd_clip: float
    link: Link = "logit"

    @property
    def sd(self) -> float:
        """SD of eta over listeners and clips of one system."""
        return float(np.linalg.norm([self.sd_lean, self.sd_sensitivity / 2, self.sd_clip]))

    def locate(self) -> dict[str, float]:
        """Return m of each system."""
        return {name: locate_share(share, self.sd, self.link) for name, share in self.shares.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """So many listeners hear so many trials of each system, drawn at random from its clips."""

    n_listeners: int
    n_clips: Mapping[str, int]
    trials: Mapping[str, int]

    @property
    def n_trials(self) -> int:
        """Trials of one listener."""
        return sum(self.trials.values())


def locate_share(share: float, sd: float, link: Link) -> float:
    """Return the m whose F(m + sd t), averaged over standard normal t, is the share."""

    def miss(middle: float) -> float:
        return integrate_link(link, middle, sd)[0] - share

    return float(brentq(miss, -WIDEST, WIDEST))


def simulate_study(rng: np.random.Generator, population: Population, design: Design) -> pd.DataFrame:
    """Return judgments with `participant_id`, `clip_id` (numbers), `system` and `judged_human`."""
    heard = simulate_evidence(rng, population, design)
    judged = (heard.pop("evidence") > 0).astype(np.int64)
    return heard.assign(judged_human=judged)


def simulate_evidence(rng: np.random.Generator, population: Population, design: Design) -> pd.DataFrame:
    """Return a row a trial: `participant_id`, `clip_id` (numbers), `system` and `evidence`, eta + noise."""
    lean = rng.normal(0, population.sd_lean, design.n_listeners)
    sensitivity = rng.normal(0, population.sd_sensitivity, design.n_listeners)
    first_clip, tables = 0, []
    for system, middle in population.locate().items():
        n_clips, trials = design.n_clips[system], design.trials[system]
        listener = np.repeat(np.arange(design.n_listeners), trials)
        clip = draw_clips(rng, design.n_listeners, n_clips, trials)
        of_clips = rng.normal(0, population.sd_clip, n_clips)
        sign = 0.5 if system in HUMAN_SYSTEMS else -0.5
        eta = middle + lean[listener] + sign * sensitivity[listener] + of_clips[clip]
        evidence = eta + _draw_noise(rng, population.link, eta.size)
        columns = {"participant_id": listener, "clip_id": first_clip + clip, "system": system}
        tables.append(pd.DataFrame({**columns, "evidence": evidence}))
        first_clip += n_clips
    return pd.concat(tables, ignore_index=True)


def draw_clips(rng: np.random.Generator, n_listeners: int, n_clips: int, trials: int) -> IntArray:
    """Return the clips that each listener hears, none twice, listener by listener."""
    order: IntArray = rng.random((n_listeners, n_clips)).argsort(axis=1)
    return order[:, :trials].ravel()


def _draw_noise(rng: np.random.Generator, link: Link, size: int) -> FloatArray:
    return rng.logistic(size=size) if link == "logit" else rng.normal(size=size)
