"""The trials: one page each, one judgment each."""

from typing import Annotated, Literal

from flask import Blueprint, jsonify, redirect, render_template, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from study_server import services, visitor
from study_server.study import current_study
from study_server.tables import StudySession

LONGEST_S = 24 * 3600
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]

blueprint = Blueprint("trials", __name__)


class AnswerForm(BaseModel):
    """The form of a trial page as a browser sends it."""

    answer: Literal["human", "computer"]
    confidence: Annotated[int, Field(ge=1)]
    knows_tune: bool = False
    heard_s: Seconds | None = None
    n_plays: Count | None = None
    stalls: Count | None = None
    answer_time_s: Seconds | None = None
    hidden_count: Count | None = None

    def to_answer(self) -> services.Answer:
        """Return the answer in the store's words."""
        return services.Answer(judged_human=self.answer == "human", **self.model_dump(exclude={"answer"}))


@blueprint.get("/trial/<trial_id>")
def show(trial_id: str) -> str:
    """Show the trial that is the session's turn."""
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        return _render_trial(found, trial_id)


@blueprint.post("/trial/<trial_id>")
def judge(trial_id: str) -> BaseResponse | tuple[str, int]:
    """Store the judgment durably, then say where to go on; sent again, it changes nothing."""
    form = _read_form()
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        if form is None:
            return _refuse_form(found, trial_id)
        services.judge(found, trial_id, form.to_answer())
        place = visitor.locate(found)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(next=place)
    return redirect(place, 303)


def _render_trial(found: StudySession, trial_id: str, *, problem: str = "") -> str:
    trials = found.trials
    trial = next(trial for trial in trials if trial.trial_id == trial_id)
    following = trials[trial.trial_index] if trial.trial_index < len(trials) else None
    return render_template(
        "trial.html", trial=trial, following=following, n_trials=len(trials), problem=problem
    )


def _read_form() -> AnswerForm | None:
    try:
        form = AnswerForm.model_validate({key: value for key, value in request.form.items() if value})
    except ValidationError:
        return None
    return form if form.confidence <= current_study().config.trials.confidence_levels else None


def _refuse_form(found: StudySession, trial_id: str) -> BaseResponse | tuple[str, int]:
    turn = services.find_next(found)
    if turn is None or turn.trial_id != trial_id:
        return redirect(visitor.locate(found), 303)
    return _render_trial(found, trial_id, problem="Choose who composed it and how sure you are."), 400
