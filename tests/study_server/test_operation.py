"""Running the server: alive or ready, logs and metrics that tell nobody's business, a stop in order."""

import logging
import re
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from study_core.config import Config
from study_core.errors import StudyError
from study_server import health
from study_server.app import create_app
from study_server.logs import IDENTIFYING, JsonLines, PlainLines
from study_server.metrics import serving_metrics
from study_server.study import Study
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config
from tests.study_server.served import Server
from tests.study_server.watched import BROWSER, Browser, WatchedServer

KEYS = {"at", "level", "source", "message", "request_id", "route", "method", "status", "ms"}


def test_a_server_that_lacks_nothing_is_alive_and_ready(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"alive": True}
    ready = app.test_client().get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {"ready": True, "database": True, "migrations": True, "stimuli": True, "disk": True}


def test_health_is_told_under_any_name_and_nothing_else_is(data_folder: Path) -> None:
    app = create_app(make_config(data_folder, server={"public_url": "https://study.example.org"}))
    by_address = {"Host": "127.0.0.1:8000"}  # as the container's own check asks
    statuses = [
        app.test_client().get(path, headers=by_address).status_code for path in ("/healthz", "/readyz", "/")
    ]
    app.extensions["study"].store.close()
    assert statuses == [200, 200, 400]


def fail(*_: object) -> None:
    raise OperationalError("SELECT 1", {}, Exception("no database"))


def lose(part: str, study: Study, patch: pytest.MonkeyPatch) -> None:
    """Take away what a participant needs."""
    if part == "stimuli":
        next(study.config.folders.stimuli.glob("*.mp3")).unlink()
    elif part == "migrations":
        with study.store.write() as db:
            db.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    elif part == "disk":
        patch.setattr(health, "LEAST_FREE_BYTES", 2**80)
    else:
        patch.setattr(type(study.store), "read", fail)


def test_a_server_whose_data_folder_is_gone_is_not_ready(app: Flask, study: Study) -> None:
    shutil.rmtree(study.config.folders.root)
    reply = app.test_client().get("/readyz")
    assert reply.status_code == 503
    assert reply.json is not None
    assert (reply.json["stimuli"], reply.json["disk"]) == (False, False)


@pytest.mark.parametrize("part", ["stimuli", "migrations", "disk", "database"])
def test_a_server_that_lacks_a_part_is_alive_but_not_ready(
    part: str, app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(part, study, monkeypatch)
    reply = app.test_client().get("/readyz")
    assert reply.status_code == 503
    assert reply.json is not None
    assert reply.json["ready"] is reply.json[part] is False
    assert app.test_client().get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("INSERT", {}, Exception("disk full")),
        NoConnectionError("pool"),
        OSError(28, "No space"),
    ],
)
def test_whatever_the_store_lacks_the_page_waits_and_goes_on_by_itself(
    fault: Exception, app: Flask, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    participant.begin()
    place = participant.path

    def break_down(*_: object) -> None:
        raise fault

    app.testing = False
    with monkeypatch.context() as broken:
        broken.setattr("study_server.services.judge", break_down)
        participant.answer()
        assert participant.reply.status_code == 503
        assert {"Retry-After", "Refresh"} <= set(participant.reply.headers.keys())
    assert participant.open(place).path == place
    assert participant.answer().path != place


def test_a_whole_session_leaves_no_trace_of_where_from_in_the_logs_the_store_or_the_replies(
    config: Config,
) -> None:
    with WatchedServer(config) as server, Browser(server.url) as browser:
        browser.go_through()
        httpx.get(
            f"{server.url}/nothing/here?code=ABCD-EFGH-JKLM",
            headers={"User-Agent": BROWSER, "Referer": "http://from.example/"},
        )
        metrics = server.read_metrics()
        replies = b"".join(bytes(str(reply.headers), "utf-8") + reply.content for reply in browser.replies)
    lines = [line for line in server.read_log() if line["source"] == "study_server.logs"]
    assert {frozenset(line) for line in lines} == {frozenset(KEYS)}
    assert len(lines) == len(browser.replies) + 1
    routes = {line["route"] for line in lines}
    assert {
        "participant.welcome",
        "trials.show",
        "trials.judge",
        "audio.clip",
        "static",
        "debrief.thanks",
        None,
    } <= routes
    log = server.log_path.read_text()
    ids = {
        found for reply in browser.replies for found in re.findall(r"[0-9a-f]{32}", reply.request.url.path)
    }
    codes = {
        tag
        for reply in browser.replies
        for tag in re.findall(
            r'class="code[^"]*">([A-Z0-9-]+)<', reply.text if "html" in reply.headers["content-type"] else ""
        )
    }
    assert len(ids) == 16
    assert codes
    for text_ in (log, metrics):
        assert not [word for word in (*ids, *codes, "ABCD-EFGH", "judged", "from.example") if word in text_]
    stored = b"".join(path.read_bytes() for path in config.folders.root.glob("study.sqlite3*"))
    for word in (b"127.0.0.1", b"Unmistakable", b"Rare Browser", b"from.example"):
        assert word not in stored
        assert word.decode() not in log.replace("http://127.0.0.1", "")
        assert word not in replies
        assert word.decode() not in metrics
    assert 'study_requests_total{method="POST",route="trials.judge",status="303"} 8.0' in metrics
    assert "process_resident_memory_bytes" in metrics


def test_metrics_know_no_method_or_path_that_a_client_makes_up(app: Flask) -> None:
    from prometheus_client import generate_latest

    for name in ("FOO", "BAR"):
        app.test_client().open(f"/made-up/{name}", method=name)
    told = generate_latest(app.extensions["metrics"].registry).decode()
    assert 'method="other",route="none",status="404"} 2.0' in told
    assert "made-up" not in told


@pytest.mark.parametrize("address", ["no.such.host.invalid:9", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999"])
def test_an_address_that_metrics_cannot_have_is_named(address: str, app: Flask) -> None:
    registry = app.extensions["metrics"].registry
    with (
        pytest.raises(StudyError, match=f"cannot be served at {address}.*HOST:PORT"),
        serving_metrics(registry, address),
    ):
        pass


def test_ids_and_codes_are_masked_wherever_they_come_from() -> None:
    told = "session 0123456789abcdef0123456789abcdef with ABCD-EFGH-JKLM failed; deadbeef is no id"
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, told, None, None)
    for line in (PlainLines("%(message)s").format(record), JsonLines().format(record)):
        assert not IDENTIFYING.search(line)
        assert "session … with … failed; deadbeef is no id" in line


def test_requests_that_were_begun_are_answered_before_the_server_ends(config: Config) -> None:
    server = Server(config).__enter__()
    statuses: list[int] = []

    def log_in() -> None:
        with httpx.Client(base_url=server.url) as client:
            page = client.get("/researcher/login").text
            token = page.split('name="csrf_token" value="')[1].split('"')[0]
            begun.wait()
            # A password check takes a tenth of a second, one at a time.
            statuses.append(
                client.post(
                    "/researcher/login", data={"csrf_token": token, "password": "no"}, timeout=30
                ).status_code
            )

    begun = threading.Barrier(6)
    threads = [threading.Thread(target=log_in) for _ in range(5)]
    for thread in threads:
        thread.start()
    begun.wait()
    time.sleep(0.15)
    server.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert server.process.wait(timeout=30) == 0
    assert statuses == [403] * 5
    assert server.process.stdout is not None
    server.process.stdout.close()
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
