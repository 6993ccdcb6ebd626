"""After the trials: thanks with the score, the codes, and withdrawal at any time."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from study_server import services, visitor, withdrawal
from study_server.study import current_study

blueprint = Blueprint("debrief", __name__)


@blueprint.get("/thanks")
def thanks() -> str:
    """Show the score and the codes."""
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        return render_template(
            "thanks.html",
            n_correct=services.count_correct(found, study.protocol),
            n_trials=len(found.trials),
            completion_code=found.completion_code,
            withdrawal_code=found.withdrawal_code,
        )


@blueprint.post("/leave")
def leave() -> Response:
    """Let go of a finished session, so that somebody else can take part on this device."""
    with current_study().store.read() as db:
        found = visitor.require_session(db)
        if found.finished_at is not None:
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
        return render_template("withdraw.html", code=found.withdrawal_code if found else "", problem="")


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
        problem = "No answers are stored under this code. Compare it with the one you wrote down."
        return render_template("withdraw.html", code=code, problem=problem), 404
    study.store.forget_deleted()
    if is_own:
        visitor.forget()
    return render_template("withdrawn.html")
