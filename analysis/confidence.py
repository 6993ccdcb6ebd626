"""What listeners' confidence adds: ROC curves, the area below them, and whether the confident are right."""

from dataclasses import dataclass

import pandas as pd

from analysis.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Roc:
    """The ROC curve of one generator against the human clips.

    Attributes
    ----------
    points
        `false_alarm_rate` and `hit_rate` at every threshold of signed confidence, from (0, 0) to (1, 1).
    auc
        Area below the curve: how often a generated clip is rated more "computer" than a human one; .5 is
        guessing.
    z_slope
        Slope of the curve on normal axes, the human clips' SD over the generated ones'; None where it cannot
        be had.
    """

    system: str
    points: pd.DataFrame
    auc: Estimate
    z_slope: float | None


@dataclass(frozen=True, slots=True)
class Confidence:
    """What a study's confidence ratings say.

    Attributes
    ----------
    rocs
        A curve per generator.
    levels
        `confidence`, `n_trials`, `n_correct`, `correct` (share), `low`, `high` (of its interval, or None):
        the calibration curve.
    type_2_auc
        How often a correct judgment was given with more confidence than a wrong one; .5 is no insight.
    because
        Why there is none of this; empty where there is.
    """

    rocs: tuple[Roc, ...] = ()
    levels: pd.DataFrame | None = None
    type_2_auc: Estimate | None = None
    because: str = ""
