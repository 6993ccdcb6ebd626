"""The trials: one page each, one judgment each, and the pause between them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from pydantic import BaseModel, Field, ValidationError
from werkzeug.wrappers import Response

from study_server import flow, services, visitor
from study_server.i18n import current_language
from study_server.study import current_study
from study_server.tables import StudySession

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
def show(trial_id: str) -> str:
    """Show the trial that is the session's turn."""
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        return _render_trial(found, trial_id)


@blueprint.post("/trial/<trial_id>")
def judge(trial_id: str) -> Response | tuple[str, int]:
    """Store the judgment durably, then say where to go on; sent again, it changes nothing."""
    store, form = current_study().store, read_form()
    with store.read() as db:
        found = visitor.require_session(db)
        if form is None:
            return _refuse_form(found, trial_id)
    services.judge(store, found.session_id, trial_id, form.to_answer())
    with store.read() as db:
        found = visitor.require_session(db)
        place, turn = flow.locate(found), services.find_next(found)
        is_clip = turn is not None and place == url_for(".show", trial_id=turn.trial_id)
        page = _render_trial(found, turn.trial_id) if turn and is_clip and visitor.is_script() else None
    return visitor.lead_on(place, page)


@blueprint.get("/pause")
def pause() -> str:
    """Offer a pause in the middle."""
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        trial = services.find_next(found)
        n_answered = trial.trial_index - 1 if trial else len(found.trials)
        return render_template("pause.html", n_answered=n_answered, n_trials=len(found.trials))


@blueprint.post("/pause")
def end_pause() -> Response:
    """Go on after the pause."""
    study = current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        trial, every = services.find_next(found), study.config.trials.break_after
        if trial is not None and every is not None:
            found.breaks_taken = (trial.trial_index - 1) // every
        return redirect(flow.locate(found), 303)


def read_form() -> AnswerForm | None:
    """Return the request's answer, or None where it is incomplete or impossible."""
    try:
        form = AnswerForm.model_validate({key: value for key, value in request.form.items() if value})
    except ValidationError:
        return None
    return form if form.confidence <= current_study().config.trials.confidence_levels else None


def _render_trial(found: StudySession, trial_id: str, *, has_problem: bool = False) -> str:
    trials = found.trials
    trial = next(trial for trial in trials if trial.trial_id == trial_id)
    following = trials[trial.trial_index] if trial.trial_index < len(trials) else None
    page = ClipPage(
        action=url_for(".judge", trial_id=trial.trial_id),
        index=trial.trial_index,
        n=len(trials),
        token=trial.audio_token,
        next_token=following.audio_token if following else None,
    )
    return render_template("trial.html", page=page, has_problem=has_problem)


def _refuse_form(found: StudySession, trial_id: str) -> Response | tuple[str, int]:
    turn = services.find_next(found)
    if turn is None or turn.trial_id != trial_id:
        return redirect(flow.locate(found), 303)
    return _render_trial(found, trial_id, has_problem=True), 400
