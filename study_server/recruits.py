"""Whom a recruitment platform sent: one session each, resumed on return; the id stands apart, until a day."""

import re
from datetime import UTC, datetime, timedelta

from flask import request, session
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from study_server.tables import RecruitmentId, StudySession, now_utc

COOKIE_KEY = "recruitment_id"
SHAPE = re.compile(r"[A-Za-z0-9_.@:-]{1,100}")


def note_id(parameter: str | None) -> str | None:
    """Return the id in the link that was opened, or the one noted before; it is text, never a number."""
    given = request.args.get(parameter, "") if parameter else ""
    if SHAPE.fullmatch(given):
        session[COOKIE_KEY] = given
    return session.get(COOKIE_KEY)


def find_session(db: Session, recruitment_id: str) -> StudySession | None:
    """Return the session of somebody sent before, on whatever device it was begun."""
    query = select(StudySession).join(RecruitmentId).where(RecruitmentId.recruitment_id == recruitment_id)
    return db.scalars(query).first()


def find_id(db: Session, found: StudySession) -> str:
    """Return who was sent, or an empty text: by nobody, or its day has come."""
    row = db.get(RecruitmentId, found.session_id)
    return row.recruitment_id if row else ""


def record_id(db: Session, found: StudySession, recruitment_id: str, keep_days: int) -> None:
    """Store who was sent, until so many days from now; ids whose day has come are deleted."""
    forget_expired(db)
    day = (datetime.now(UTC) + timedelta(days=keep_days)).date().isoformat()
    found.recruitment_id_until = day
    db.add(RecruitmentId(session_id=found.session_id, recruitment_id=recruitment_id, delete_on=day))


def forget_expired(db: Session) -> None:
    """Delete the ids whose day has come."""
    db.execute(delete(RecruitmentId).where(RecruitmentId.delete_on <= now_utc()[:10]))
