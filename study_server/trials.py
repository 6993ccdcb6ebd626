"""The trials: one page each, a clip or a pair, and the pause between them."""

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from study_server import flow, services, visitor
from study_server.clip_pages import ClipPage, read_form
from study_server.i18n import current_language
from study_server.pairs import judge_pair
from study_server.services import Answer, Turn
from study_server.study import Study, current_study
from study_server.tables import StudySession

blueprint = Blueprint("trials", __name__)


@blueprint.get("/trial/<trial_id>")
def show(trial_id: str) -> str | Response:
    """Show the trial, or the pair, that is the session's turn.

    200 the page.
    """
    study = current_study()
    with study.store.read() as db:
        turn = _find_turn(visitor.require_turn(db), study)
    return _describe_page(turn, study).render() if turn and turn.trial_id == trial_id else abort(404)


@blueprint.post("/trial/<trial_id>")
def judge(trial_id: str) -> Response | tuple[str, int]:
    """Store the judgment durably, then say where to go on; sent again, it changes nothing.

    303 to the next page; 200 to a script: its address and the page itself, as JSON; 400 the same page, where
    something is missing.
    """
    study, form, session_id = current_study(), read_form(), visitor.find_session_id()
    if form is None:
        return _refuse_form(trial_id, study)
    answers = form.to_answers(current_language().tag)
    turn = _store(study, session_id, trial_id, answers) if session_id else None
    if turn is not None:
        return _lead_to(turn, flow.locate_turn(turn, study), study)
    with study.store.read() as db:  # a pair, the last one, one that was stored before, or nobody's
        found = visitor.require_session(db)
        return _lead_to(_find_turn(found, study), flow.locate(found), study)


@blueprint.get("/pause")
def pause() -> str:
    """Offer a pause in the middle.

    200 the page.
    """
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        return render_template("pause.html", n_answered=found.n_judged // study.clips_per_page)


@blueprint.post("/pause")
def end_pause() -> Response:
    """Go on after the pause.

    Stores that it was taken. 303 to the next trial.
    """
    study = current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        every = study.config.trials.break_after
        if every is not None:
            found.breaks_taken = found.n_judged // study.clips_per_page // every
        return redirect(flow.locate(found), 303)


def _store(study: Study, session_id: str, trial_id: str, answers: tuple[Answer, ...]) -> Turn | None:
    """Store the answers to a page's clips; return whose turn it is then, where that is known."""
    if len(answers) == 1:
        return services.judge(study.store, session_id, trial_id, answers[0])
    judge_pair(study.store, session_id, trial_id, answers)
    return None


def _find_turn(found: StudySession, study: Study) -> Turn | None:
    """Return the turn with the sounds of its page and of the next."""
    return services.find_turn(found, 2 * study.clips_per_page)


def _lead_to(turn: Turn | None, place: str, study: Study) -> Response:
    """Lead to a place; where it is a trial's page, a script gets that along."""
    if turn is None or not visitor.is_script():
        return visitor.lead_on(place)
    page = _describe_page(turn, study)
    return visitor.lead_on(place, page.render(is_part=True) if page.action == place else None)


def _describe_page(turn: Turn, study: Study) -> ClipPage:
    per_page = study.clips_per_page
    return ClipPage(
        action=url_for(".judge", trial_id=turn.trial_id),
        index=(turn.trial_index - 1) // per_page + 1,
        n=turn.n_trials // per_page,
        tokens=turn.audio_tokens[:per_page],
        next_tokens=turn.audio_tokens[per_page:],
    )


def _refuse_form(trial_id: str, study: Study) -> Response | tuple[str, int]:
    with study.store.read() as db:
        found = visitor.require_session(db)
        turn, place = _find_turn(found, study), flow.locate(found)
    if turn is None or turn.trial_id != trial_id:
        return redirect(place, 303)
    return _describe_page(turn, study).render(has_problem=True), 400
