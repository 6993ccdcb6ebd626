"""What a server of several studies answers at its own addresses: the first page, health, and what is nowhere.

The first page names a study only where its config says so and while it takes new participants; whoever was
sent a link goes by the link. It keeps no cookie, and a language that was chosen goes along to the study.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from flask.sessions import SecureCookieSession, SessionInterface
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from study_server.app import STATIC_FOLDER
from study_server.health import check_parts
from study_server.i18n import LANGUAGES, speak
from study_server.phases import find_phase
from study_server.security import HEADERS, YEAR_S
from study_server.study import Study

RESERVED = ("healthz", "readyz", "static")
"""Addresses of the server's own: no study may be called so."""

log = logging.getLogger(__name__)


class Forgetful(SessionInterface):
    """Sessions that last one request: the first page needs no cookie."""

    def open_session(self, app: Flask, request: Any) -> SecureCookieSession:  # noqa: ARG002 (Flask's)
        """Return an empty session."""
        return SecureCookieSession()

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Keep nothing."""


def create_lobby(studies: Mapping[str, Study], static_path: str) -> Flask:
    """Return the app that answers what is no study's.

    Parameters
    ----------
    studies
        Those of the server, by name.
    static_path
        Below which each of them has its static files; here they are below the same.
    """
    app = Flask(__name__, static_folder=STATIC_FOLDER, static_url_path=static_path)
    app.debug = False  # whatever the environment says: a fault must not talk
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.session_interface = Forgetful()
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    speak(app, tuple(LANGUAGES))

    def show(status: int = 200) -> tuple[str, int]:
        return render_template("lobby.html", listed=list_open(studies)), status

    app.add_url_rule("/", view_func=show, endpoint="show")
    app.add_url_rule("/healthz", view_func=lambda: jsonify(alive=True), endpoint="life")
    app.add_url_rule("/readyz", view_func=lambda: _tell_readiness(studies), endpoint="readiness")
    app.register_error_handler(HTTPException, lambda error: show(error.code or 500))
    app.after_request(_add_headers)
    return app


def list_open(studies: Mapping[str, Study]) -> dict[str, Study]:
    """Return the studies that anybody may find and that take new participants now."""
    return {
        name: study for name, study in studies.items() if study.config.recruitment.listed and _is_open(study)
    }


def _is_open(study: Study) -> bool:
    try:
        with study.store.read() as db:
            return find_phase(db, study.config.version) == "open"
    except (SQLAlchemyError, OSError) as error:
        log.warning("A study is not listed, because its store does not answer: %s", type(error).__name__)
        return False


def _tell_readiness(studies: Mapping[str, Study]) -> tuple[Response, int]:
    is_ready = all(all(check_parts(study).values()) for study in studies.values())
    return jsonify(ready=is_ready), 200 if is_ready else 503


def _add_headers(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code < HTTPStatus.BAD_REQUEST:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
        response.headers.setdefault(name, value)
    return response
