"""The pages of the participants: a list by opaque id, and each with what may be decided and their code."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from study_core.errors import StudyError
from study_server import recruits, roster
from study_server.completion import describe_ending, find_outcome
from study_server.exclusion import exclude, readmit
from study_server.flags import FLAGS, list_flags, settle_all
from study_server.study import current_study
from study_server.tables import StudySession

WHO = "researcher's page"
MOST_PAGES = 10_000

blueprint = Blueprint("roster", __name__, url_prefix="/participants")


@blueprint.get("")
def show_all() -> str | Response:
    """List the participants, or go to the one who is searched for.

    200 the page; 303 to the one who was found.
    """
    study = current_study()
    settle_all(study.store, study.config)
    wanted = request.args.get("find", "").strip()
    chosen = request.args.get("kind", "all")
    kind = chosen if chosen in roster.KINDS else "all"
    number = min(max(request.args.get("page", 1, type=int), 1), MOST_PAGES)
    is_simulated = request.args.get("participants") == "simulated"
    with study.store.read() as db:
        found = roster.find_participant(db, wanted) if wanted else None
        if found is not None:
            return redirect(url_for(".show", participant_id=found.participant_id), 303)
        page = roster.list_participants(db, study.config.version, kind, number, is_simulated=is_simulated)
        return render_template(
            "desk/roster.html",
            page=page,
            kind=kind,
            kinds=roster.KINDS,
            is_simulated=is_simulated,
            wanted=wanted,
            describe_state=roster.describe_state,
            list_flags=list_flags,
        )


@blueprint.get("/<participant_id>")
def show(participant_id: str) -> str:
    """Show one participant: how far, how they listened, what was decided; never what they answered.

    200 the page; 404 nobody.
    """
    with current_study().store.read() as db:
        return _render(db, _require(db, participant_id))


@blueprint.post("/<participant_id>/exclusion")
def decide(participant_id: str) -> Response | tuple[str, int]:
    """Exclude a participant, or let them count again; the reason is kept for good.

    303 to the participant; 404 nobody; 409 why not.
    """
    store = current_study().store
    act = readmit if request.form.get("decision") == "readmit" else exclude
    with store.read() as db:
        _require(db, participant_id)
    try:
        with store.write() as db:
            act(db, participant_id, reason=request.form.get("reason", "")[:500], who=WHO)
    except StudyError as error:
        with store.read() as db:
            return _render(db, _require(db, participant_id), problem=str(error)), 409
    return redirect(url_for(".show", participant_id=participant_id), 303)


def _require(db: Session, participant_id: str) -> StudySession:
    found = db.scalars(select(StudySession).where(StudySession.participant_id == participant_id)).first()
    return found or abort(404)


def _render(db: Session, found: StudySession, *, problem: str = "") -> str:
    config = current_study().config
    outcome = find_outcome(found, config)
    meanings = {flag.name: flag.meaning for flag in FLAGS}
    return render_template(
        "desk/participant.html",
        person=found,
        state=roster.describe_state(found),
        flags={name: meanings.get(name, "") for name in list_flags(found)},
        listening=roster.list_listening(db, found),
        changes=roster.list_changes(db, found),
        outcome=outcome,
        ending=describe_ending(config, found, recruits.find_recruit(db, found)) if outcome else None,
        problem=problem,
    )
