"""How narrow an interval would be with other numbers of listeners and clips.

A share's variance is listeners / L + clips / C + answers / N. The parts are had by moments from this study's
clustered variances: the one by listener is that of listeners and answers together, likewise the one by clip;
a part that comes out below 0 counts as 0.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import Rates
from analysis.estimates import (
    MINIMUM_CLUSTERS,
    estimate_rate,
    explain_missing_interval,
    t_quantile,
    unit_gradient,
)

LISTENERS = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480)
CLIPS = (5, 10, 20, 40, 100)


@dataclass(frozen=True, slots=True)
class Precision:
    """What other designs would give for one system's rate.

    Attributes
    ----------
    table
        `clips`, `listeners`, `half_width` of the interval.
    half_width
        Of the interval that this study states; None where it has none.
    because
        Why there is none of this; empty where there is.
    """

    system: str
    n_listeners: int
    n_clips: int
    half_width: float | None
    table: pd.DataFrame | None = None
    because: str = ""


def plan_precision(rates: Rates, system: str, level: float) -> Precision:
    """Return the half-width of a system's rate for other designs, trials per listener as here."""
    i = rates.index(system)
    listeners, clips, trials = (int(n[i]) for n in (rates.n_listeners, rates.n_clips, rates.n_trials))
    unknown = explain_missing_interval(rates, unit_gradient(rates, system))
    if unknown or min(listeners, clips) <= MINIMUM_CLUSTERS:
        because = "the study is too small to plan another from"
        return Precision(system, listeners, clips, None, because=because)
    by_listener, by_clip, by_pair = (
        float(part[i, i] / rates.unrelated[i, i])
        for part in (rates.by_listener, rates.by_clip, rates.by_pair)
    )
    answers = float(rates.by_pair[i, i]) * trials
    of_listener = max(0.0, by_listener - by_pair) * listeners
    of_clip = max(0.0, by_clip - by_pair) * clips
    noise = max(0.0, answers - of_listener - of_clip) or answers

    def half_width(n_listeners: int, n_clips: int) -> float:
        heard = min(trials / listeners, n_clips)
        variance = of_listener / n_listeners + of_clip / n_clips + noise / (n_listeners * heard)
        return t_quantile(level, min(n_listeners, n_clips) - 1) * float(np.sqrt(variance))

    rows = [(c, n, half_width(n, c)) for c in CLIPS for n in _list_listeners(listeners)]
    rate = estimate_rate(rates, system, level)
    own = ((rate.high or 0.0) - (rate.low or 0.0)) / 2
    table = pd.DataFrame(rows, columns=["clips", "listeners", "half_width"])
    return Precision(system, listeners, clips, own, table)


def _list_listeners(here: int) -> list[int]:
    """Return the numbers of listeners to plan for, as far as this study went at least."""
    listed = list(LISTENERS)
    while listed[-1] < here:
        listed.append(2 * listed[-1])
    return listed
