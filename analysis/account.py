"""The account beside a data set (`flow.json`): who came how far, and who looked at results before the end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from study_core.errors import ResponsesError

STAGES = ("arrived", "consented", "started", "finished", "withdrawn")
"""What `study export` counts people by; its file may hold more, such as counts per version."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at results by system before the stop rule was met."""

    version: str
    looked_on: str
    """The day, UTC."""
    n_finished: int
    """Participants who had finished by then."""
    reason: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a data set says of itself beside its tables."""

    people: Mapping[str, int] = field(default_factory=dict)
    """By stage; empty where unknown."""
    looks: tuple[Look, ...] | None = None
    """The oldest first; None where unknown."""


def read_account(path: Path) -> Account:
    """Return the account in a `flow.json`; one that knows nothing where there is no such file.

    Raises
    ------
    ResponsesError
        If the file is none.
    """
    if not path.exists():
        return Account()
    try:
        flow = json.loads(path.read_text(encoding="utf-8"))
        return Account({stage: int(flow[stage]) for stage in STAGES}, _read_looks(flow.get("early_looks")))
    except (ValueError, TypeError, KeyError):
        raise ResponsesError(
            f"{path} is not a count of people per stage. Write it again with `study export`."
        ) from None


def _read_looks(listed: list[dict[str, str]] | None) -> tuple[Look, ...] | None:
    if listed is None:
        return None
    return tuple(
        Look(str(it["study_version"]), str(it["looked_on"]), int(it["n_finished"]), str(it["reason"]))
        for it in listed
    )
