"""Whether the answer hangs on a single choice, clip or listener."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.answers import NO_ANSWER
from analysis.clusters import measure_rates
from analysis.estimates import Estimate
from analysis.exclusions import Exclusions, apply_rules
from analysis.fooling import estimate_difference
from analysis.influence import Influence, measure_influence
from analysis.learning import rank_trials
from study_core.config import AnalysisConfig
from study_core.types import HUMAN, HUMAN_SYSTEMS

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Question:
    """What a study asks, so that it can be asked again of other rows.

    Attributes
    ----------
    answer
        What is estimated, in words.
    in_points
        Whether it is a difference of shares.
    estimate
        Yields each generator's name, estimate and number of judgments from a table and a level.
    value
        What an estimate is the mean of, per row.
    against
        The value that is subtracted from a generator's mean; None for the mean of the human clips.
    units
        What may be left out one by one: its name and column.
    suppose
        Yields what the missing answers of a table may have been: in a word, and the cells of its columns.
    """

    answer: str
    in_points: bool
    estimate: Callable[[pd.DataFrame, float], Iterator[tuple[str, Estimate, int]]]
    value: Callable[[pd.DataFrame], "pd.Series[float]"]
    against: float | None
    units: Mapping[str, str]
    suppose: Callable[[pd.DataFrame], Iterator[tuple[str, dict[str, float]]]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One generator's difference (to the human clips, or to guessing), analyzed in another way."""

    name: str
    system: str
    n_trials: int
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Specification:
    """One combination of choices; `choices` names those that depart from the plan."""

    choices: tuple[str, ...]
    system: str
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Everything that was tried."""

    variants: tuple[Variant, ...]
    specifications: tuple[Specification, ...]
    options: tuple[str, ...]
    """Choices that the specifications combine."""
    influences: tuple[Influence, ...]
    answer: str
    """What is estimated, in words."""
    in_points: bool
    """Whether that is a difference of shares, given in percentage points."""


def estimate_differences(rows: pd.DataFrame, level: float) -> Iterator[tuple[str, Estimate, int]]:
    """Yield each generator's difference to the human clips of the share judged human."""
    if rows.empty or not rows["system"].eq(HUMAN).any():
        return
    rates = measure_rates(rows)
    for i, system in enumerate(rates.systems):
        if system not in HUMAN_SYSTEMS:
            yield system, estimate_difference(rates, system, HUMAN, level), int(rates.n_trials[i])


YES_NO = Question(
    "difference to human clips",
    True,
    estimate_differences,
    lambda rows: rows["judged_human"].astype("float64"),
    None,
    {"clip": "clip_id", "listener": "participant_id"},
    lambda _: iter([("human", {"judged_human": 1}), ("computer", {"judged_human": 0})]),
)


def check_sensitivity(
    table: pd.DataFrame, exclusions: Exclusions, config: AnalysisConfig, question: Question = YES_NO
) -> Sensitivity:
    """Return each generator's answer to the question under every other choice that the data allow."""
    level, kept = config.confidence_level, exclusions.kept
    variants = [
        variant
        for name, rows in _list_variants(table, exclusions, config, question)
        for variant in _estimate_variant(name, rows, level, question)
    ]
    choices = _list_choices(exclusions)
    specifications = tuple(_combine(exclusions.before, choices, level, question))
    influences = tuple(
        influence
        for unit, column in question.units.items()
        for influence in measure_influence(kept, question.value(kept), unit, column, question.against)
    )
    names = tuple(name for name, _, _ in choices)
    found = tuple(variants), specifications, names, influences
    return Sensitivity(*found, question.answer, question.in_points)


def _list_variants(
    table: pd.DataFrame, exclusions: Exclusions, config: AnalysisConfig, question: Question
) -> Iterator[tuple[str, pd.DataFrame]]:
    kept = exclusions.kept
    yield "as planned", kept
    if len(exclusions.before) > len(kept):
        yield "without any exclusion", exclusions.before
    for name, change in _relax(config):
        rows = apply_rules(table, config.model_copy(update=change)).kept
        if len(rows) != len(kept):
            yield name, rows
    yield from _list_subsets(kept)
    if NO_ANSWER in table:
        for word, cells in question.suppose(table):
            sure = table.fillna(cells).drop(columns=NO_ANSWER)
            yield f'without an answer counted as "{word}"', apply_rules(sure, config).kept


def _list_subsets(kept: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    if "knows_tune" in kept and kept["knows_tune"].eq(True).any():
        yield "without known tunes", kept[~kept["knows_tune"].eq(True)]
    if _has_order(kept):
        first = find_first_half(kept)
        yield "first half of each session", kept[first]
        yield "second half of each session", kept[~first]
    again = kept.duplicated(["participant_id", "clip_id"])
    if again.any():
        yield "first hearing of each clip", kept[~again]


def _relax(config: AnalysisConfig) -> Iterator[tuple[str, dict[str, object]]]:
    if config.leave_out_unfinished:
        yield "unfinished sessions kept", {"leave_out_unfinished": False}
    if config.leave_out_failed_checks:
        yield "failed checks kept", {"leave_out_failed_checks": False}
    if config.minimum_listening_s > 0:
        yield "short listening kept", {"minimum_listening_s": 0.0}
    if config.leave_out_known_tunes:
        yield "known tunes kept", {"leave_out_known_tunes": False}
    if config.minimum_judgments > 1:
        yield "listeners with few judgments kept", {"minimum_judgments": 1}


def _estimate_variant(name: str, rows: pd.DataFrame, level: float, question: Question) -> Iterator[Variant]:
    for system, difference, n_trials in question.estimate(rows, level):
        yield Variant(name, system, n_trials, difference)


def _list_choices(exclusions: Exclusions) -> list[tuple[str, Mask, Mask]]:
    """Return the choices to combine: a name, the rows under the plan, and the rows under the other choice."""
    before = exclusions.before
    kept = before.index.isin(exclusions.kept.index)
    everything = np.ones(len(before), dtype=bool)
    choices = []
    if not kept.all():
        choices.append(("no exclusions", kept, everything))
    if _has_order(before):
        choices.append(("first half only", everything, find_first_half(before).to_numpy()))
    if "confidence" in before and (before["confidence"] > before["confidence"].min()).any():
        sure = before["confidence"].ne(before["confidence"].min()).to_numpy()  # an empty cell is no guess
        choices.append(("guesses left out", everything, sure))
    if "heard_s" in before and before["heard_s"].notna().any():
        longest = before["heard_s"].ge(before["heard_s"].median()).to_numpy()
        choices.append(("longer listening only", everything, longest))
    return choices


def _combine(
    before: pd.DataFrame, choices: list[tuple[str, Mask, Mask]], level: float, question: Question
) -> Iterator[Specification]:
    for taken in product((False, True), repeat=len(choices)):
        rows = np.ones(len(before), dtype=bool)
        for other, (_, planned, changed) in zip(taken, choices, strict=True):
            rows &= changed if other else planned
        names = tuple(name for other, (name, _, _) in zip(taken, choices, strict=True) if other)
        for system, difference, _ in question.estimate(before[rows], level):
            yield Specification(names, system, difference)


def _has_order(table: pd.DataFrame) -> bool:
    return "trial_index" in table and bool(table["trial_index"].notna().all())


def find_first_half(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each judgment lies in the first half of its listener's judgments."""
    place = rank_trials(table)
    return place * 2 <= place.groupby(table["participant_id"]).transform("max")
