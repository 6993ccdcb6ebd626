"""After the trials: thanks with the score, who composed each clip, the codes, and withdrawal at any time."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from study_server import recruits, visitor, withdrawal
from study_server.completion import describe_ending
from study_server.protocol import RunningProtocol
from study_server.study import current_study
from study_server.tables import StudySession

blueprint = Blueprint("debrief", __name__)


@dataclass(frozen=True, slots=True)
class Revealed:
    """One clip that was judged, and who composed it."""

    token: str
    is_human: bool
    judged_human: bool
    knows_tune: bool

    @property
    def is_right(self) -> bool:
        """Whether it was judged rightly."""
        return self.is_human == self.judged_human


@blueprint.get("/thanks")
def thanks() -> str:
    """Show the score, the clips and the codes."""
    study = current_study()
    recruitment = study.config.recruitment
    with study.store.read() as db:
        found = visitor.require_turn(db)
        return render_template(
            "thanks.html",
            clips=reveal(found, study.protocol),
            ending=describe_ending(
                recruitment.completion_code or found.completion_code or "",
                recruitment.completion_url,
                recruits.find_id(db, found),
            ),
            withdrawal_code=found.withdrawal_code,
        )


def reveal(found: StudySession, protocol: RunningProtocol) -> list[Revealed]:
    """Return a session's judged clips in the order they were heard."""
    return [
        Revealed(
            trial.audio_token,
            protocol.by_id[trial.stimulus_id].is_human,
            trial.judgment.judged_human,
            trial.judgment.knows_tune,
        )
        for trial in found.trials
        if trial.judgment is not None
    ]


@blueprint.post("/leave")
def leave() -> Response:
    """Let go of a session that has ended, so that somebody else can take part on this device."""
    with current_study().store.read() as db:
        found = visitor.require_session(db)
        if found.finished_at is not None or found.screened_out_at is not None:
            visitor.forget()
    return redirect(url_for("participant.welcome"), 303)


@blueprint.get("/changed")
def changed() -> str:
    """Say that the study went on without this session's version."""
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        return render_template("changed.html", withdrawal_code=found.withdrawal_code)


@blueprint.get("/withdraw")
def withdraw() -> str:
    """Ask for the withdrawal code; this device's own is filled in."""
    with current_study().store.read() as db:
        found = visitor.find_session(db)
        return render_template("withdraw.html", code=found.withdrawal_code if found else "", is_wrong=False)


@blueprint.post("/withdraw")
def delete_answers() -> str | tuple[str, int]:
    """Delete the answers under a withdrawal code."""
    study = current_study()
    code = request.form.get("code", "")
    with study.store.write() as db:
        own = visitor.find_session(db)
        is_own = own is not None and own.withdrawal_code == withdrawal.tidy_code(code)
        is_deleted = withdrawal.delete_session(db, code)
    if not is_deleted:
        return render_template("withdraw.html", code=code, is_wrong=True), 404
    study.store.forget_deleted()
    if is_own:
        visitor.forget()
    return render_template("withdrawn.html")
