"""The app factory: whatever would make a study wrong is refused here, before anybody takes part."""

import logging

from flask import Flask, Response, redirect, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from study_core.config import Config
from study_server import audio, debrief, participant, researcher, trials
from study_server.protocol import load_protocol, refuse_changed_protocol
from study_server.security import ResearcherPassword, Throttle, protect
from study_server.sounds import make_volume_sound
from study_server.store import open_store
from study_server.study import Study
from study_server.visitor import ElsewhereError

log = logging.getLogger(__name__)


def create_app(config: Config) -> Flask:
    """Return the study server's app.

    Raises
    ------
    StudyError
        If stimuli are missing or altered, the design cannot be met, or a frozen protocol was changed.
    """
    protocol = load_protocol(config)
    store = open_store(config.folders.database, threads=config.server.threads)
    with store.read() as db:
        refuse_changed_protocol(db, protocol)
    app = Flask(__name__)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["study"] = Study(
        protocol=protocol,
        store=store,
        password=ResearcherPassword(config.folders),
        throttle=Throttle(),
        volume_sound=make_volume_sound(protocol.stimuli[0].loudness_lufs),
        audio_formats=audio.list_formats(config.folders.stimuli, protocol.stimuli),
    )
    protect(app, config.folders)
    for room in (participant, trials, audio, debrief, researcher):
        app.register_blueprint(room.blueprint)
    _register_errors(app)
    shown = {
        "study": config,
        "n_trials_planned": protocol.n_trials,
        "audio_formats": app.extensions["study"].audio_formats,
    }
    app.context_processor(lambda: shown)
    return app


def _register_errors(app: Flask) -> None:
    app.register_error_handler(ElsewhereError, _go_elsewhere)
    app.register_error_handler(CSRFError, _explain_stale_page)
    app.register_error_handler(OperationalError, _ask_to_wait)
    app.register_error_handler(HTTPException, _explain)


def _go_elsewhere(error: ElsewhereError) -> BaseResponse:
    return redirect(error.url, 303)


def _explain_stale_page(error: CSRFError) -> tuple[str, int]:
    log.info("A form was refused: %s", error.description)
    text = "Open the study again from your link. If this comes back, allow cookies for this site."
    return render_template("notice.html", heading="This page is out of date", text=text), 400


def _ask_to_wait(error: OperationalError) -> tuple[str, int, dict[str, str]]:
    log.error("The store failed: %s", error.orig)
    text = "Wait a minute, then reload this page. Everything you answered so far is kept."
    notice = render_template("notice.html", heading="The study cannot store answers right now", text=text)
    return notice, 503, {"Retry-After": "10"}


def _explain(error: HTTPException) -> Response | BaseResponse | tuple[str, int]:
    if error.response is not None or error.code is None:
        return Response.force_type(error.get_response())
    texts = {
        404: ("There is no such page", "Go back to the study: it knows where you were."),
        413: ("That was too much", "The study does not take anything this large."),
        500: ("Something went wrong here", "Reload this page. Everything you answered so far is kept."),
    }
    heading, text = texts.get(error.code, (error.name, error.description or ""))
    return render_template("notice.html", heading=heading, text=text), error.code
