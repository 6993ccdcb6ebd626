"""The columns of a table of judgments: what a cell may hold and what it means."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

NOT_SURE, KNOWN, SILENT = "not sure", "knew the tune", "no answer"
"""What a listener said instead of an answer; a cell of an answer may hold it, of a rating also nothing."""
MAIN, REPEAT, CATCH = "main", "repeat", "catch"
"""What a trial is for: a first judgment, a second of the same clip, or a check of attention."""
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
_NO_ANSWER = {
    **dict.fromkeys(("not sure", "unsure", "don't know", "dont know", "undecided", "?"), NOT_SURE),
    **dict.fromkeys(("i know it", "know it", "known", "i know this piece", "knew the tune"), KNOWN),
}
_HUMAN = _CLAIM | {"human": True, "computer": False, "generated": False} | _NO_ANSWER
_FIRST = _CLAIM | {"first": True, "second": False} | _NO_ANSWER
_GENERATED = _CLAIM | {"human": False, "computer": True, "generated": True} | _NO_ANSWER


@dataclass(frozen=True, slots=True)
class Column:
    """What a column's cells may hold."""

    rule: str
    """Completes the sentence "a cell must be ..."."""
    read: Callable[[str], object]
    """Return the value of a stripped cell; raise ValueError or KeyError where it has none."""
    required: bool = False
    """Whether every row must have a cell where there is the column."""
    dtype: Literal["object", "float64"] = "object"


def _read_text(cell: str) -> str:
    return cell


def _read_words(words: Mapping[str, object]) -> Callable[[str], object]:
    return lambda cell: words[cell.lower()]


def _read_signed(cell: str) -> float:
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(cell)
    return number


def _read_number(cell: str) -> float:
    number = _read_signed(cell)
    if number < 0:
        raise ValueError(cell)
    return number


def _read_grade(cell: str) -> float:
    number = _read_number(cell)
    if number < 1 or number != round(number):
        raise ValueError(cell)
    return number


def _read_rating(cell: str) -> object:
    return _NO_ANSWER.get(cell.lower()) or _read_grade(cell)


def _read_status(cell: str) -> str:
    return {"finished": "finished", "unfinished": "unfinished"}[cell.lower()]


def _read_kind(cell: str) -> str:
    return {MAIN: MAIN, REPEAT: REPEAT, CATCH: CATCH}[cell.lower()]


JUDGED_HUMAN, JUDGED_GENERATED = "judged_human", "judged_generated"
GRADED, SIGNED, CHOSE_FIRST, RATING = "graded_answer", "signed_confidence", "chose_first", "rating"
SECOND_CLIP, SECOND_SYSTEM, SECOND_HEARD = "second_clip_id", "second_system", "second_heard_s"
ANSWERS = (JUDGED_HUMAN, JUDGED_GENERATED, GRADED, SIGNED, CHOSE_FIRST)
"""Ways to give the answer to a trial; a table has one of them, or only ratings."""
REQUIRED = ("participant_id", "clip_id", "system")
_CLAIM_RULE = "1/0, true/false or yes/no"
_INSTEAD = '"not sure" or "I know it"'

COLUMNS = {
    "participant_id": Column("an id", _read_text, required=True),
    "clip_id": Column("an id", _read_text, required=True),
    "system": Column("a name", _read_text, required=True),
    JUDGED_HUMAN: Column(
        f"1/0, true/false, yes/no or human/computer, or {_INSTEAD}", _read_words(_HUMAN), required=True
    ),
    JUDGED_GENERATED: Column(
        f"1/0, true/false, yes/no or computer/human, or {_INSTEAD}", _read_words(_GENERATED), required=True
    ),
    GRADED: Column(
        "a grade from 1, surely computer, to the highest, surely human", _read_grade, True, "float64"
    ),
    SIGNED: Column("a number, above 0 for human, below for computer", _read_signed, True, "float64"),
    CHOSE_FIRST: Column(
        f"{_CLAIM_RULE} or first/second, or {_INSTEAD}",
        _read_words(_FIRST),
        required=True,
    ),
    SECOND_CLIP: Column("an id", _read_text, required=True),
    SECOND_SYSTEM: Column("a name", _read_text, required=True),
    RATING: Column(f"a rating from 1 up, a whole number, or {_INSTEAD}", _read_rating),
    "trial_index": Column("a number, 0 or more", _read_number, dtype="float64"),
    "confidence": Column("a number, 0 or more", _read_number, dtype="float64"),
    "knows_tune": Column(_CLAIM_RULE, _read_words(_CLAIM)),
    "heard_s": Column("seconds, 0 or more", _read_number, dtype="float64"),
    SECOND_HEARD: Column("seconds, 0 or more", _read_number, dtype="float64"),
    "answer_time_s": Column("seconds, 0 or more", _read_number, dtype="float64"),
    "session_status": Column("finished or unfinished", _read_status),
    "trial_kind": Column("main, repeat or catch", _read_kind),
    "passed_checks": Column(_CLAIM_RULE, _read_words(_CLAIM)),
    "is_excluded": Column(_CLAIM_RULE, _read_words(_CLAIM)),
    "is_simulated": Column(_CLAIM_RULE, _read_words(_CLAIM)),
    "reason": Column("a text", _read_text),
    "protocol_sha256": Column("a hash", _read_text),
    "study_version": Column("a version", _read_text),
}
"""Every column that the analysis uses, beside the declared moderators; others of a table are left alone."""
MODERATOR = Column("a text or number", _read_text)
"""What a fact about a listener may be."""


def describe(name: str) -> Column:
    """Return a column's description; one that is not in `COLUMNS` holds a moderator."""
    return COLUMNS.get(name, MODERATOR)


def can_read(name: str, cell: str) -> bool:
    """Tell whether a column's cell has a meaning; an empty cell has one where the column is optional."""
    column = describe(name)
    if not cell.strip():
        return not column.required
    try:
        column.read(cell.strip())
    except (ValueError, KeyError):
        return False
    return True


def read_cell(name: str, cell: str) -> object:
    """Return the value of a cell that `can_read`; None for an empty one."""
    return describe(name).read(cell.strip()) if cell.strip() else None
