"""The trials: one page each, one judgment each, and the pause between them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from pydantic import BaseModel, Field, ValidationError
from werkzeug.wrappers import Response

from study_server import flow, services, visitor
from study_server.i18n import current_language
from study_server.study import current_study

LONGEST_S = 24 * 3600
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]

blueprint = Blueprint("trials", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPage:
    """What the page of a clip shows, in the trials and in practice."""

    action: str
    """Where its form is sent."""
    index: int
    n: int
    token: str
    """Of its sound."""
    next_token: str | None
    is_practice: bool = False


class AnswerForm(BaseModel):
    """The form of a clip's page as a browser sends it."""

    answer: Literal["human", "computer"]
    confidence: Annotated[int, Field(ge=1)]
    knows_tune: bool = False
    heard_s: Seconds | None = None
    n_plays: Count | None = None
    stalls: Count | None = None
    load_errors: Count | None = None
    coverage: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    output_latency_s: Seconds | None = None
    answer_time_s: Seconds | None = None
    hidden_count: Count | None = None

    def to_answer(self) -> services.Answer:
        """Return the answer in the store's words."""
        return services.Answer(
            judged_human=self.answer == "human",
            language=current_language().tag,
            **self.model_dump(exclude={"answer"}),
        )


@blueprint.get("/trial/<trial_id>")
def show(trial_id: str) -> str | Response:
    """Show the trial that is the session's turn."""
    with current_study().store.read() as db:
        turn = services.find_turn(visitor.require_turn(db))
    return _render_trial(turn) if turn is not None and turn.trial_id == trial_id else abort(404)


@blueprint.post("/trial/<trial_id>")
def judge(trial_id: str) -> Response | tuple[str, int]:
    """Store the judgment durably, then say where to go on; sent again, it changes nothing."""
    study, form, session_id = current_study(), read_form(), visitor.find_session_id()
    if form is None:
        return _refuse_form(trial_id)
    turn = services.judge(study.store, session_id, trial_id, form.to_answer()) if session_id else None
    if turn is not None:
        return _lead_to(turn, flow.locate_turn(turn, study))
    with study.store.read() as db:  # the last one, one that was stored before, or nobody's
        found = visitor.require_session(db)
        return _lead_to(services.find_turn(found), flow.locate(found))


@blueprint.get("/pause")
def pause() -> str:
    """Offer a pause in the middle."""
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        return render_template("pause.html", n_answered=found.n_judged, n_trials=found.n_trials)


@blueprint.post("/pause")
def end_pause() -> Response:
    """Go on after the pause."""
    study = current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        every = study.config.trials.break_after
        if every is not None:
            found.breaks_taken = found.n_judged // every
        return redirect(flow.locate(found), 303)


def read_form() -> AnswerForm | None:
    """Return the request's answer, or None where it is incomplete or impossible."""
    try:
        form = AnswerForm.model_validate({key: value for key, value in request.form.items() if value})
    except ValidationError:
        return None
    return form if form.confidence <= current_study().config.trials.confidence_levels else None


def _lead_to(turn: services.Turn | None, place: str) -> Response:
    """Lead to a place; where it is a trial's page, a script gets that along."""
    is_clip = turn is not None and place == url_for(".show", trial_id=turn.trial_id)
    return visitor.lead_on(place, _render_trial(turn) if turn and is_clip and visitor.is_script() else None)


def _render_trial(turn: services.Turn, *, has_problem: bool = False) -> str:
    page = ClipPage(
        action=url_for(".judge", trial_id=turn.trial_id),
        index=turn.trial_index,
        n=turn.n_trials,
        token=turn.audio_token,
        next_token=turn.next_token,
    )
    return render_template("trial.html", page=page, has_problem=has_problem)


def _refuse_form(trial_id: str) -> Response | tuple[str, int]:
    with current_study().store.read() as db:
        found = visitor.require_session(db)
        turn, place = services.find_turn(found), flow.locate(found)
    if turn is None or turn.trial_id != trial_id:
        return redirect(place, 303)
    return _render_trial(turn, has_problem=True), 400
