"""The researcher's desk: the way in, and the live page, which tells how the study goes and no result."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from study_core.errors import StudyError
from study_server import (
    data_pages,
    live,
    login,
    phases,
    preview_pages,
    roster_pages,
    unblinding,
    webhooks,
)
from study_server.flags import FLAGS, settle_all
from study_server.study import current_study

DOOR = "researcher.check_password"
UNLOCKED = ("researcher.log_in", DOOR)
"""All that can be reached without the password."""
View = str | Response | tuple[str, int]

blueprint = Blueprint("researcher", __name__, url_prefix="/researcher")
for room in (roster_pages, data_pages, preview_pages):
    blueprint.register_blueprint(room.blueprint)


@blueprint.before_request
def require_login() -> Response | None:
    """Let nobody into any room of the desk who did not give the password."""
    study = current_study()
    if request.endpoint in UNLOCKED or login.is_logged_in(study.store, study.password.badge):
        return None
    return redirect(url_for("researcher.log_in"), 303)


@blueprint.get("/login")
def log_in() -> str:
    """Ask for the password.

    200 the page.
    """
    return render_template("desk/login.html", problem="")


@blueprint.post("/login")
def check_password() -> View:
    """Let in who knows the password; wrong ones are counted by the throttle.

    Stores a login. 303 to the desk; 403 a wrong password; 429 too many wrong ones.
    """
    study = current_study()
    if not study.password.matches(request.form.get("password", "").strip()):
        return render_template("desk/login.html", problem="That is not the password."), 403
    study.throttle.forget(DOOR, request.remote_addr or "")
    login.open_login(study.store, study.password.badge)
    return redirect(url_for(".show"), 303)


@blueprint.post("/logout")
def log_out() -> Response:
    """Forget who was there; a copy of the cookie no longer opens anything.

    303 to the way in.
    """
    login.close_login(current_study().store)
    return redirect(url_for("researcher.log_in"), 303)


@blueprint.get("")
def show() -> str:
    """Show how the study goes; the page brings itself up to date.

    200 the page.
    """
    return _render("desk/live.html")


@blueprint.get("/live")
def show_figures() -> str:
    """Send the live page's figures alone.

    200 a part of a page.
    """
    return _render("desk/figures.html")


@blueprint.post("/phase")
def change_phase() -> View:
    """Pause, open or close the study.

    Stores the change with its reason. 303 to the desk; 409 why not.
    """
    study = current_study()
    try:
        with study.store.write() as db:
            phases.begin_phase(
                db,
                study.config.version,
                request.form.get("phase", ""),
                request.form.get("reason", "")[:500],
            )
    except StudyError as error:
        return _render("desk/live.html", problem=str(error)), 409
    return redirect(url_for(".show"), 303)


def _render(template: str, *, problem: str = "") -> str:
    study = current_study()
    version = study.config.version
    is_simulated = request.args.get("participants") == "simulated"
    settle_all(study.store, study.config)
    with study.store.read() as db:
        return render_template(
            template,
            live=live.look_at(db, study, is_simulated=is_simulated),
            is_simulated=is_simulated,
            is_open=unblinding.is_open(db, study.config),
            protocol_sha256=study.protocol.sha256,
            meanings={flag.name: flag.meaning for flag in FLAGS},
            changes_of_phase=phases.list_phases(db, version),
            looks=unblinding.list_looks(db),
            notices=webhooks.list_notices(db),
            problem=problem,
        )
