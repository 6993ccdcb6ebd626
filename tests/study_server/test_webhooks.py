"""The researcher's webhook: told once, signed, again until it is taken, and never a result by system."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.config import Config
from study_server.phases import begin_phase
from study_server.study import Study
from study_server.tables import Notice, Phase, StudySession
from study_server.webhooks import MOST_TRIES, look_for_events, send_waiting, sign, watching
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

SECRET = "a secret that both know"
LONG_AGO = "2026-01-01T00:00:00.000Z"


class Receiver:
    """A small web server that keeps what it is sent, and answers with the statuses that are due."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.arrived = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.end_headers()
                receiver.got.append((dict(self.headers), body))
                receiver.arrived.set()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def events(self) -> list[str]:
        """The events that it was told."""
        return [json.loads(body)["event"] for _, body in self.got]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    """Return a webhook's receiver."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def receiver(listening: Receiver) -> Receiver:
    """Return the receiver as if nothing had been sent."""
    listening.got.clear()
    listening.statuses.clear()
    listening.arrived.clear()
    return listening


@pytest.fixture
def config(data_folder: Path, receiver: Receiver) -> Config:
    """Return a study that tells a webhook."""
    return make_config(
        data_folder,
        recruitment={"target_participants": 1},
        server={"webhook_url": receiver.url, "stalled_minutes": 60},
    )


def tell(study: Study, receiver: Receiver) -> int:
    look_for_events(study.store, study.config)
    return send_waiting(study.store, receiver.url)


def test_a_reached_target_is_told_once_signed_and_without_a_result(
    app: Flask, study: Study, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_WEBHOOK_SECRET", SECRET)
    assert tell(study, receiver) == 0
    Participant(app).finish()
    assert [tell(study, receiver), tell(study, receiver)] == [1, 0]
    ((headers, body),) = receiver.got
    assert headers["X-Study-Signature"] == sign(body, SECRET)
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert set(told) == {
        "notice_id",
        "event",
        "noted_at",
        "study_version",
        "n_finished",
        "target_participants",
    }
    assert (told["event"], told["n_finished"], told["target_participants"]) == ("target reached", 1, 1)


def test_a_notice_is_sent_again_until_it_is_taken_and_then_no_more(
    app: Flask, study: Study, receiver: Receiver
) -> None:
    Participant(app).finish()
    receiver.statuses += [500, 302]
    assert [tell(study, receiver) for _ in range(4)] == [0, 0, 1, 0]
    assert len({json.loads(body)["notice_id"] for _, body in receiver.got}) == 1
    assert len(receiver.got) == 3


def test_a_notice_that_another_process_had_taken_stays_taken(
    app: Flask, study: Study, receiver: Receiver
) -> None:
    Participant(app).finish()
    look_for_events(study.store, study.config)

    def fail_later(*_: object, **__: object) -> httpx.Response:
        assert send_waiting(study.store, receiver.url) == 1  # the other process is faster
        raise httpx.ReadTimeout("too slow")

    assert send_waiting(study.store, receiver.url, post=fail_later) == 0
    assert tell(study, receiver) == 0
    assert len(receiver.got) == 1


def test_a_receiver_that_is_gone_is_given_up_and_the_desk_says_so(app: Flask, study: Study) -> None:
    Participant(app).finish()
    look_for_events(study.store, study.config)

    def fail(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    for _ in range(MOST_TRIES + 5):
        assert send_waiting(study.store, "http://127.0.0.1:9/", post=fail) == 0
    with study.store.read() as db:
        assert db.scalars(select(Notice.n_tries)).one() == MOST_TRIES
    desk = Participant(app).open("/researcher").send({"password": "correct horse"})
    assert f"target reached : not taken yet, {MOST_TRIES} tries" in desk.text


def test_a_study_stalls_where_nobody_has_answered_for_so_long_and_it_wants_more(
    app: Flask, study: Study, receiver: Receiver
) -> None:
    Participant(app).begin().answer()
    assert tell(study, receiver) == 0
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at=LONG_AGO, arrived_at=LONG_AGO))
    assert [tell(study, receiver), tell(study, receiver)] == [1, 0]
    assert receiver.events == ["stalled"]


def test_a_study_that_was_paused_stalls_so_long_after_it_is_open_again(
    app: Flask, study: Study, receiver: Receiver
) -> None:
    Participant(app).begin().answer()
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at=LONG_AGO, arrived_at=LONG_AGO))
        begin_phase(db, "1", "paused", "a holiday")
    assert tell(study, receiver) == 0
    with study.store.write() as db:
        begin_phase(db, "1", "open", "back again")
    assert tell(study, receiver) == 0
    assert receiver.events == []


def test_a_study_that_was_opened_again_long_ago_stalls_like_any(
    app: Flask, study: Study, receiver: Receiver
) -> None:
    Participant(app).begin().answer()
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at=LONG_AGO, arrived_at=LONG_AGO))
        for phase, day in (("paused", "2026-03-01"), ("open", "2026-03-02")):
            moment = f"{day}T00:00:00.000Z"
            db.add(Phase(study_version="1", phase=phase, began_at=moment, reason="spring"))
    assert [tell(study, receiver), tell(study, receiver)] == [1, 0]
    assert receiver.events == ["stalled"]


@pytest.mark.parametrize("url", ["http://hook.example:port/", f"http://{'a' * 70}.example/"])
def test_an_address_that_cannot_be_one_is_not_taken_and_ends_nothing(
    app: Flask, study: Study, url: str
) -> None:
    Participant(app).finish()
    look_for_events(study.store, study.config)
    assert send_waiting(study.store, url) == 0
    with study.store.read() as db:
        assert db.scalars(select(Notice.n_tries)).one() == 1


def test_a_thread_tells_of_faults_and_no_participant_waits(
    app: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault with 0123456789abcdef0123456789abcdef")

    app.testing = False
    with watching(app, every_s=0.02):
        monkeypatch.setattr("study_server.visitor.find_session", fail)
        for _ in range(3):
            assert app.test_client().get("/withdraw").status_code == 500
        assert receiver.arrived.wait(20)
    assert receiver.events == ["error"]
    assert json.loads(receiver.got[0][1])["route"] == "debrief.withdraw"
    assert b"0123456789" not in receiver.got[0][1]


def test_a_fault_right_before_a_server_ends_is_told_by_the_next(
    app: Flask, study: Study, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    app.testing = False
    with watching(app, every_s=3600):
        monkeypatch.setattr("study_server.visitor.find_session", fail)
        assert app.test_client().get("/withdraw").status_code == 500
    assert receiver.events == []
    assert tell(study, receiver) == 1
    assert receiver.events == ["error"]


def test_without_an_address_nothing_is_watched(app: Flask, study: Study) -> None:
    quiet = study.config.model_copy(
        update={"server": study.config.server.model_copy(update={"webhook_url": None})}
    )
    n_before = threading.active_count()
    object.__setattr__(study.protocol, "config", quiet)
    with watching(app, every_s=0.01):
        assert threading.active_count() == n_before
