"""The answer to a trial, however a study asked for it: in two words, in grades, with a sign, or in pairs."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.cells import FIRST_DATA_ROW
from analysis.columns import (
    ANSWERS,
    CHOSE_FIRST,
    GRADED,
    JUDGED_GENERATED,
    JUDGED_HUMAN,
    KNOWN,
    NOT_SURE,
    RATING,
    SECOND_CLIP,
    SECOND_HEARD,
    SECOND_SYSTEM,
    SIGNED,
    SILENT,
)
from study_core.types import HUMAN, HUMAN_SYSTEMS

NO_ANSWER = "no_answer"
"""Column of what was said instead of an answer ("not sure", "knew the tune"...); None beside an answer."""
HUMAN_CLIP = "human_clip_id"
"""Column of the human clip of a pair; `clip_id` and `system` are those of its generated clip."""
WHOLE = (JUDGED_HUMAN, CHOSE_FIRST)
"""Answers of 0 and 1, whole numbers where nobody said anything instead."""


def find_unusable_answers(values: pd.DataFrame, grades: int | None) -> list[str]:
    """Return why answers cannot be understood; empty where they can."""
    problems = []
    if GRADED in values and grades is None:
        problems.append(
            f"{GRADED}: how many grades there are must be said: `study analyze --grades NUMBER`; "
            f"other commands want {JUDGED_HUMAN} in its place"
        )
    for name, what in ((GRADED, "grade"), (RATING, "rating")):
        given = pd.to_numeric(values[name], errors="coerce") if name in values else pd.Series(dtype=float)
        if grades is not None and (given > grades).any():
            row = int(np.nanargmax(given))
            where = f"{given[row]:g} in row {row + FIRST_DATA_ROW}"
            problems.append(f"{name}: {where} is above the highest {what}, {grades} (--grades)")
    problems += [
        f"{name} holds the confidence; leave the column confidence out"
        for name in (GRADED, SIGNED)
        if {name, "confidence"} <= set(values)
    ]
    if CHOSE_FIRST in values:
        first, second = (values[name].isin(HUMAN_SYSTEMS) for name in ("system", SECOND_SYSTEM))
        wrong = int((first == second).sum())
        if wrong:
            problems.append(f"{wrong} of {len(values)} pairs are not of one {HUMAN!r} and one generated clip")
    return problems


def read_answers(values: pd.DataFrame, grades: int | None) -> pd.DataFrame:
    """Return the table with `judged_human` (0, 1, or NaN beside a reason in `no_answer`), however asked.

    Of a pair, `clip_id` and `system` become those of the generated clip, and `judged_human` says whether that
    clip was taken for the human one; `heard_s` is that of the clip that was heard less. Where a rating is all
    that was asked for, `no_answer` stands beside those that were not given.
    """
    if RATING in values:
        values = _read_ratings(values)
    if CHOSE_FIRST in values:
        return _read_pairs(values)
    if GRADED in values and grades is not None:
        distance = values[GRADED] - (grades + 1) / 2
        return _read_signed(values.drop(columns=GRADED), distance, np.ceil(distance.abs()))
    if SIGNED in values:
        return _read_signed(values.drop(columns=SIGNED), values[SIGNED], values[SIGNED].abs())
    if JUDGED_GENERATED in values or JUDGED_HUMAN in values:
        return _read_words(values)
    return values


def _read_words(values: pd.DataFrame) -> pd.DataFrame:
    says = values[JUDGED_HUMAN if JUDGED_HUMAN in values else JUDGED_GENERATED]
    table = values.drop(columns=JUDGED_GENERATED, errors="ignore")
    judged, instead = _part_words(says)
    table[JUDGED_HUMAN] = judged if JUDGED_HUMAN in values else 1 - judged
    return _keep_reasons(table, instead)


def _read_ratings(values: pd.DataFrame) -> pd.DataFrame:
    said, instead = _part_words(values[RATING])
    table = values.assign(rating=said)
    if set(ANSWERS) & set(values):
        return table
    instead = instead.where(instead.notna() | said.notna(), SILENT)
    return table if instead.isna().all() else table.assign(no_answer=instead.where(instead.notna(), None))


def _part_words(says: "pd.Series[Any]") -> "tuple[pd.Series[float], pd.Series[Any]]":
    """Return answers as numbers, NaN where there is none, and what was said instead."""
    instead = says.where(says.isin([NOT_SURE, KNOWN]))
    return says.where(instead.isna()).astype("float64"), instead.astype(object)


def _read_signed(table: pd.DataFrame, lean: "pd.Series[float]", size: "pd.Series[float]") -> pd.DataFrame:
    judged = pd.Series(np.where(lean == 0, np.nan, lean > 0), table.index)
    instead = pd.Series(NOT_SURE, table.index).where(lean == 0)
    return _keep_reasons(table.assign(judged_human=judged, confidence=size.where(lean != 0)), instead)


def _read_pairs(values: pd.DataFrame) -> pd.DataFrame:
    human_first = values["system"].isin(HUMAN_SYSTEMS)
    chose_first, instead = _part_words(values[CHOSE_FIRST])
    first, second = values["clip_id"], values[SECOND_CLIP]
    table = values.drop(columns=[SECOND_CLIP, SECOND_SYSTEM, SECOND_HEARD], errors="ignore")
    if {"heard_s", SECOND_HEARD} <= set(values):
        table["heard_s"] = values[["heard_s", SECOND_HEARD]].min(axis=1)
    table = table.assign(
        clip_id=second.where(human_first, first),
        system=values[SECOND_SYSTEM].where(human_first, values["system"]),
        human_clip_id=first.where(human_first, second),
        chose_first=chose_first,
        judged_human=(chose_first - human_first).abs(),
    )
    return _keep_reasons(table, instead)


def _keep_reasons(table: pd.DataFrame, instead: "pd.Series[Any]") -> pd.DataFrame:
    """Return the table with answers as whole numbers where all answered, else with what was said instead."""
    if instead.isna().all():
        return table.astype({name: "int64" for name in WHOLE if name in table})
    return table.assign(no_answer=instead.astype(object).where(instead.notna(), None))
