"""The columns of a table of judgments: what a cell may hold and what it means."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

_CLAIM = {
    "1": True,
    "1.0": True,
    "true": True,
    "yes": True,
    "0": False,
    "0.0": False,
    "false": False,
    "no": False,
}
_HUMAN = _CLAIM | {"human": True, "computer": False, "generated": False}
_GENERATED = _CLAIM | {"human": False, "computer": True, "generated": True}


@dataclass(frozen=True, slots=True)
class Column:
    """What a column's cells may hold."""

    rule: str
    """Completes the sentence "a cell must be ..."."""
    read: Callable[[str], object]
    """Return the value of a stripped cell; raise ValueError or KeyError where it has none."""
    required: bool = False
    """Whether a table must have the column, and a cell in every row."""
    dtype: Literal["object", "float64"] = "object"


def _read_text(cell: str) -> str:
    return cell


def _read_words(words: Mapping[str, bool]) -> Callable[[str], bool]:
    return lambda cell: words[cell.lower()]


def _read_number(cell: str) -> float:
    number = float(cell)
    if not math.isfinite(number) or number < 0:
        raise ValueError(cell)
    return number


def _read_status(cell: str) -> str:
    return {"finished": "finished", "unfinished": "unfinished"}[cell.lower()]


JUDGED_GENERATED = "judged_generated"
"""May stand for `judged_human`, with the opposite meaning."""

COLUMNS = {
    "participant_id": Column("an id", _read_text, required=True),
    "clip_id": Column("an id", _read_text, required=True),
    "system": Column("a name", _read_text, required=True),
    "judged_human": Column("1/0, true/false, yes/no or human/computer", _read_words(_HUMAN), required=True),
    JUDGED_GENERATED: Column(
        "1/0, true/false, yes/no or computer/human", _read_words(_GENERATED), required=True
    ),
    "trial_index": Column("a number, 0 or more", _read_number, dtype="float64"),
    "confidence": Column("a number, 0 or more", _read_number, dtype="float64"),
    "knows_tune": Column("1/0, true/false or yes/no", _read_words(_CLAIM)),
    "heard_s": Column("seconds, 0 or more", _read_number, dtype="float64"),
    "session_status": Column("finished or unfinished", _read_status),
    "is_simulated": Column("1/0, true/false or yes/no", _read_words(_CLAIM)),
    "protocol_sha256": Column("a hash", _read_text),
    "study_version": Column("a version", _read_text),
}
"""Every column that the analysis uses; others of a table are left alone."""


def can_read(name: str, cell: str) -> bool:
    """Tell whether a column's cell has a meaning; an empty cell has one where the column is optional."""
    if not cell.strip():
        return not COLUMNS[name].required
    try:
        COLUMNS[name].read(cell.strip())
    except (ValueError, KeyError):
        return False
    return True


def read_cell(name: str, cell: str) -> object:
    """Return the value of a cell that `can_read`; None for an empty one."""
    return COLUMNS[name].read(cell.strip()) if cell.strip() else None
