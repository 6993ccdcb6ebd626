"""The account of a data set as rows of the store: who is only counted, who was removed, early looks.

The models say what an import needs of `flow.json` and `protocol.json`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel, NonNegativeInt

from study_server.dataset.returning import Row, Values

MIDNIGHT = "T00:00:00.000Z"
"""The data set knows days; moments of the record fall on their first."""


class Stages(BaseModel):
    """How many people of a version came how far."""

    arrived: NonNegativeInt
    consented: NonNegativeInt


class Removed(BaseModel):
    """People who left the store in one manner on one day."""

    study_version: str
    what: str
    removed_on: date
    participants: NonNegativeInt
    consented: NonNegativeInt
    started: NonNegativeInt
    finished: NonNegativeInt
    judgments: NonNegativeInt


class EarlyLook(BaseModel):
    """An early look at results."""

    study_version: str
    looked_on: date
    n_finished: NonNegativeInt
    reason: str


class Account(BaseModel):
    """The account, `flow.json`."""

    is_simulated: bool
    by_study_version: dict[str, Stages]
    removed: list[Removed]
    early_looks: list[EarlyLook]


class Plan(BaseModel):
    """A protocol but for its stimuli."""

    protocol_sha256: str
    study_version: str
    first_used_on: date
    frozen_on: date | None
    config: dict[str, Any]


class Plans(BaseModel):
    """Every protocol, `protocol.json`."""

    protocols: list[Plan]


def make_bare_session(version: str, protocol: Row, *, is_simulated: bool) -> Values:
    """Return the session of somebody who arrived and gave no consent, of whom nothing else is known."""
    arrived_at = protocol["first_used_on"] + MIDNIGHT
    return {
        "is_simulated": is_simulated,
        "study_version": version,
        "arrived_at": arrived_at,
        "last_seen_at": arrived_at,
    }


def make_tombstones(removed: Row, *, is_simulated: bool) -> Iterator[Values]:
    """Yield a tombstone for each whose answers were removed; the first has the judgments of them all."""
    for i in range(removed["participants"]):
        yield {
            "study_version": removed["study_version"],
            "is_simulated": is_simulated,
            "had_consented": i < removed["consented"],
            "had_started": i < removed["started"],
            "had_finished": i < removed["finished"],
            "withdrawn_on": removed["removed_on"],
            "what": removed["what"],
            "n_judgments": 0 if i else removed["judgments"],
        }


def make_look(look: Row) -> Values:
    """Return an early look at results."""
    return {
        "unblinded_at": look["looked_on"] + MIDNIGHT,
        "study_version": look["study_version"],
        "n_finished": look["n_finished"],
        "reason": look["reason"],
    }
