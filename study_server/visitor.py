"""Who is there, and where they are: the cookie's session and the one page that is its turn."""

from typing import NoReturn

from flask import jsonify, redirect, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from study_server import recruits
from study_server.flow import locate
from study_server.services import come_back, is_stale
from study_server.study import current_study
from study_server.tables import StudySession

COOKIE_KEY = "session_id"


class ElsewhereError(Exception):
    """Another page is this visitor's turn."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def find_session_id() -> str | None:
    """Return the id in the request's cookie, or None; its session may have withdrawn."""
    return session.get(COOKIE_KEY)


def find_session(db: Session) -> StudySession | None:
    """Return the session of the request's cookie, or None."""
    session_id = find_session_id()
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
    if place != request.script_root + request.path:
        _leave_for(place)
    if is_stale(found):
        with current_study().store.write() as writing:
            come_back(writing, require_session(writing))
    return found


def remember(found: StudySession) -> None:
    """Put a session into the cookie."""
    session[COOKIE_KEY] = found.session_id
    session.permanent = True


def forget() -> None:
    """Take the session, and who was sent, out of the cookie."""
    session.pop(COOKIE_KEY, None)
    session.pop(recruits.COOKIE_KEY, None)
    session.pop(recruits.BESIDE_KEY, None)


def is_script() -> bool:
    """Tell whether a script sent the request, and not the browser by itself."""
    return request.headers.get("Accept") == "application/json"


def lead_on(place: str, page: str | None = None) -> Response:
    """Say where to go on, after what was sent is stored: to a script as JSON, else by a redirect.

    With the page itself a script need not ask for it: it is there even where the server is gone by then.
    """
    return jsonify(next=place, page=page) if is_script() else redirect(place, 303)


def _leave_for(url: str) -> NoReturn:
    raise ElsewhereError(url)
