"""Paths, hosts and methods: no way out of the study's own addresses, and no way to another site."""

import pytest
from flask import Flask

from study_core.folders import DataFolders
from study_server.app import create_app
from study_server.study import Study
from tests.study_server.attacks.conftest import Victim
from tests.study_server.attacks.routes import list_paths
from tests.study_server.attacks.wire import Wire
from tests.study_server.made_study import make_config

UPWARDS = {
    "plain": "../../../../{}",
    "encoded": "%2e%2e%2f%2e%2e%2f%2e%2e%2f{}",
    "encoded twice": "%252e%252e%252f%252e%252e%252f{}",
    "with backslashes": "..\\..\\..\\{}",
    "with encoded backslashes": "..%5c..%5c..%5c{}",
    "with a null byte": "..%2f..%2f{}%00.mp3",
    "in overlong UTF-8": "%c0%ae%c0%ae%c0%af{}",
    "with dots and slashes to strip": "....//....//{}",
    "absolute": "/{}",
    "with a semicolon": "..;/..;/{}",
    "as a file address": "file:///{}",
    "with a tilde": "~root/{}",
}
PLACES = ("/static/", "/audio/", "/trial/", "/researcher/", "/")
FILES = ("etc/passwd", "secrets/cookie", "study.sqlite3", "stimuli/stimuli.csv", "app.py")


def read_secrets(folders: DataFolders) -> list[bytes]:
    return [path.read_bytes().strip() for path in folders.secrets.iterdir()]


@pytest.mark.parametrize("way", UPWARDS)
def test_no_file_can_be_had_by_a_way_upwards(way: str, wire: Wire, target: Study, attacked: Flask) -> None:
    leaks = [
        b"root:x:0",
        b"SQLite format",
        b"stimulus_id,",
        b"create_app",
        *read_secrets(target.config.folders),
    ]
    static = attacked.static_url_path or ""
    for place in (*PLACES, f"{static}/"):
        for file in FILES:
            answer = wire.get(place + UPWARDS[way].format(file))
            assert 300 <= answer.status < 500, (place, file, answer.head)
            assert not [leak for leak in leaks if leak in answer.raw]


@pytest.mark.parametrize(
    "path",
    [
        "/secrets/cookie",
        "/data/study.sqlite3",
        "/.env",
        "/.git/config",
        "/config.yaml",
        "/stimuli/stimuli.csv",
        "/console",
        "/debug",
        "/server-status",
        "/metrics",
    ],
)
def test_nothing_lies_about(path: str, wire: Wire) -> None:
    assert wire.get(path).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/%ff%fe",
        "/trial/%00",
        "/" + "a" * 8000,
        "/trial/" + "%41" * 2000,
        "/?" + "&a=1" * 3000,
        "/audio/.mp3",
        "/audio/%0a.mp3",
        "/é".encode(),
        b"/\xff\xfe",
        "*",
        "?",
        "/%",
    ],
)
def test_a_senseless_path_breaks_nothing(path: str | bytes, wire: Wire) -> None:
    answer = wire.get(path)
    assert answer.status in {200, 303, 400, 404, 414, 431}
    assert b"Traceback" not in answer.raw


ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "/%5cevil.example",
    "///evil.example/%2e%2e",
    "/researcher//evil.example",
    "//evil.example/researcher",
    "/?next=https://evil.example",
    "/researcher/login?next=//evil.example",
    "/researcher?url=https://evil.example",
    "https://evil.example/",
    "/%0d%0aLocation:%20https://evil.example",
    "/@evil.example",
    "/.evil.example",
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_address_of_the_study_leads_to_another_site(path: str, wire: Wire) -> None:
    head = wire.get(path).head
    for line in head.split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() in {"location", "refresh", "link", "content-location"}:
            assert value.startswith("/"), head
            assert not value.startswith(("//", "/\\")), head


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "X-Forwarded-Host",
        "X-Host",
        "Forwarded",
        "X-Original-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
    ],
)
def test_a_false_host_comes_back_nowhere(name: str, wire: Wire) -> None:
    value = "for=evil.example;host=evil.example" if name == "Forwarded" else "evil.example"
    for path in ("/", "/researcher", "/consent", "/nothing", "/researcher/login"):
        host = value if name == "Host" else "localhost"
        answer = wire.get(path, *([] if name == "Host" else [f"{name}: {value}"]), host=host)
        assert b"evil.example" not in answer.raw
        assert b"https://" not in answer.raw.replace(b"https://github.com", b"")


@pytest.mark.parametrize(
    "host", ["evil.example", "study.example.org.evil.example", "a@b", "study.example.org:x", ""]
)
def test_a_study_with_a_public_address_answers_under_no_other(host: str, target: Study) -> None:
    app = create_app(
        make_config(target.config.folders.root, server={"public_url": "https://study.example.org"})
    )
    for path in ("/", "/researcher/login", "/nothing"):
        reply = app.test_client().get(path, headers={"Host": host})
        assert reply.status_code == 400
        assert "evil" not in reply.text
    assert app.test_client().get("/", headers={"Host": "study.example.org"}).status_code == 200
    app.extensions["study"].store.close()


METHODS = ("TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "PROPFIND", "FOO", "get")


@pytest.mark.parametrize("method", METHODS)
def test_no_other_method_does_anything(method: str, wire: Wire, attacked: Flask, victim: Victim) -> None:
    for path in {*list_paths(attacked), *list_paths(attacked, "POST")}:
        answer = wire.get(path, "X-Probe: echo-me", method=method)
        assert answer.status in {400, 404, 405, 501}, (method, path)
        assert b"echo-me" not in answer.raw
    assert victim.participant.open("/").path.startswith("/trial/")


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
def test_a_get_cannot_be_turned_into_a_post(header: str, wire: Wire) -> None:
    assert wire.get("/researcher/logout", f"{header}: POST").status == 405
    assert wire.get("/leave?_method=POST", f"{header}: POST").status == 405


def test_a_head_request_gets_headers_only(wire: Wire) -> None:
    answer = wire.get("/", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
