"""Ratings on a few ordered levels: a cumulative mixed model with listeners and clips both as samples."""

from dataclasses import dataclass

import pandas as pd

from analysis.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Rating:
    """How one system was rated.

    Attributes
    ----------
    shares
        `rating`, `share`: how often each level was given.
    mean
        Mean rating, with its two-way clustered interval.
    effect
        Cumulative mixed model: how far ratings lie above the human clips', on the link's scale; None for the
        human clips themselves.
    superiority
        Probability that a rating of this system is above one of a human clip, half of ties included; None for
        the human clips themselves.
    """

    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    shares: pd.DataFrame
    mean: Estimate
    effect: Estimate | None
    superiority: Estimate | None
