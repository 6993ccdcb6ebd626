"""Exclusion: a session that shall not count gives its places to others; readmitted, it takes them again.

Nothing is deleted, and whoever is excluded goes on, is thanked and gets a code as if nothing had happened.
Who did it and why is added to the record of changes, which the database itself lets nobody alter.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_core.errors import StudyError
from study_server import places
from study_server.tables import Change, StudySession, now_utc

SHORTEST_REASON = 10
EXCLUDED, READMITTED = "excluded", "readmitted"


def exclude(db: Session, participant_id: str, *, reason: str, who: str) -> None:
    """Let a session no longer count and give its places to others; needs a writing session.

    Raises
    ------
    StudyError
        If there is no such session, it is excluded already, or the reason is too short.
    """
    found = _find_session(db, participant_id)
    if found.excluded_at is not None:
        raise StudyError(f"Participant {participant_id} is excluded already, since {found.excluded_at}.")
    _record(db, found, EXCLUDED, reason, who)
    found.excluded_at = now_utc()
    places.give_back(db, found)


def readmit(db: Session, participant_id: str, *, reason: str, who: str) -> None:
    """Let an excluded session count again and take its places again; needs a writing session.

    Places that others got meanwhile are theirs too: its clips are then heard once more than planned.

    Raises
    ------
    StudyError
        If there is no such session, it is not excluded, or the reason is too short.
    """
    found = _find_session(db, participant_id)
    if found.excluded_at is None:
        raise StudyError(f"Participant {participant_id} is not excluded: there is nothing to take back.")
    _record(db, found, READMITTED, reason, who)
    found.excluded_at = None
    if found.started_at is not None:
        places.take(db, found)


def list_exclusions(db: Session) -> Sequence[Change]:
    """Return every exclusion and readmission, oldest first."""
    wanted = select(Change).where(Change.what.in_((EXCLUDED, READMITTED)))
    return db.scalars(wanted.order_by(Change.changed_at, Change.change_id)).all()


def _find_session(db: Session, participant_id: str) -> StudySession:
    found = db.scalars(select(StudySession).where(StudySession.participant_id == participant_id)).first()
    if found is None:
        raise StudyError(
            f"There is no participant {participant_id!r}: they withdrew, or the id is another study's. "
            "Ids stand in the column participant_id of the data set."
        )
    return found


def _record(db: Session, found: StudySession, what: str, reason: str, who: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise StudyError(
            f"The reason {reason.strip()!r} is too short: say in at least {SHORTEST_REASON} characters why "
            f"participant {found.participant_id} is {what}. It stays in the record of changes for good."
        )
    db.add(Change(what=what, who=who, participant_id=found.participant_id, reason=reason.strip()))
