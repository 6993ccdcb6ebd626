"""A listener whose rows are read: what every row of theirs begins with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from study_server.flags import FAILED_ATTENTION, FAILED_HEADPHONES, SEPARATOR


@dataclass(frozen=True, slots=True)
class Listener:
    """A session, and what every row of it begins with."""

    session: Row[Any]
    shared: tuple[object, ...]
    arrived_at: datetime
    hears_pairs: bool

    def since_arrival(self, moment: str | None) -> float | None:
        """Return the seconds from arrival to a moment, to the millisecond."""
        return None if moment is None else (datetime.fromisoformat(moment) - self.arrived_at).total_seconds()


def make_listener(row: Row[Any], pairs: set[str]) -> Listener:
    """Return whom a row of the sessions is about; `pairs` are the protocols whose listeners hear pairs."""
    shared = (
        f"v{row.study_version}",
        row.protocol_sha256,
        row.participant_id,
        row.is_simulated,
        "finished" if row.finished_at else "unfinished",
        row.excluded_at is not None,
        _find_passed(row.flags),
    )
    arrived_at = datetime.fromisoformat(row.arrived_at)
    return Listener(row, shared, arrived_at, row.protocol_sha256 in pairs)


def _find_passed(flags: str | None) -> bool | None:
    """Return whether a session passed its checks; None where it has not ended."""
    return None if flags is None else not {FAILED_ATTENTION, FAILED_HEADPHONES} & {*flags.split(SEPARATOR)}
