"""A value as a cell of a CSV table, and back: nothing that pandas, R or a spreadsheet would take for another.

A text that one of them would read as a formula, a number, a date, a truth value or a missing value gets an
apostrophe before it, and so does one that begins with an apostrophe: reading takes one away.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import cast

from study_server.dataset.column import Kind

MARK = "'"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_FORMULA_STARTS = (*"=+-@＝＋－＠", MARK)  # noqa: RUF001 (the wide ones count too, in some locales)
_NUMBER = re.compile(r"[$€£¥]?[\d.][\d.,:/ eEi+\-]*(%|[ap]m?)?", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"0x[\da-f.p+\-]+", re.IGNORECASE)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(rf"(\d[\d\-/ .]*)?({_MONTHS})[a-z]*[\-/ .,]*(\d[\d\-/ .,:]*)?", re.IGNORECASE)
_MISSING = ("na", "n/a", "#na", "#n/a", "#n/a n/a", "<na>", "nan", "null", "none", "1.#ind", "1.#qnan")
_WORDS = {*_MISSING, "t", "f", "true", "false", "inf", "infinity"}
_CANONICAL = re.compile(r"-?(0|[1-9]\d{0,14})")


def clean_text(value: object) -> str | None:
    """Return a text on one line, without control characters; None where nothing is left."""
    return _CONTROLS.sub(" ", str(value)).strip() or None if value is not None else None


@lru_cache(maxsize=4096)
def format_text(value: object) -> str:
    """Return the cell of a text."""
    text = clean_text(value) or ""
    return MARK + text if _is_mistakable(text) else text


def _format_answer(value: object) -> str:
    """Return the cell of an answer, which may be a whole number."""
    text = clean_text(value) or ""
    return text if _CANONICAL.fullmatch(text) else format_text(text)


def _format_integer(value: object) -> str:
    return "" if value is None else str(int(cast("int", value)))


def _format_number(value: object) -> str:
    return "" if value is None else repr(float(cast("float", value)))


def _read_text(cell: str) -> str | None:
    return cell.removeprefix(MARK) or None


def _read_day(cell: str) -> str | None:
    if cell and date.fromisoformat(cell).isoformat() != cell:
        raise ValueError
    return cell or None


def _read_claim(cell: str) -> bool | None:
    return {"": None, "0": False, "1": True}[cell]


FORMATS: dict[Kind, Callable[[object], str]] = {
    "text": format_text,
    "answer": _format_answer,
    "integer": _format_integer,
    "number": _format_number,
    "claim": _format_integer,
    "day": lambda value: "" if value is None else str(value),
}
"""How a value of a kind is written."""
READERS: dict[Kind, Callable[[str], object]] = {
    "text": _read_text,
    "answer": _read_text,
    "integer": lambda cell: int(cell) if cell else None,
    "number": lambda cell: float(cell) if cell else None,
    "claim": _read_claim,
    "day": _read_day,
}
"""How a cell of a kind is read; ValueError or KeyError where it has no meaning."""


def _is_mistakable(text: str) -> bool:
    if text.startswith(_FORMULA_STARTS) or text.lower() in _WORDS:
        return True
    if _NUMBER.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return True
    return any(c.isdigit() for c in text) and _DATE.fullmatch(text) is not None
