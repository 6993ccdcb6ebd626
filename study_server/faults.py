"""What a visitor reads when something is wrong: where to go on, and never how the server is made."""

import logging
from itertools import chain

from flask import Flask, Response, abort, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as BaseResponse

from study_server.i18n import gettext as _
from study_server.visitor import ElsewhereError

RETRY_S = 10
NULL = "\x00"
STORE_FAULTS = (OperationalError, InterfaceError, NoConnectionError, OSError)
"""Database gone, disk full, files gone: they pass, and what was acknowledged is kept."""

log = logging.getLogger(__name__)


def explain_faults(app: Flask) -> None:
    """Give an app a page for everything that can go wrong."""
    app.before_request(_refuse_null_bytes)
    app.register_error_handler(ElsewhereError, _go_elsewhere)
    app.register_error_handler(CSRFError, _explain_stale_page)
    app.register_error_handler(SecurityError, _refuse_host)
    app.register_error_handler(HTTPException, _explain)
    for fault in STORE_FAULTS:
        app.register_error_handler(fault, _ask_to_wait)


def _refuse_null_bytes() -> None:
    """Refuse what no page of ours sends and PostgreSQL takes into no text."""
    given = request.values.lists()
    texts = (request.path, *chain.from_iterable((name, *values) for name, values in given))
    if any(NULL in text for text in texts):
        abort(400)


def _go_elsewhere(error: ElsewhereError) -> BaseResponse:
    return redirect(error.url, 303)


def _explain_stale_page(error: CSRFError) -> tuple[str, int]:
    log.info("A form was refused: %s", error.description)
    text = _("Open the study again from your link. If this comes back, allow cookies for this site.")
    return render_template("notice.html", heading=_("This page is out of date"), text=text), 400


def _ask_to_wait(error: Exception) -> tuple[str, int, dict[str, str]]:
    log.error("The store failed: %s", getattr(error, "orig", None) or type(error).__name__)
    text = _("This page tries again by itself. Everything you answered so far is kept.")
    notice = render_template("notice.html", heading=_("The study cannot store answers right now"), text=text)
    return notice, 503, {"Retry-After": str(RETRY_S), "Refresh": str(RETRY_S)}


def _refuse_host(_error: SecurityError) -> tuple[str, int, dict[str, str]]:
    return "This is not the address of a study.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def _explain(error: HTTPException) -> Response | BaseResponse | tuple[str, int]:
    if error.response is not None or error.code is None:
        return Response.force_type(error.get_response())
    texts = {
        404: (_("There is no such page"), _("Go back to the study: it knows where you were.")),
        413: (_("That was too much"), _("The study does not take anything this large.")),
        500: (_("Something went wrong here"), _("Reload this page. Everything you answered so far is kept.")),
    }
    heading, text = texts.get(error.code, (error.name, error.description or ""))
    return render_template("notice.html", heading=heading, text=text), error.code
