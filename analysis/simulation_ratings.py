"""Ratings simulated from a stated truth: the model of `analysis.ratings`, with normal listeners and clips.

A rating is the level into which eta plus noise falls, eta as in `analysis.simulation`. Human clips have
m = 0; the cuts between levels lie where their ratings take the levels in the shares asked for, and a
generator's m is set so that one of its ratings lies above one of a human clip as often as asked for, half of
ties included.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analysis.link import FloatArray, Link, integrate_link
from analysis.simulation import WIDEST, Design, Population, locate_share, simulate_evidence


def place_cuts(level_shares: Sequence[float], sd: float, link: Link = "logit") -> FloatArray:
    """Return the cuts between K levels with these shares of human clips' ratings, shape (K - 1,).

    `sd` is that of eta over listeners and clips.
    """
    above = 1 - np.cumsum(level_shares)[:-1]
    return np.array([-locate_share(float(share), sd, link) for share in above])


def share_levels(middle: float, cuts: FloatArray, sd: float, link: Link = "logit") -> FloatArray:
    """Return the share of each level among the ratings of a system with that m, shape (K,)."""
    above = [integrate_link(link, middle - float(cut), sd)[0] for cut in cuts]
    return -np.diff([1.0, *above, 0.0])


def compute_superiority(first: FloatArray, second: FloatArray) -> float:
    """Return how often a rating of the second lies above one of the first, half of ties included.

    Both are shares of levels, of shape (K,).
    """
    below = np.cumsum(first) - first / 2
    return float(second @ below)


def find_middle(superiority: float, cuts: FloatArray, sd: float, link: Link = "logit") -> float:
    """Return the m of a system with that superiority over human clips."""
    human = share_levels(0.0, cuts, sd, link)

    def miss(middle: float) -> float:
        return compute_superiority(human, share_levels(middle, cuts, sd, link)) - superiority

    return float(brentq(miss, -WIDEST, WIDEST))


def simulate_ratings(
    rng: np.random.Generator, population: Population, design: Design, cuts: FloatArray
) -> pd.DataFrame:
    """Return ratings from 1 up with `participant_id`, `clip_id` (numbers), `system` and `rating`."""
    heard = simulate_evidence(rng, population, design)
    return heard.assign(rating=1.0 + np.searchsorted(cuts, heard.pop("evidence")))
