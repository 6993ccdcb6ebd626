"""The researcher's page: how the study goes, blind to its result, and the way to the data set."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from study_core.errors import StudyError
from study_server import login, monitoring
from study_server.export import SHORTEST_REASON, export_data_set
from study_server.study import current_study

DOOR = "researcher.check_password"
View = str | BaseResponse | tuple[str, int]
P = ParamSpec("P")

blueprint = Blueprint("researcher", __name__, url_prefix="/researcher")


def for_researchers(view: Callable[P, View]) -> Callable[P, View]:
    """Let a view be seen only by those who gave the password."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> View:
        study = current_study()
        if not login.is_logged_in(study.store, study.password.badge):
            return redirect(url_for("researcher.log_in"), 303)
        return view(*args, **kwargs)

    return guarded


@blueprint.get("/login")
def log_in() -> str:
    """Ask for the password."""
    return render_template("login.html", problem="")


@blueprint.post("/login")
def check_password() -> View:
    """Let in who knows the password; wrong ones are counted by the throttle."""
    study = current_study()
    if not study.password.matches(request.form.get("password", "").strip()):
        return render_template("login.html", problem="That is not the password."), 403
    study.throttle.forget(DOOR, request.remote_addr or "")
    login.open_login(study.store, study.password.badge)
    return redirect(url_for(".show"), 303)


@blueprint.post("/logout")
def log_out() -> BaseResponse:
    """Forget who was there; a copy of the cookie no longer opens anything."""
    login.close_login(current_study().store)
    return redirect(url_for(".log_in"), 303)


@blueprint.get("")
@for_researchers
def show() -> View:
    """Show how the study goes."""
    return _render_desk()


@blueprint.post("/responses.csv")
@for_researchers
def download() -> View:
    """Send the data set; an early look at real participants needs a reason."""
    study = current_study()
    is_simulated = request.form.get("participants") == "simulated"
    try:
        data_set = export_data_set(
            study.store, study.config, is_simulated=is_simulated, reason=request.form.get("reason", "")
        )
    except StudyError as error:
        return _render_desk(problem=str(error)), 409
    name = f"responses{'-simulated' if is_simulated else ''}.csv"
    disposition = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(data_set.responses, mimetype="text/csv", headers=disposition)


def _render_desk(*, problem: str = "") -> str:
    study = current_study()
    version = study.config.version
    with study.store.read() as db:
        kinds = [
            {
                "name": name,
                "flow": monitoring.count_flow(db, is_simulated=is_simulated, version=version),
                "duration_min": monitoring.find_median_duration_min(db, version, is_simulated=is_simulated),
                "clips": monitoring.count_clips_by_judgments(db, study.protocol, is_simulated=is_simulated),
            }
            for name, is_simulated in (("Real participants", False), ("Simulated participants", True))
        ]
        return render_template(
            "desk.html",
            kinds=kinds,
            n_finished=monitoring.count_finished(db, version),
            is_open=monitoring.is_stop_rule_met(db, study.config),
            frozen_at=monitoring.find_frozen_at(db, study.protocol),
            protocol_sha256=study.protocol.sha256,
            other_versions=[v for v in monitoring.list_versions(db) if v != version],
            unblindings=monitoring.list_unblindings(db),
            shortest_reason=SHORTEST_REASON,
            problem=problem,
        )
