"""What a pilot says of its listeners and clips, to plan the next study from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates
from analysis.exclusions import apply_rules
from analysis.hierarchical import GENERATED
from analysis.mixed import MixedModel
from analysis.ordinal import OrdinalModel
from analysis.pair_model import fit_pairs
from analysis.ratings import fit_ratings
from analysis.responses import read_responses
from analysis.spread import fit_study
from study_core.config import Config
from study_core.errors import StudyError
from study_core.types import HUMAN

ASKED = {"yes_no": "human or computer", "pairs": "in pairs", "ratings": "ratings"}
ANALYZED = {"yes_no": "yes_no", "two_afc": "pairs", "rating": "ratings"}
"""By `trials.paradigm`, what its table of judgments is read as."""


def learn_from_pilot(path: Path, config: Config) -> dict[str, Any]:
    """Return a pilot's shares and SDs, under the names of the fields of `analysis.planning.Plan`.

    Raises
    ------
    StudyError
        If the pilot asked otherwise than the config's study, or is too small to learn from.
    ResponsesError
        If it cannot be read.
    """
    responses, wanted = read_responses(path), ANALYZED[config.trials.paradigm]
    if responses.paradigm != wanted:
        raise StudyError(
            f"{path} is no pilot to plan from: its judgments are not {ASKED[wanted]}, as "
            f"trials.paradigm {config.trials.paradigm} asks. Leave --pilot out, or plan what it asked."
        )
    kept = apply_rules(responses.table, config.analysis).kept
    return {"source": str(path), **LEARN[wanted](path, kept, config)}


def _learn_from_words(path: Path, kept: pd.DataFrame, _: Config) -> dict[str, Any]:
    rates = measure_rates(kept)
    model = fit_study(kept, rates)
    if isinstance(model, str):
        raise _refuse(path, model)
    if HUMAN not in model.terms or GENERATED not in model.by_listener:
        raise StudyError(
            f"{path} is no pilot to plan from: it needs human and generated clips, and both answers about "
            "each."
        )
    share = float(rates.share[rates.index(HUMAN)])
    return {"human_share": share, **_name_sds(model)}


def _learn_from_pairs(path: Path, kept: pd.DataFrame, config: Config) -> dict[str, Any]:
    """Return the SDs of d', over all generators in quadrature; a lean's SD is not among them."""
    rows = [kept[kept["system"] == system] for system in sorted(kept["system"].unique())]
    models = [fit_pairs(some, config.analysis.confidence_level) for some in rows]
    known = [(model.listeners_sd or 0.0, model.clips_sd or 0.0) for model in models if not model.because]
    if not known:
        raise _refuse(path, "; ".join(model.because for model in models))
    sensitivity, clip = np.sqrt(np.mean(np.square(known), axis=0))
    return {"sd_sensitivity": float(sensitivity), "sd_clip": float(clip)}


def _learn_from_ratings(path: Path, kept: pd.DataFrame, config: Config) -> dict[str, Any]:
    rated = kept[kept["rating"].notna()]
    model = fit_ratings(rated)
    if isinstance(model, str):
        raise _refuse(path, model)
    levels = config.trials.rating_levels
    if rated["rating"].max() > levels:
        raise StudyError(
            f"{path} is no pilot to plan from: it was rated up to {rated['rating'].max():g}, and "
            f"trials.rating_levels is {levels}."
        )
    human = rated.loc[rated["system"] == HUMAN, "rating"]
    # As if each level had been given once more: a pilot's zeros are no promise.
    counts = np.array([(human == level).sum() + 1 for level in range(1, levels + 1)])
    shares = tuple(float(share) for share in counts / counts.sum())
    return {"level_shares": shares, **_name_sds(model)}


def _name_sds(model: MixedModel | OrdinalModel) -> dict[str, float]:
    lean, sensitivity = map(float, model.listener_sd)
    return {"sd_lean": lean, "sd_sensitivity": sensitivity, "sd_clip": model.clip_sd}


def _refuse(path: Path, because: str) -> StudyError:
    return StudyError(f"{path} is too small a pilot to plan from: {because}. Leave --pilot out.")


LEARN: dict[str, Callable[[Path, pd.DataFrame, Config], dict[str, Any]]] = {
    "yes_no": _learn_from_words,
    "pairs": _learn_from_pairs,
    "ratings": _learn_from_ratings,
}
