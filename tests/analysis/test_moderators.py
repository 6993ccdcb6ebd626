"""Groups of few listeners: no more is said of them than they can tell."""

import numpy as np
import pandas as pd

from analysis.moderators import Moderator, measure_moderator
from tests.analysis.made import simulate_study


def compare(few: int, seed: int) -> Moderator:
    """Return how a fact of `few` of 40 listeners, who differ much and not by it, goes with being right."""
    trials = {"human": 20, "gan": 20}
    table = simulate_study(
        np.random.default_rng(seed),
        {"human": 0.6, "gan": 0.4},
        listeners=40,
        clips=40,
        trials=trials,
        sd_sensitivity=0.7,
    )
    number = table["participant_id"].str.removeprefix("p").astype(int)
    return measure_moderator(table.assign(deaf=np.where(number < few, "yes", "no")), "deaf", 0.95)


def test_one_listener_is_no_group() -> None:
    found = compare(1, 0)
    assert (found.p, found.because) == (None, 'only one listener is in the group "yes"')
    assert isinstance(found.groups, pd.DataFrame)


def test_three_listeners_who_are_as_the_others_are_rarely_found_to_differ() -> None:
    """80 studies, 5 % of which may err; when all listeners' number gave the t reference, 11 erred."""
    assert sum((compare(3, seed).p or 0) < 0.05 for seed in range(80)) <= 6
