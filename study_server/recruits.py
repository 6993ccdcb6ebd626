"""Whom a recruitment platform sent: one session each, resumed on return; the id stands apart, until a day.

A platform is known by the parameter of its links that holds the id: Prolific's `PROLIFIC_PID`, Mechanical
Turk's `workerId`, SONA's `survey_code`, or any other name. What else its links say is kept beside the id.
"""

import re
from datetime import UTC, datetime, timedelta

from flask import request, session
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from study_server.tables import RecruitmentId, StudySession, now_utc

COOKIE_KEY, BESIDE_KEY = "recruitment_id", "recruitment_parameters"
SHAPE = re.compile(r"[A-Za-z0-9_.@:-]{1,100}")
BESIDE = {
    "PROLIFIC_PID": ("STUDY_ID", "SESSION_ID"),
    "workerId": ("assignmentId", "hitId", "turkSubmitTo"),
}
"""What a platform's links say beside the id."""
BESIDE_SHAPE = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
"""The assignment of whoever only looks at a task of Mechanical Turk before taking it."""


def note_id(parameter: str | None) -> str | None:
    """Return the id in the link that was opened, or the one noted before; it is text, never a number."""
    given = request.args.get(parameter, "") if parameter else ""
    if SHAPE.fullmatch(given) and parameter:
        session[COOKIE_KEY] = given
        beside = {name: request.args.get(name, "") for name in BESIDE.get(parameter, ())}
        session[BESIDE_KEY] = {name: text for name, text in beside.items() if BESIDE_SHAPE.fullmatch(text)}
    return session.get(COOKIE_KEY)


def is_preview() -> bool:
    """Tell whether the link is that of somebody who has not taken the task yet, and so cannot take part."""
    return request.args.get("assignmentId") == PREVIEW


def find_session(db: Session, recruitment_id: str) -> StudySession | None:
    """Return the session of somebody sent before, on whatever device it was begun."""
    query = select(StudySession).join(RecruitmentId).where(RecruitmentId.recruitment_id == recruitment_id)
    return db.scalars(query).first()


def find_recruit(db: Session, found: StudySession) -> RecruitmentId | None:
    """Return who was sent, or None: by nobody, or the day of the id has come."""
    return db.get(RecruitmentId, found.session_id)


def is_sent(db: Session, found: StudySession) -> bool:
    """Tell whether a platform sent whoever has this session."""
    return find_recruit(db, found) is not None


def record_id(db: Session, found: StudySession, recruitment_id: str, keep_days: int) -> None:
    """Store who was sent, until so many days from now; ids whose day has come are deleted."""
    forget_expired(db)
    day = (datetime.now(UTC) + timedelta(days=keep_days)).date().isoformat()
    beside = session.get(BESIDE_KEY)
    found.recruitment_id_until = day
    db.add(
        RecruitmentId(
            session_id=found.session_id, recruitment_id=recruitment_id, delete_on=day, parameters=beside
        )
    )


def is_sent_anew(db: Session, found: StudySession) -> bool:
    """Tell whether the link of somebody who came back says something else than the one before."""
    recruit = find_recruit(db, found)
    return recruit is not None and (recruit.parameters or {}) != session.get(BESIDE_KEY, {})


def record_anew(db: Session, found: StudySession) -> None:
    """Keep what the last link said: the platform waits for that submission and no longer for the first."""
    recruit = find_recruit(db, found)
    if recruit is not None:
        recruit.parameters = session.get(BESIDE_KEY)


def count_expired(db: Session) -> int:
    """Return how many ids there are whose day has come."""
    return db.scalar(select(func.count()).where(RecruitmentId.delete_on <= now_utc()[:10])) or 0


def forget_expired(db: Session) -> int:
    """Delete the ids whose day has come, and with each what its link said; return how many there were."""
    n_expired = count_expired(db)
    db.execute(delete(RecruitmentId).where(RecruitmentId.delete_on <= now_utc()[:10]))
    return n_expired
