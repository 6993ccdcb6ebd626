"""Who is there, and where they are: the cookie's session and the one page that is its turn."""

from typing import NoReturn

from flask import request, session, url_for
from sqlalchemy.orm import Session

from study_server.services import find_next, is_stale
from study_server.study import current_study
from study_server.tables import StudySession, now_utc

COOKIE_KEY = "session_id"


class ElsewhereError(Exception):
    """Another page is this visitor's turn."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def find_session(db: Session) -> StudySession | None:
    """Return the session of the request's cookie, or None."""
    session_id = session.get(COOKIE_KEY)
    return db.get(StudySession, session_id) if session_id else None


def require_session(db: Session) -> StudySession:
    """Return the session of the request's cookie; who has none goes to the welcome page."""
    return find_session(db) or _leave_for(url_for("participant.welcome"))


def require_turn(db: Session) -> StudySession:
    """Return the session of the request's cookie where this page is its turn; else they go there.

    So a reload, the back button, an old link and a second tab all lead to the first unanswered trial.
    """
    found = require_session(db)
    place = locate(found)
    if place != request.path:
        _leave_for(place)
    if is_stale(found):
        with current_study().store.write() as writing:
            writing.get_one(StudySession, found.session_id).last_seen_at = now_utc()
    return found


def locate(found: StudySession) -> str:
    """Return the path of the page that is a session's turn."""
    if found.consented_at is None:
        return url_for("participant.consent")
    if found.started_at is None:
        return url_for("participant.volume")
    trial = find_next(found)
    if trial is None:
        return url_for("debrief.thanks")
    if found.protocol_sha256 != current_study().protocol.sha256:
        return url_for("debrief.changed")
    return url_for("trials.show", trial_id=trial.trial_id)


def remember(found: StudySession) -> None:
    """Put a session into the cookie."""
    session[COOKIE_KEY] = found.session_id
    session.permanent = True


def forget() -> None:
    """Take the session out of the cookie."""
    session.pop(COOKIE_KEY, None)


def _leave_for(url: str) -> NoReturn:
    raise ElsewhereError(url)
