"""Before the trials: welcome, consent, volume."""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from study_server import devices, flow, phases, recruits, services, visitor
from study_server.documents import render_consent
from study_server.i18n import current_language
from study_server.security import PROOF_HEADER, is_proof
from study_server.study import current_study
from study_server.tables import StudySession, now_utc

blueprint = Blueprint("participant", __name__)


@blueprint.get("/")
def welcome() -> str | BaseResponse:
    """Say what the study is; who has begun goes on where they stopped, on any device if they were sent.

    200 the welcome, or what is said of a study that is paused or closed; 303 to their turn.
    """
    study = current_study()
    if recruits.is_preview():
        return render_template("welcome.html", can_begin=False)
    recruit = recruits.note_id(study.config.recruitment.id_parameter)
    with study.store.read() as db:
        found = _find_session(db, recruit)
        phase = phases.find_phase(db, study.config.version)
        place = flow.locate(found) if found is not None else ""
        is_new_link = found is not None and recruits.is_sent_anew(db, found)
    if found is not None:
        visitor.remember(found)
        if is_new_link:
            with study.store.write() as db:
                recruits.record_anew(db, found)
        return redirect(place, 303)
    if phase != "open":
        return render_template("away.html", is_over=phase == "closed")
    return render_template("welcome.html", can_begin=True)


@blueprint.post("/")
def begin() -> BaseResponse:
    """Begin a session.

    Stores a session with language and class of device and, in a table of its own, the recruitment id. 303 to
    the consent, or to their turn; 403 a false proof of being a simulated listener.
    """
    study = current_study()
    proof = request.headers.get(PROOF_HEADER)
    if proof is not None and not is_proof(study.config.folders, proof):
        abort(403, "The proof of being a simulated listener is not this study's.")
    recruitment = study.config.recruitment
    recruit = recruits.note_id(recruitment.id_parameter)
    with study.store.write() as db:
        found = _find_session(db, recruit)
        if found is None:
            if phases.find_phase(db, study.config.version) != "open":
                return redirect(url_for(".welcome"), 303)
            found = services.arrive(
                db,
                study.protocol,
                is_simulated=proof is not None,
                language=current_language().tag,
                device=devices.classify(request.headers.get),
            )
            if recruit is not None:
                recruits.record_id(db, found, recruit, recruitment.keep_ids_days)
        visitor.remember(found)
        return redirect(flow.locate(found), 303)


@blueprint.get("/consent")
def consent() -> str:
    """Show the consent document and the private withdrawal code.

    200 the page.
    """
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        document = render_consent(study.config, study.protocol.n_trials)
        return render_template("consent.html", document=document, withdrawal_code=found.withdrawal_code)


@blueprint.post("/consent")
def give_consent() -> str | BaseResponse:
    """Record consent.

    Stores when, and the language of the document. 303 to the next page, or back where consent was not given.
    """
    if request.form.get("agrees") != "1":
        return redirect(url_for(".consent"), 303)
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        services.consent(found, current_language().tag)
        return redirect(flow.advance(db, found), 303)


@blueprint.get("/volume")
def volume() -> str:
    """Let them set the volume.

    200 the page.
    """
    with current_study().store.read() as db:
        visitor.require_turn(db)
    return render_template("volume.html")


@blueprint.post("/volume")
def set_volume() -> BaseResponse:
    """Go on once the volume is set.

    Stores when; where nothing else comes first, draws the trials. 303 to the next page.
    """
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        if found.consented_at is not None:
            found.volume_set_at = found.volume_set_at or now_utc()
        return redirect(flow.advance(db, found), 303)


@blueprint.get("/volume.wav")
def volume_sound() -> BaseResponse:
    """Send the noise to set the volume by.

    200 the sound; 206 the part that was asked for; 416 no such part.
    """
    response = Response(current_study().volume_sound, mimetype="audio/wav")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.accept_ranges = "bytes"
    return response.make_conditional(request, accept_ranges=True, complete_length=len(response.data))


def _find_session(db: Session, recruit: str | None) -> StudySession | None:
    """Return the session of who was sent, else the cookie's, unless that is somebody else's who was sent."""
    sent = recruits.find_session(db, recruit) if recruit is not None else None
    own = visitor.find_session(db)
    if sent is not None or own is None or recruit is None:
        return sent or own
    return None if recruits.is_sent(db, own) else own
