"""What is looked at beside the declared estimates: how stable the answer is, and what may lie behind it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates
from analysis.cues import Cues, find_cues
from analysis.factors import Factor, divide
from analysis.findings import Study
from analysis.learning import Learning, measure_learning
from analysis.moderators import Moderator, measure_moderators
from analysis.outcomes import TAKEN
from analysis.plan import Deviation, list_deviations
from analysis.precision import Precision, plan_precision
from analysis.reasons import Reasons, count_reasons
from analysis.sensitivity import Sensitivity, check_sensitivity
from analysis.shrinkage import shrink_shares


@dataclass(frozen=True, slots=True)
class Exploration:
    """A study's findings with all of it.

    Attributes
    ----------
    clips
        The findings' clips with `shrunk`, `low`, `high`: their shares pulled towards their system's.
    deviations
        Where the analysis departs from the frozen plan; None where the data came without one.
    """

    study: Study
    clips: pd.DataFrame
    sensitivity: Sensitivity
    learning: Learning
    moderators: tuple[Moderator, ...]
    cues: Cues
    reasons: Reasons
    precision: tuple[Precision, ...]
    factors: tuple[Factor, ...]
    deviations: tuple[Deviation, ...] | None


def explore(study: Study, features: pd.DataFrame | None = None) -> Exploration:
    """Return everything that is looked at beside the declared estimates."""
    config, kept = study.config, study.exclusions.kept
    level, rates = config.confidence_level, measure_rates(kept)
    return Exploration(
        study,
        shrink_clips(study.findings.clips, level),
        check_sensitivity(study.responses.table, study.exclusions, config),
        measure_learning(kept, level),
        measure_moderators(kept, study.responses.moderators, study.exclusions.before, level),
        find_cues(kept, features, level),
        count_reasons(kept, config.reasons),
        tuple(plan_precision(rates, g.system, level) for g in study.findings.generators),
        tuple(divide(kept, name, TAKEN, level) for name in study.responses.factors),
        list_deviations(study.responses.plan, config, study.exclusions.before),
    )


def shrink_clips(clips: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return clips with `shrunk`, `low` and `high`: shares pulled towards their system's, with interval."""
    tables = []
    for _, rows in clips.groupby("system", sort=False):
        trials = rows["n_trials"].to_numpy(np.int64)
        hits = (rows["judged_human"] * rows["n_trials"]).round().to_numpy(np.int64)
        found = shrink_shares(hits, trials, level)
        tables.append(rows.assign(shrunk=found.share, low=found.low, high=found.high))
    return pd.concat(tables, ignore_index=True)
