"""The pages of the practice: a clip as in the trials, then who composed it."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from study_server import flow, practice, visitor
from study_server.study import current_study
from study_server.tables import PracticeTrial, StudySession
from study_server.trials import ClipPage, read_form

blueprint = Blueprint("practice", __name__)


@blueprint.get("/practice/<trial_id>")
def show(trial_id: str) -> str:
    """Show the practice clip that is the session's turn, or its feedback once it is answered."""
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        trial = next(trial for trial in found.practice_trials if trial.practice_trial_id == trial_id)
        if trial.answered_at is None:
            return _render(found, trial)
        return render_template(
            "feedback.html",
            trial=trial,
            is_human=study.protocol.by_id[trial.stimulus_id].is_human,
            is_last=trial.trial_index == len(found.practice_trials),
        )


@blueprint.post("/practice/<trial_id>")
def answer(trial_id: str) -> Response | tuple[str, int]:
    """Store the answer; one that came before changes nothing."""
    form = read_form()
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        trial = practice.find_next(found)
        if trial is not None and trial.practice_trial_id == trial_id and trial.answered_at is None:
            if form is None:
                return _render(found, trial, has_problem=True), 400
            practice.answer(found, trial_id, judged_human=form.answer == "human", confidence=form.confidence)
        return visitor.lead_on(flow.advance(db, found))


@blueprint.post("/practice/<trial_id>/next")
def go_on(trial_id: str) -> Response:
    """Leave the feedback; after the last one the trials start."""
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        practice.leave_feedback(found, trial_id)
        return redirect(flow.advance(db, found), 303)


def _render(found: StudySession, trial: PracticeTrial, *, has_problem: bool = False) -> str:
    trials = found.practice_trials
    following = trials[trial.trial_index] if trial.trial_index < len(trials) else None
    page = ClipPage(
        action=url_for(".answer", trial_id=trial.practice_trial_id),
        index=trial.trial_index,
        n=len(trials),
        token=trial.audio_token,
        next_token=following.audio_token if following else None,
        is_practice=True,
    )
    return render_template("trial.html", page=page, has_problem=has_problem)
