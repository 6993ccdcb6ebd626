"""Pairs simulated from a stated truth: the model of `analysis.pair_model`, with normal listeners and clips.

In units of the decision's noise a listener takes the first clip for the human one where

    lean_j + x delta_j + sigma (d_first - d_second) + noise > 0,

x being +1 where the human clip came first, else -1; and d' = sqrt(2) delta, so the SDs of d' and of a clip's
evidence are divided by sqrt(2) here. The mean of delta is set so that the share of human clips found,
averaged over listeners, clips and sides, is the one asked for.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.answers import HUMAN_CLIP
from analysis.simulation import Design, draw_clips
from study_core.types import HUMAN


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPopulation:
    """Who judges pairs: the share of human clips found, and how much listeners and clips differ.

    Attributes
    ----------
    correct
        Averaged over listeners, clips and sides; between 0 and 1, .5 is guessing.
    sd_lean
        Of listeners' lean to the first clip, in SDs of the decision's noise.
    sd_sensitivity, sd_clip
        Of listeners' d', and of a clip's evidence of being human, both in units of d'.
    """

    correct: float
    sd_lean: float
    sd_sensitivity: float
    sd_clip: float

    @property
    def delta(self) -> float:
        """Mean of delta over listeners."""
        spread = (1.0, self.sd_lean, self.sd_sensitivity / 2**0.5, self.sd_clip)  # a pair has two clips
        return float(stats.norm.ppf(self.correct) * np.linalg.norm(spread))


def simulate_pairs(
    rng: np.random.Generator, population: PairPopulation, design: Design, system: str
) -> pd.DataFrame:
    """Return a generator's pairs in the columns of `analysis.pairs.estimate_pairs`; ids are numbers.

    As many pairs per listener as the design has trials of the generator; no listener hears a clip twice.
    """
    listeners, n_pairs = design.n_listeners, design.trials[system]
    human, generated = (draw_clips(rng, listeners, design.n_clips[of], n_pairs) for of in (HUMAN, system))
    of_human, of_generated = (
        rng.normal(0, population.sd_clip / 2**0.5, design.n_clips[of]) for of in (HUMAN, system)
    )
    lean = rng.normal(0, population.sd_lean, listeners)
    delta = rng.normal(population.delta, population.sd_sensitivity / 2**0.5, listeners)
    who = np.repeat(np.arange(listeners), n_pairs)
    human_first = rng.random(who.size) < 0.5  # noqa: PLR2004 (a fair coin)
    better = delta[who] + of_human[human] - of_generated[generated]
    first = np.where(human_first, better, -better) + lean[who] + rng.normal(size=who.size) > 0
    return pd.DataFrame(
        {
            "participant_id": who,
            "clip_id": generated,
            "system": system,
            HUMAN_CLIP: human,
            "chose_first": first.astype(np.int64),
            "judged_human": (first != human_first).astype(np.int64),
        }
    )
