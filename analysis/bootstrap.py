"""The crossed bootstrap: listeners and clips drawn again, both at once (Owen & Eckles 2012).

For complete designs only, where every listener judged every clip: in others it counts the noise of single
judgments about three times, and its intervals came out 45 % too wide in simulated planned-missing studies.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import FloatArray, order_systems
from analysis.estimates import Estimate

METHOD = "crossed bootstrap"
DRAWS = 2000
SEED = 2018


@dataclass(frozen=True, slots=True)
class CrossedBootstrap:
    """Shares of S systems in many redrawn studies: `systems`, and shape (draws, S)."""

    systems: tuple[str, ...]
    shares: FloatArray

    def estimate(self, weights: dict[str, float], value: float, level: float) -> Estimate:
        """Return a weighted sum of shares, whose value in the study itself is given, with its interval."""
        drawn = self.shares @ np.array([weights.get(name, 0.0) for name in self.systems])
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        error = float(drawn.std(ddof=1))
        return Estimate(value=value, low=float(low), high=float(high), standard_error=error, method=METHOD)


def draw_studies(responses: pd.DataFrame) -> CrossedBootstrap | None:
    """Return redrawn studies, or None where not every listener judged every clip exactly once."""
    n_listeners, n_clips = responses["participant_id"].nunique(), responses["clip_id"].nunique()
    if len(responses) != n_listeners * n_clips or responses.duplicated(["participant_id", "clip_id"]).any():
        return None
    rng, systems = np.random.default_rng(SEED), order_systems(responses["system"].unique())
    listeners = rng.multinomial(n_listeners, np.full(n_listeners, 1 / n_listeners), DRAWS)
    shares = []
    for system in systems:
        rows = responses[responses["system"] == system]
        matrix = rows.pivot_table(index="participant_id", columns="clip_id", values="judged_human")
        clips = rng.multinomial(matrix.shape[1], np.full(matrix.shape[1], 1 / matrix.shape[1]), DRAWS)
        shares.append(((listeners @ matrix.to_numpy()) * clips).sum(axis=1) / matrix.size)
    return CrossedBootstrap(systems, np.stack(shares, axis=1))
