"""Whether the server is alive, and whether it can take participants; for whatever starts and watches it."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from study_server.schema import list_revisions, read_revision
from study_server.study import Study, current_study

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LEAST_FREE_BYTES = 50 * 1024**2

PATHS = ("/healthz", "/readyz")

blueprint = Blueprint("health", __name__)


def answer_any_host(app: Flask) -> None:
    """Let an app tell its health under whatever name it is asked: what watches it knows only its address."""
    inner, trusted = app.wsgi_app, app.config["TRUSTED_HOSTS"]

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] in PATHS:
            environ["HTTP_HOST"] = trusted[0]
        return inner(environ, start_response)

    if trusted:
        app.wsgi_app = answer  # type: ignore[method-assign]


@blueprint.get("/healthz")
def show_life() -> Response:
    """Say that the process answers.

    200 JSON.
    """
    return jsonify(alive=True)


@blueprint.get("/readyz")
def show_readiness() -> tuple[Response, int]:
    """Say whether a participant could take part now, and if not, which part is missing.

    200 JSON; 503 where a part is missing.
    """
    parts = check_parts(current_study())
    is_ready = all(parts.values())
    return jsonify(ready=is_ready, **parts), 200 if is_ready else 503


def check_parts(study: Study) -> dict[str, bool]:
    """Return which parts that a participant needs are there."""
    folder = study.config.folders.stimuli
    files = (folder / stimulus.stimulus_file for stimulus in study.protocol.stimuli)
    return {
        "database": _answers(study),
        "migrations": _is_current(study),
        "stimuli": all(path.is_file() for path in files),
        "disk": _has_room(study.config.folders.root),
    }


def _has_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= LEAST_FREE_BYTES
    except OSError:
        return False


def _is_current(study: Study) -> bool:
    """Tell whether the store's tables are still this version's: another server may have brought them on."""
    try:
        with study.store.read() as db:
            return read_revision(db.connection()) == list_revisions()[-1]
    except SQLAlchemyError:
        return False


def _answers(study: Study) -> bool:
    try:
        with study.store.read() as db:
            db.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
