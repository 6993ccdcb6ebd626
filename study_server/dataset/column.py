"""A column of the data set: kind, meaning, units, levels and range."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "answer", "integer", "number", "claim", "day"]
"""`text` is never taken for a number; an `answer` may be one; a `claim` is 1 or 0; a `day` is YYYY-MM-DD."""
EVERY = frozenset({"yes_no", "two_afc", "rating"})
ONE_CLIP, PAIRS, RATINGS = frozenset({"yes_no"}), frozenset({"two_afc"}), frozenset({"rating"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data set."""

    name: str
    kind: Kind
    description: str
    units: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    paradigms: frozenset[str] = EVERY
    """The paradigms whose data sets have it."""


YES_NO = {"1": "yes", "0": "no"}
SINCE_ARRIVAL = "seconds since the listener arrived"
