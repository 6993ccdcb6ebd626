"""What listeners' confidence adds: ROC curves, the area below them, and whether the confident are right.

A judgment's rating is its confidence, with a minus where it was "human": from surely human to surely
computer. The area below the ROC curve (AUC) is the share of pairs of a generated and a human judgment in
which the generated one is rated more "computer", ties half. To first order it is a mean over judgments of
their placement, the share of the other kind that they exceed (DeLong, DeLong & Clarke-Pearson 1988), so the
two-way clustered variance of means holds for it: with independent judgments it is DeLong's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.clusters import FloatArray, measure_means
from analysis.estimates import Estimate, estimate_function, estimate_rate
from study_core.types import HUMAN, HUMAN_SYSTEMS

FIRST, SECOND = "first", "second"
MINIMUM_LEVELS = 2


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


def estimate_confidence(responses: pd.DataFrame, generators: tuple[str, ...], level: float) -> Confidence:
    """Return ROC curves, calibration curve and type-2 AUC of the judgments with a confidence."""
    if "confidence" not in responses:
        return Confidence(because="listeners were not asked how sure they were")
    rated = responses[responses["confidence"].notna()]
    n_levels = rated["confidence"].nunique()
    if n_levels < MINIMUM_LEVELS:
        return Confidence(because=f"{n_levels} level of confidence was used, and a curve needs 2")
    correct = (rated["judged_human"] == 1) == rated["system"].isin(HUMAN_SYSTEMS)
    above_zero = rated["confidence"].to_numpy(np.float64) + 1  # so that a confidence of 0 has a sign
    signed = pd.Series(np.where(rated["judged_human"] == 1, -above_zero, above_zero), rated.index)
    groups = pd.Series(np.where(correct, SECOND, FIRST), rated.index)
    return Confidence(
        tuple(_draw_roc(rated, signed, system, level) for system in generators),
        _count_levels(rated, correct, level),
        estimate_area(rated, rated["confidence"], groups, (FIRST, SECOND), level),
    )


def estimate_area(
    responses: pd.DataFrame,
    ratings: "pd.Series[float]",
    groups: "pd.Series[Any]",
    names: tuple[str, str],
    level: float,
) -> Estimate:
    """Return how often a rating of the second group is above one of the first, half of ties included.

    Ratings, groups and responses share their rows; rows of other groups are left out.
    """
    chosen = groups.isin(names)
    rows = responses[chosen].assign(system=groups[chosen])
    is_second = (rows["system"] == names[1]).to_numpy()
    if is_second.all() or not is_second.any():
        return Estimate(value=0.5, because=f"there are only ratings of {names[int(is_second.all())]}")
    placements = place_ratings(np.asarray(ratings[chosen], np.float64), is_second)
    means = measure_means(rows, placements)
    value = float(placements[is_second].mean())
    if value in (0, 1):
        return Estimate(value=value, because=f"no rating of {names[0]} lies among those of {names[1]}")
    return estimate_function(means, value, np.ones(len(means.systems)), level)


def place_ratings(ratings: FloatArray, is_second: npt.NDArray[np.bool_]) -> FloatArray:
    """Return each rating's placement: the share of first ones below a second, or of second ones above."""
    first, second = ratings[~is_second], ratings[is_second]
    placements = np.empty(ratings.size)
    placements[is_second] = _share_below(first, second)
    placements[~is_second] = 1 - _share_below(second, first)
    return placements


def _share_below(sample: FloatArray, values: FloatArray) -> FloatArray:
    """Return the share of a sample below each value, half of ties included."""
    ordered = np.sort(sample)
    below = ordered.searchsorted(values, "left") + ordered.searchsorted(values, "right")
    return np.asarray(below / (2 * sample.size), np.float64)


def _draw_roc(rated: pd.DataFrame, signed: "pd.Series[float]", system: str, level: float) -> Roc:
    thresholds = np.sort(signed.unique())[::-1]
    rates = [
        [0.0, *(float((signed[rated["system"] == name] >= at).mean()) for at in thresholds)]
        for name in (HUMAN, system)
    ]
    auc = estimate_area(rated, signed, rated["system"], (HUMAN, system), level)
    points = pd.DataFrame({"false_alarm_rate": rates[0], "hit_rate": rates[1]}).fillna(0.0)
    return Roc(system, points, auc, _fit_z_slope(points))


def _fit_z_slope(points: pd.DataFrame) -> float | None:
    """Return the least-squares slope of z(hit rate) on z(false-alarm rate), over the inner points."""
    inner = points[((points > 0) & (points < 1)).all(axis=1)].drop_duplicates()
    z = stats.norm.ppf(inner.to_numpy())
    if len(z) <= MINIMUM_LEVELS or np.ptp(z[:, 0]) == 0:
        return None
    return float(np.polyfit(z[:, 0], z[:, 1], 1)[0])


def _count_levels(rated: pd.DataFrame, correct: "pd.Series[bool]", level: float) -> pd.DataFrame:
    rows = []
    for confidence, group in correct.groupby(rated["confidence"], sort=True):
        table = rated.loc[group.index].assign(judged_human=group.astype("int64"), system=HUMAN)
        share = estimate_rate(measure_means(table, np.asarray(group, np.float64)), HUMAN, level)
        rows.append((confidence, len(group), int(group.sum()), share.value, share.low, share.high))
    names = ["confidence", "n_trials", "n_correct", "correct", "low", "high"]
    return pd.DataFrame(rows, columns=names).astype({"low": object, "high": object})
