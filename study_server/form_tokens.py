"""Form tokens: a form is taken only from a page of its own session, so that no other site acts for anybody.

A session's random token stands in its signed cookie, which no script can read, and in each of its forms; what
is sent without it is refused (the synchronizer token pattern).
"""

import hmac
import secrets
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, request, session
from werkzeug.exceptions import BadRequest

FIELD = "csrf_token"
TOKEN_BYTES = 16
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
View = TypeVar("View", bound=Callable[..., object])


class FormTokenError(BadRequest):
    """A form without its session's token."""


def require_form_tokens(app: Flask) -> None:
    """Let an app take no form without its token, and its templates write that token."""
    app.jinja_env.globals[FIELD] = find_token
    app.before_request(_refuse_foreign_forms)


def find_token() -> str:
    """Return the session's token, made where it has none; it is good for as long as the session."""
    if FIELD not in session:
        session[FIELD] = secrets.token_hex(TOKEN_BYTES)
    return str(session[FIELD])


def hands_forms_on(view: View) -> View:
    """Mark a view whose forms another app looks at."""
    view.hands_forms_on = True  # type: ignore[attr-defined]
    return view


def _refuse_foreign_forms() -> None:
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if hasattr(current_app.view_functions[request.endpoint], "hands_forms_on"):
        return
    sent, own = request.form.get(FIELD, ""), str(session.get(FIELD, ""))
    if not own:
        raise FormTokenError("The session has no token.")
    if not hmac.compare_digest(sent.encode(), own.encode()):
        raise FormTokenError("The token is missing, or another session's.")
