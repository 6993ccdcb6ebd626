"""The researcher's webhook: JSON when the target is reached, the study stalls or a fault happens.

A notice is noted in the store once, whatever number of processes look, and sent by a thread that tries again
until it is taken: no participant waits for it. It tells counts and never a result by system. With
STUDY_WEBHOOK_SECRET set, each request is signed: `X-Study-Signature: sha256=` and the HMAC-SHA256 of its
body. A notice may come twice, with the same `notice_id`.
"""

import hashlib
import hmac
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
from flask import Flask, got_request_exception, request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from study_core.config import Config
from study_server.phases import find_phase, list_phases
from study_server.store import Store
from study_server.study import Study
from study_server.tables import Notice, StudySession, format_utc, now_utc
from study_server.unblinding import count_finished

SECRET_VARIABLE = "STUDY_WEBHOOK_SECRET"  # noqa: S105 (the name of a variable)
SIGNATURE_HEADER = "X-Study-Signature"
LOOK_EVERY_S = 15.0
TIMEOUT_S = 10.0
MOST_TRIES = 60
"""A quarter of an hour of trying; then it stays noted on the desk as not taken."""
SHOWN = 10

log = logging.getLogger(__name__)


def list_notices(db: Session) -> Sequence[Notice]:
    """Return the last notices, the latest first."""
    return db.scalars(select(Notice).order_by(Notice.noted_at.desc()).limit(SHOWN)).all()


def note(db: Session, event: str, about: str, facts: Mapping[str, object]) -> None:
    """Note something to be told, unless the same is noted already; needs a writing session."""
    if db.scalar(select(Notice.notice_id).where(Notice.about == about)) is None:
        db.add(Notice(event=event, about=about, facts=dict(facts)))


def look_for_events(store: Store, config: Config) -> None:
    """Note what has happened since: the target was reached, or nobody answers any more.

    Nobody can answer while a study is paused, so that it stalls only so long after it was opened again.
    """
    version = config.version
    with store.read() as db:
        n_finished = count_finished(db, version)
        wanted = config.recruitment.target_participants
        facts = {"study_version": version, "n_finished": n_finished, "target_participants": wanted}
        is_reached = n_finished >= wanted
        is_wanting = not is_reached and find_phase(db, version) == "open"
        last = find_last_activity(db, version) if is_wanting else None
        opened = max((phase.began_at for phase in list_phases(db, version)), default="")
    oldest = datetime.now(UTC) - timedelta(minutes=config.server.stalled_minutes)
    if is_reached:
        _note_once(store, "target reached", f"target {wanted} of {version}", facts)
    elif last is not None and max(last, opened) < format_utc(oldest):
        _note_once(store, "stalled", f"stalled since {last}", {**facts, "last_activity_at": last})


def find_last_activity(db: Session, version: str) -> str | None:
    """Return when a real participant last arrived, answered or finished; None before the first."""
    real = (StudySession.study_version == version, StudySession.is_simulated == False)  # noqa: E712 (SQL)
    moments = (
        select(func.max(StudySession.arrived_at)).where(*real),
        select(func.max(StudySession.finished_at)).where(*real),
        select(func.max(StudySession.last_seen_at)).where(*real, StudySession.finished_at.is_(None)),
    )
    return max(filter(None, (db.scalar(moment) for moment in moments)), default=None)


def send_waiting(store: Store, url: str, post: Callable[..., httpx.Response] = httpx.post) -> int:
    """Send the notices that nobody has taken yet, once each; return how many were taken."""
    waiting = select(Notice).where(Notice.sent_at.is_(None), Notice.n_tries < MOST_TRIES)
    with store.read() as db:
        notices = db.scalars(waiting.order_by(Notice.noted_at)).all()
    n_taken = 0
    for notice in notices:
        is_taken = _send(notice, url, post)
        n_taken += is_taken
        with store.write() as db:
            kept = db.get_one(Notice, notice.notice_id)
            kept.n_tries += 1
            if is_taken:  # else another process may have had it taken meanwhile
                kept.sent_at = now_utc()
    return n_taken


def sign(body: bytes, secret: str) -> str:
    """Return the signature of a request's body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@contextmanager
def watching(app: Flask, *, every_s: float = LOOK_EVERY_S) -> Iterator[None]:
    """Look for events and send notices in a thread of its own while the block runs."""
    study: Study = app.extensions["study"]
    url = study.config.server.webhook_url
    if url is None:
        yield
        return
    stop, faults = threading.Event(), list[str]()

    def note_fault(_sender: Flask, **_: object) -> None:
        faults.append(request.endpoint or "none")  # written down by the thread: no participant waits

    def watch() -> None:
        while not stop.wait(every_s):
            _turn(study, url, faults)
        with _waiting_for_store():
            _note_faults(study, faults)  # the next start tells of them

    got_request_exception.connect(note_fault, app)
    thread = threading.Thread(target=watch, name="webhook", daemon=True)
    thread.start()
    try:
        yield
    finally:
        got_request_exception.disconnect(note_fault, app)
        stop.set()
        thread.join(timeout=TIMEOUT_S + every_s)


def _turn(study: Study, url: str, faults: list[str]) -> None:
    with _waiting_for_store():
        _note_faults(study, faults)
        look_for_events(study.store, study.config)
        send_waiting(study.store, url)


@contextmanager
def _waiting_for_store() -> Iterator[None]:
    """Let notices wait where the store does not answer."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("Notices wait, because the store does: %s", type(error).__name__)


def _note_faults(study: Study, faults: list[str]) -> None:
    while faults:
        _note_fault(study, faults[0])
        faults.pop(0)


def _note_fault(study: Study, route: str) -> None:
    """Note a fault once an hour for each route: what fails once fails for everybody."""
    hour = now_utc()[:13]
    facts = {"study_version": study.config.version, "route": route}
    _note_once(study.store, "error", f"error in {route} at {hour}", facts)


def _note_once(store: Store, event: str, about: str, facts: Mapping[str, object]) -> None:
    with store.read() as db:
        if db.scalar(select(Notice.notice_id).where(Notice.about == about)) is not None:
            return
    with store.write() as db:
        note(db, event, about, facts)


def _send(notice: Notice, url: str, post: Callable[..., httpx.Response]) -> bool:
    told = {"notice_id": notice.notice_id, "event": notice.event, "noted_at": notice.noted_at, **notice.facts}
    body = json.dumps(told, sort_keys=True).encode()
    headers = {"Content-Type": "application/json"}
    secret = os.environ.get(SECRET_VARIABLE)
    if secret:
        headers[SIGNATURE_HEADER] = sign(body, secret)
    try:
        reply = post(url, content=body, headers=headers, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # the last two: of an address
        log.warning("The webhook was not reached: %s", type(error).__name__)
        return False
    if not reply.is_success:
        log.warning("The webhook answered %d", reply.status_code)
    return bool(reply.is_success)
