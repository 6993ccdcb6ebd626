"""Before the trials: welcome, consent, volume."""

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from study_core.config import Config
from study_server import services, visitor
from study_server.security import PROOF_HEADER, is_proof
from study_server.study import current_study

CONSENT_FOLDER = Path(__file__).parent / "consent"
LANGUAGE = "en"

blueprint = Blueprint("participant", __name__)


@blueprint.get("/")
def welcome() -> str | BaseResponse:
    """Say what the study is; who has begun goes on where they stopped."""
    with current_study().store.read() as db:
        found = visitor.find_session(db)
        if found is not None:
            return redirect(visitor.locate(found), 303)
    return render_template("welcome.html")


@blueprint.post("/")
def begin() -> BaseResponse:
    """Begin a session."""
    study = current_study()
    proof = request.headers.get(PROOF_HEADER)
    if proof is not None and not is_proof(study.config.folders, proof):
        abort(403, "The proof of being a simulated listener is not this study's.")
    with study.store.write() as db:
        found = visitor.find_session(db)
        if found is None:
            found = services.arrive(db, study.protocol, is_simulated=proof is not None)
        visitor.remember(found)
        return redirect(visitor.locate(found), 303)


@blueprint.get("/consent")
def consent() -> str:
    """Show the consent document and the private withdrawal code."""
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        document = render_consent(study.config, study.protocol.n_trials)
        return render_template("consent.html", document=document, withdrawal_code=found.withdrawal_code)


@blueprint.post("/consent")
def give_consent() -> str | BaseResponse:
    """Record consent."""
    if request.form.get("agrees") != "1":
        return redirect(url_for(".consent"), 303)
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        services.consent(found)
        return redirect(visitor.locate(found), 303)


@blueprint.get("/volume")
def volume() -> str:
    """Let them set the volume."""
    with current_study().store.read() as db:
        visitor.require_turn(db)
    return render_template("volume.html")


@blueprint.post("/volume")
def start() -> BaseResponse:
    """Draw the trials and go to the first."""
    study = current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        if found.consented_at is not None:
            services.start(db, found, study.protocol)
            db.flush()
        return redirect(visitor.locate(found), 303)


@blueprint.get("/volume.wav")
def volume_sound() -> BaseResponse:
    """Send the noise to set the volume by."""
    response = Response(current_study().volume_sound, mimetype="audio/wav")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.accept_ranges = "bytes"
    return response.make_conditional(request, accept_ranges=True, complete_length=len(response.data))


def render_consent(config: Config, n_trials: int) -> Markup:
    """Return the consent document as HTML, its placeholders filled from config."""
    text = (CONSENT_FOLDER / f"{LANGUAGE}.md").read_text(encoding="utf-8")
    filled = SandboxedEnvironment().from_string(text).render(study=config, n_trials=n_trials)
    return Markup(MarkdownIt("commonmark", {"html": False}).render(filled))  # noqa: S704 (HTML is off)
