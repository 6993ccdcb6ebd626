"""What the server writes down: one line per request without anybody's ids or answers; faults in full.

As JSON lines for a log collector, or as plain lines for a terminal, which shows only what went wrong.
No line has an address, a browser's name, an id or a code: 32 hex digits and codes are masked wherever
they come from.
"""

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request

MASK = "…"
IDENTIFYING = re.compile(r"[0-9a-f]{32,}|\b[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4})+\b")
FACTS = ("request_id", "route", "method", "status", "ms")
NOT_FOUND, SERVER_FAULT = 404, 500

log = logging.getLogger(__name__)


class PlainLines(logging.Formatter):
    """One line per record, with what identifies a person masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return IDENTIFYING.sub(MASK, super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object per record, with what identifies a person masked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "source": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return IDENTIFYING.sub(MASK, json.dumps(line, ensure_ascii=False))


def set_up_server_log(*, as_json: bool) -> None:
    """Give every handler of the process the server's format; only JSON tells each request."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines() if as_json else PlainLines())
    log.setLevel(logging.INFO if as_json else logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no fault; metrics show it


def log_requests(app: Flask) -> None:
    """Log every request of an app by its route; the reply carries the same random request id."""
    app.before_request(_begin)
    app.after_request(_end)
    # Flask's own line about a fault has the address, and with it a trial's id.
    app.log_exception = _log_fault  # type: ignore[method-assign]


def _begin() -> None:
    g.request_id, g.began_at = secrets.token_hex(8), time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    level = logging.WARNING if response.status_code >= SERVER_FAULT else logging.INFO
    if log.isEnabledFor(level):
        facts = {
            "request_id": g.request_id,
            "route": request.endpoint,
            "method": request.method,
            "status": response.status_code,
            "ms": round(1000 * (time.perf_counter() - g.began_at), 1),
        }
        log.log(level, "%s %s: %d", request.method, request.endpoint, response.status_code, extra=facts)
    return response


def _log_fault(exc_info: object) -> None:
    facts = {"request_id": g.get("request_id"), "route": request.endpoint}
    log.error("A fault in %s", request.endpoint, exc_info=exc_info, extra=facts)  # type: ignore[arg-type]
