"""Judgments read from a CSV file and checked at the door: all problems at once, with row numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from analysis.account import Look, read_account
from analysis.answers import HUMAN_CLIP, find_unusable_answers, read_answers
from analysis.cells import FIRST_DATA_ROW, SHOWN, choose_columns, find_wrong_cells, read_cells, read_values
from analysis.columns import CHOSE_FIRST, JUDGED_HUMAN, RATING, SECOND_CLIP, SECOND_SYSTEM
from analysis.hierarchical import GENERATED
from analysis.mixed import INTERCEPT
from analysis.plan import Plan, read_plan
from study_core.errors import ResponsesError, list_problems
from study_core.folders import name_table
from study_core.manifest import sha256_bytes
from study_core.types import HUMAN, HUMAN_SYSTEMS

FLOW_FILE, PLAN_FILE, PARTICIPANTS_FILE = "flow.json", "protocol.json", "participants.csv"
TRIALS_TABLE, PARTICIPANTS_TABLE = Path(name_table("trials")), Path(name_table("participants"))
"""Where they lie in a data set of `study export`, whose flow and plan stand in its own folder."""
OF_LISTENERS = ("reason",)
"""Columns that may stand with the listeners instead of in every row of theirs."""
Paradigm = Literal["yes_no", "pairs", "ratings"]


@dataclass(frozen=True, slots=True)
class Responses:
    """A checked table of judgments and where it came from.

    Attributes
    ----------
    table
        One row per judgment: `participant_id`, `clip_id`, `system` (text, human clips as "human"),
        `judged_human` (0/1; NaN where `no_answer` says what was said instead), and those optional columns of
        `analysis.columns` and declared moderators that the file has. Of pairs, a row per pair as in
        `analysis.answers`; of ratings, `rating` in place of `judged_human`.
    flow
        People from arrival to withdrawal, as `study export` counted them; empty where unknown.
    paradigm
        What listeners were asked: about one clip, which of two, or for a rating only.
    plan
        The analysis plan of the frozen protocol; None where the file comes without one.
    moderators
        Names of the columns that hold facts about listeners.
    factors
        Names of the columns that every estimate is asked by.
    highest
        The highest rating that could be given; None where that is unknown.
    looks
        Looks at results before the stop rule was met; None where unknown.
    """

    table: pd.DataFrame
    source: str
    sha256: str
    flow: Mapping[str, int]
    paradigm: Paradigm = "yes_no"
    plan: Plan | None = None
    moderators: tuple[str, ...] = field(default=())
    factors: tuple[str, ...] = field(default=())
    highest: int | None = None
    looks: tuple[Look, ...] | None = None


def read_responses(
    path: Path,
    names: Mapping[str, str] | None = None,
    human_system: str = HUMAN,
    *,
    grades: int | None = None,
    moderators: Sequence[str] = (),
    factors: Sequence[str] = (),
) -> Responses:
    """Return the judgments in a CSV file.

    Parameters
    ----------
    path
        The file, UTF-8, separated by commas or semicolons. Facts about listeners may stand in a file
        `participants.csv` beside it, or in the participants' table of its data set.
    names
        What the file calls our columns, such as ``{"participant_id": "subject"}``; others keep their name.
        The answer may be given as `judged_human`, `judged_generated`, `graded_answer`, `signed_confidence`
        or `chose_first`.
    human_system
        What the columns `system` and `second_system` call human clips.
    grades
        How many grades `graded_answer` has, or levels `rating`.
    moderators, factors
        Names of further columns to read; the file must have the factors.

    Raises
    ------
    ResponsesError
        If the file cannot be read, lacks a column, holds impossible values or duplicates, or has fewer than
        two systems or listeners: everything that is wrong, in one message.
    """
    further = (*moderators, *factors)
    data = _read_bytes(path)
    cells = read_cells(data, path)
    chosen, problems = choose_columns(list(map(str, cells.columns)), names or {}, further)
    _raise_problems(path, problems)
    cells = pd.DataFrame({name: cells[theirs] for name, theirs in chosen.items()})
    _raise_problems(path, find_wrong_cells(cells))
    values = read_values(cells)
    problems = _name_human_clips(values, human_system)
    _raise_problems(path, [*problems, *find_unusable_answers(values, grades), *_find_duplicates(values)])
    folder, people = _find_beside(path)
    account = read_account(folder / FLOW_FILE)
    table = _add_participants(read_answers(values, grades), people, (*OF_LISTENERS, *further))
    lacking = [f"column {name!r} of --by is not in the file" for name in factors if name not in table]
    _raise_problems(path, [*lacking, *find_shortages(table)])
    return Responses(
        table,
        path.name,
        sha256_bytes(data),
        account.people,
        _find_paradigm(table),
        read_plan(folder / PLAN_FILE),
        tuple(name for name in moderators if name in table),
        tuple(factors),
        grades if RATING in table else None,
        account.looks,
    )


def find_shortages(table: pd.DataFrame) -> list[str]:
    """Return why a table of judgments is too small for any inference; empty where it is not."""
    if table.empty:
        return ["there are no judgments"]
    problems, is_pairs = [], HUMAN_CLIP in table
    systems = sorted(table["system"].unique())
    if HUMAN not in systems and not is_pairs:
        problems.append(
            f"no clip is of the system {HUMAN!r} (there are: {', '.join(systems)}). "
            "Call the human clips so, or `study analyze --human-system NAME`"
        )
    if len(systems) == 1 and not is_pairs:
        problems.append(f"there is only one system, {systems[0]!r}: there is nothing to tell apart")
    elif HUMAN_SYSTEMS.issuperset(systems):
        problems.append(f"no clip is of a generator (there are: {', '.join(systems)}); nothing is to be told")
    if len(table["participant_id"].unique()) == 1:
        problems.append("there is only one listener; one cannot stand for listeners")
    return problems


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ResponsesError(
            f"{path} does not exist. `study export` writes it, or name a CSV file of judgments."
        ) from None
    except OSError as error:
        raise ResponsesError(f"{path} cannot be read: {error.strerror}.") from None


def _find_beside(path: Path) -> tuple[Path, Path]:
    """Return the folder of a table's flow and plan, and the file of facts about its listeners."""
    if path.name == TRIALS_TABLE.name:
        return path.parent.parent, path.with_name(PARTICIPANTS_TABLE.name)
    return path.parent, path.parent / PARTICIPANTS_FILE


def _name_human_clips(values: pd.DataFrame, human_system: str) -> list[str]:
    """Call human clips "human" in place; return what is wrong with that."""
    problems = []
    for name in (name for name in ("system", SECOND_SYSTEM) if name in values):
        if human_system != HUMAN:
            if values[name].eq(HUMAN).any():
                problems.append(f"{name}: both {HUMAN!r} and {human_system!r} stand for human clips")
            values[name] = values[name].where(values[name] != human_system, HUMAN)
        problems += [
            f"{name}: {term!r} is what the models call a term of their own; name the system otherwise"
            for term in (INTERCEPT, GENERATED)
            if values[name].eq(term).any()
        ]
    return problems


def _find_duplicates(values: pd.DataFrame) -> list[str]:
    key = [name for name in ("participant_id", "clip_id", SECOND_CLIP, "trial_index") if name in values]
    twice = values.index[values.duplicated(key)]
    problems = []
    if len(twice):
        rows = ", ".join(str(row + FIRST_DATA_ROW) for row in twice[:SHOWN])
        more = f" and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        problems.append(f"rows {rows}{more} repeat an earlier judgment (same {', '.join(key)}); remove them")
    clips = values[["clip_id", "system"]]
    if SECOND_CLIP in values:
        second = values[[SECOND_CLIP, SECOND_SYSTEM]].set_axis(clips.columns, axis=1)
        clips = pd.concat([clips, second])
    systems = clips.drop_duplicates()["clip_id"].value_counts(sort=False)
    shared = sorted(systems.index[systems > 1])
    if shared:
        names = ", ".join(map(repr, shared[:SHOWN])) + (" ..." if len(shared) > SHOWN else "")
        problems.append(
            f"clip_id: {names} ({len(shared)} in all) stand for clips of several systems; "
            "each clip needs an id of its own"
        )
    return problems


def _add_participants(table: pd.DataFrame, path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return the table with those of these columns that only the file of participants has."""
    if not path.exists():
        return table
    people = read_cells(_read_bytes(path), path)
    wanted = [name for name in dict.fromkeys(names) if name in people and name not in table]
    own = people[[name for name in ("participant_id", *wanted) if name in people]]
    _raise_problems(path, find_wrong_cells(own))
    facts = read_values(own)
    if "participant_id" not in facts or facts["participant_id"].duplicated().any():
        raise ResponsesError(
            f"{path} needs a column participant_id and a row per listener. Write it again with "
            "`study export`, or remove it."
        )
    return table.merge(facts, on="participant_id", how="left", validate="many_to_one") if wanted else table


def _find_paradigm(table: pd.DataFrame) -> Paradigm:
    if CHOSE_FIRST in table:
        return "pairs"
    return "yes_no" if JUDGED_HUMAN in table else "ratings"


def _raise_problems(path: Path, problems: Sequence[str]) -> None:
    if problems:
        raise ResponsesError(list_problems(f"{path} cannot be analyzed:", problems))
