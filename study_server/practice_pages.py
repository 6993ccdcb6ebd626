"""The pages of the practice: a clip or a pair as in the trials, then who composed it."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from study_server import flow, practice, visitor
from study_server.clip_pages import ClipPage, read_form
from study_server.i18n import current_language
from study_server.study import Study, current_study
from study_server.tables import PracticeTrial, StudySession

SIDES = "AB"

blueprint = Blueprint("practice", __name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What the feedback tells."""

    trial_id: str
    is_human: bool
    """Whether the clip was composed by people."""
    was_right: bool
    is_last: bool
    letter: str = ""
    """Of a pair, the clip that was composed by people."""


@blueprint.get("/practice/<trial_id>")
def show(trial_id: str) -> str:
    """Show the practice page that is the session's turn, or its feedback once it is answered.

    200 the page.
    """
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        trial = next(trial for trial in found.practice_trials if trial.practice_trial_id == trial_id)
        if trial.answered_at is None:
            return _describe_page(found, trial, study).render()
        return render_template("feedback.html", told=_tell(found, trial, study))


@blueprint.post("/practice/<trial_id>")
def answer(trial_id: str) -> Response | tuple[str, int]:
    """Store the answer; one that came before changes nothing.

    303 to the next page; 200 to a script: its address, as JSON; 400 the same page, where something is
    missing.
    """
    form, study = read_form(), current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        trial = practice.find_next(found)
        if trial is not None and trial.practice_trial_id == trial_id and trial.answered_at is None:
            page = _describe_page(found, trial, study)
            if form is None:
                return page.render(has_problem=True), 400
            practice.answer(
                practice.list_page(found, trial, study.clips_per_page),
                form.to_answers(current_language().tag),
                is_told=study.paradigm.is_scored or not page.next_tokens,
            )
        return visitor.lead_on(flow.advance(db, found))


@blueprint.post("/practice/<trial_id>/next")
def go_on(trial_id: str) -> Response:
    """Leave the feedback; after the last one the trials start.

    Stores that it was read, and draws the trials after the last. 303 to the next page.
    """
    study = current_study()
    with study.store.write() as db:
        found = visitor.require_session(db)
        practice.leave_feedback(found, trial_id, study.clips_per_page)
        return redirect(flow.advance(db, found), 303)


def _describe_page(found: StudySession, trial: PracticeTrial, study: Study) -> ClipPage:
    per_page, start = study.clips_per_page, trial.trial_index - 1
    tokens = tuple(one.audio_token for one in found.practice_trials[start : start + 2 * per_page])
    return ClipPage(
        action=url_for(".answer", trial_id=trial.practice_trial_id),
        index=start // per_page + 1,
        n=len(found.practice_trials) // per_page,
        tokens=tokens[:per_page],
        next_tokens=tokens[per_page:],
        is_practice=True,
    )


def _tell(found: StudySession, trial: PracticeTrial, study: Study) -> Told:
    page = practice.list_page(found, trial, study.clips_per_page)
    composed = [study.protocol.by_id[one.stimulus_id].is_human for one in page]
    return Told(
        trial_id=trial.practice_trial_id,
        is_human=any(composed),
        was_right=composed[0] == trial.judged_human,
        is_last=page[-1] is found.practice_trials[-1],
        letter=SIDES[composed.index(True)] if len(page) > 1 else "",
    )
