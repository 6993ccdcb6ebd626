"""Withdrawal: a private code takes a session and all its answers out of the store."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from study_server import places
from study_server.tables import Change, StudySession, Tombstone


def delete_session(db: Session, code: str) -> bool:
    """Delete the session with that withdrawal code and all its answers; tell whether there was one."""
    found = db.scalars(select(StudySession).where(StudySession.withdrawal_code == tidy_code(code))).first()
    if found is None:
        return False
    places.give_back(db, found)
    db.execute(
        update(Change).where(Change.participant_id == found.participant_id).values(participant_id=None)
    )
    db.add(Change(what="withdrawn", who="participant", reason=""))
    db.add(
        Tombstone(
            study_version=found.study_version,
            is_simulated=found.is_simulated,
            had_consented=found.consented_at is not None,
            had_started=found.started_at is not None,
            had_finished=found.finished_at is not None,
        )
    )
    db.delete(found)
    return True


def tidy_code(code: str) -> str:
    """Return a code as it was given out, however it was typed: small letters, spaces, no dashes."""
    letters = [letter for letter in code.upper() if letter.isalnum()]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, len(letters), 4))
