"""The pages of the headphone screening, its sounds, and where it ends for those who fail it."""

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from study_core.participation import SCREENING_TRIALS
from study_server import flow, recruits, screening, visitor
from study_server.completion import allow_handing_in, describe_ending
from study_server.study import current_study
from study_server.tables import ScreeningTrial

blueprint = Blueprint("screening", __name__)


@blueprint.get("/headphones/<trial_id>")
def show(trial_id: str) -> str:
    """Show the screening trial that is the session's turn.

    200 the page.
    """
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        trial = next(trial for trial in found.screening_trials if trial.screening_trial_id == trial_id)
        return _render(trial)


@blueprint.post("/headphones/<trial_id>")
def answer(trial_id: str) -> BaseResponse | tuple[str, int]:
    """Store the answer; one that came before changes nothing.

    303 to the next page; 400 the same page, where nothing was chosen.
    """
    study = current_study()
    given = request.form.get("interval", type=int)
    with study.store.write() as db:
        found = visitor.require_session(db)
        trial = screening.find_next(found)
        if trial is not None and trial.screening_trial_id == trial_id:
            if trial.trial_index != screening.EXAMPLE and given not in screening.INTERVALS:
                return _render(trial, has_problem=True), 400
            is_example = trial.trial_index == screening.EXAMPLE
            screening.answer(found, study.screening, trial_id, None if is_example else given)
        return redirect(flow.advance(db, found), 303)


@blueprint.get("/headphones/<trial_id>/sound")
def sound(trial_id: str) -> Response:
    """Send the sound of the screening trial that is the session's turn, under the trial's own name.

    200 the sound; 206 the part that was asked for; 404 any other trial's; 416 no such part.
    """
    study = current_study()
    with study.store.read() as db:
        found = visitor.find_session(db)
        trial = screening.find_next(found) if found else None
        if trial is None or trial.screening_trial_id != trial_id:
            abort(404)
        name = study.screening.find_sound(trial.sound_id).sound_file
    content = (study.config.folders.screening / name).read_bytes()
    response = Response(content, mimetype="audio/flac")
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response


@blueprint.get("/no-headphones")
def screened_out() -> BaseResponse:
    """Thank those who failed the screening, with a code of their own.

    200 the page.
    """
    config = current_study().config
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        ending = describe_ending(config, found, recruits.find_recruit(db, found))
        page = render_template("screened-out.html", ending=ending, withdrawal_code=found.withdrawal_code)
    return allow_handing_in(page, ending)


def _render(trial: ScreeningTrial, *, has_problem: bool = False) -> str:
    return render_template(
        "screening.html",
        trial=trial,
        is_example=trial.trial_index == screening.EXAMPLE,
        is_again=trial.attempt > 1 and trial.trial_index <= 1,
        n_trials=SCREENING_TRIALS,
        intervals=screening.INTERVALS,
        starts_s=screening.INTERVAL_STARTS_S[trial.test],
        sound=url_for(".sound", trial_id=trial.screening_trial_id),
        has_problem=has_problem,
    )
