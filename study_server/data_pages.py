"""The pages of the data: results by system where they may be seen, and the data set as one file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from study_core.errors import StudyError
from study_server import results, unblinding
from study_server.dataset.archive import write_zip
from study_server.export import export_data_set
from study_server.study import current_study

WHO = "researcher's page"
CHUNK = 1 << 16

blueprint = Blueprint("data", __name__, url_prefix="/data")


@blueprint.get("")
def show() -> str:
    """Show what may be had, and results by system once they are open.

    200 the page.
    """
    return _render()


@blueprint.post("/look")
def look() -> str | tuple[str, int]:
    """Show results by system before the stop rule is met, once, with a reason that is logged first.

    200 the page with results; 409 the reason is too short.
    """
    study = current_study()
    try:
        with study.store.write() as db:
            unblinding.look(db, study.config, request.form.get("reason", "")[:500], who=WHO)
    except StudyError as error:
        return _render(problem=str(error)), 409
    return _render(has_looked=True)


@blueprint.post("/data-set")
def download() -> BaseResponse | tuple[str, int]:
    """Send the data set; an early look at real participants needs a reason.

    Logs an early look. 200 a ZIP file; 409 why not.
    """
    study = current_study()
    is_simulated = request.form.get("participants") == "simulated"
    name = f"data-set{'-simulated' if is_simulated else ''}"
    reason = request.form.get("reason", "")[:500]
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it has been sent)
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / name
            data_set = export_data_set(
                study.store, study.config, made, is_simulated=is_simulated, reason=reason, who=WHO
            )
            write_zip(made, data_set.files, file)
    except StudyError as error:
        file.close()
        return _render(problem=str(error)), 409
    headers = {
        "Content-Disposition": f"attachment; filename={name}.zip",
        "Content-Length": str(file.tell()),
    }
    return Response(_send(file), mimetype="application/zip", headers=headers)


@blueprint.get("/look")
def look_again() -> BaseResponse:
    """Lead a reload to the page; each look has a reason of its own.

    303 to the page.
    """
    return redirect(url_for(".show"), 303)


def _send(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _render(*, has_looked: bool = False, problem: str = "") -> str:
    study = current_study()
    with study.store.read() as db:
        is_open = unblinding.is_open(db, study.config)
        is_shown = is_open or has_looked
        return render_template(
            "desk/data.html",
            results=results.count_by_system(db, study.protocol, is_simulated=False) if is_shown else [],
            is_met=unblinding.is_stop_rule_met(db, study.config),
            is_open=is_open,
            n_finished=unblinding.count_finished(db, study.config.version),
            looks=unblinding.list_looks(db),
            shortest_reason=unblinding.SHORTEST_REASON,
            problem=problem,
        )
