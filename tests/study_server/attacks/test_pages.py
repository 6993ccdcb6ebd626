"""Pages: what people type stays text, nobody can frame, sniff, cache or follow a page, and no fault talks."""

import logging
import re

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from study_server.app import create_app
from study_server.study import Study
from study_server.tables import StudySession, Unblinding
from tests.study_server.attacks.conftest import PASSWORD, Victim
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

PERSONAL = (
    "/",
    "/consent",
    "/volume",
    "/withdraw",
    "/thanks",
    "/researcher",
    "/researcher/login",
    "/nothing",
)
MARKUP = {
    "a script": "<script>alert(1)</script>",
    "an attribute": '"><img src=x onerror=alert(1)>',
    "a single quote": "'><svg/onload=alert(1)>",
    "a script's address": "javascript:alert(1)//",
    "an entity": "&lt;b&gt;&#60;script&#62;",
    "a template": "{{1234567*7}}{% for x in config %}{{x}}{% endfor %}${1234567*7}<%= 1234567*7 %>",
    "a comment": "--><script>alert(1)</script><!--",
    "text that turns round": "\u202e<script>\u202d",
}


def require_text_only(reply_text: str, typed: str) -> None:
    """Fail where what was typed stands on a page as anything but text."""
    assert typed not in reply_text or not re.search(r"[<>\"']", typed)
    assert not re.search(r"<(script(?! type=\"module\" src=)|img|svg/|b>)|onerror=alert\(1\)>", reply_text)
    assert "8641969" not in reply_text


@pytest.mark.parametrize("kind", MARKUP)
def test_what_is_typed_as_a_code_comes_back_as_text(kind: str, stranger: Participant) -> None:
    stranger.open("/withdraw").send({"code": MARKUP[kind]})
    require_text_only(stranger.reply.text, MARKUP[kind])


@pytest.mark.parametrize("kind", MARKUP)
def test_what_stands_in_an_address_comes_back_nowhere(kind: str, attacked: Flask) -> None:
    visitor = attacked.test_client()
    for path in ("/nothing/", "/trial/", "/audio/", "/researcher/"):
        reply = visitor.get(path + MARKUP[kind].replace("/", "%2f"), query_string={"q": MARKUP[kind]})
        assert "alert(1)" not in reply.text
        assert "1234567*7" not in reply.text


@pytest.mark.parametrize("kind", MARKUP)
def test_a_stored_reason_stays_text_on_the_researchers_page(
    kind: str, attacked: Flask, target: Study
) -> None:
    with target.store.write() as db:
        db.add(Unblinding(study_version="1", n_finished=0, reason=MARKUP[kind]))
    desk = Participant(attacked).open("/researcher").send({"password": PASSWORD})
    assert "Early looks" in desk.text
    require_text_only(desk.reply.text, MARKUP[kind])


def test_a_studys_own_words_stay_text(target: Study) -> None:
    words = {"version": "2", "title": MARKUP["a script"], "recruitment": {"contact": MARKUP["an attribute"]}}
    app = create_app(make_config(target.config.folders.root, **words))
    visitor = Participant(app)
    for path in ("/", "/withdraw", "/researcher/login"):
        require_text_only(visitor.open(path).reply.text, MARKUP["a script"])
    require_text_only(visitor.open("/").send().reply.text, MARKUP["an attribute"])
    app.extensions["study"].store.close()


SQL = (
    "' OR '1'='1",
    "'; DROP TABLE sessions; --",
    '" OR ""="',
    "1 UNION SELECT session_id FROM sessions",
    "%",
    "_",
    "\\",
)


@pytest.mark.parametrize("text", SQL)
def test_no_field_reaches_the_database_as_sql(
    text: str, victim: Victim, target: Study, stranger: Participant
) -> None:
    stranger.open("/withdraw").send({"code": text})
    assert stranger.reply.status_code == 404
    stranger.begin().answer(text, knows_tune=text, heard_s=text)
    assert stranger.client.get(f"/audio/{text}.mp3").status_code == 404
    stranger.client.set_cookie("study", text)
    assert stranger.open(f"/trial/{text}").path == "/"
    with target.store.read() as db:
        assert db.get(StudySession, victim.session_id) is not None


@pytest.mark.parametrize("path", PERSONAL)
def test_no_page_is_kept_by_a_cache(path: str, victim: Victim) -> None:
    reply = victim.participant.client.get(path)
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/thanks/x.css", "/researcher/a.js", "/withdraw;.css", "/consent%2f.png", "/researcher.css"]
)
def test_no_page_passes_for_a_file_that_caches_keep(path: str, victim: Victim) -> None:
    reply = victim.participant.client.get(path)
    assert reply.status_code == 404
    assert "public" not in reply.headers["Cache-Control"]


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-Scheme", "X-Forwarded-Port", "X-Original-URL", "Accept-Encoding", "Origin", "Referer"],
)
def test_no_unkeyed_header_changes_a_page(name: str, attacked: Flask) -> None:
    def read(headers: dict[str, str]) -> str:
        return re.sub(r'value="[^"]+"', "", attacked.test_client().get("/", headers=headers).text)

    assert read({name: "evil.example"}) == read({})


def test_audio_is_kept_by_nobody_but_its_listener(victim: Victim) -> None:
    reply = victim.participant.client.get(victim.participant.open("/").sound)
    assert "private" in reply.headers["Cache-Control"]


def test_static_files_may_be_kept_for_good_and_are_nobodys(attacked: Flask) -> None:
    with attacked.test_client().get(f"{attacked.static_url_path}/study.css") as reply:
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in reply.headers
    with attacked.test_client().get(f"{attacked.static_url_path}/nothing.css") as reply:
        assert reply.headers["Cache-Control"] == "no-store"


CLAIMS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_page_and_fault_has(name: str, victim: Victim) -> None:
    for path in (*PERSONAL, victim.participant.open("/").sound, "/healthz"):
        assert CLAIMS[name] in victim.participant.client.get(path).headers[name], path


def test_no_page_allows_a_script_or_style_inside_it(victim: Victim) -> None:
    for path in PERSONAL:
        policy = victim.participant.client.get(path).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "*" not in policy
        assert "default-src 'none'" in policy


def test_no_page_lets_another_origin_read_it(attacked: Flask) -> None:
    reply = attacked.test_client().get("/", headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in reply.headers if name.lower().startswith("access-control")]


def test_every_link_that_leaves_the_study_tells_nobody_where_from(victim: Victim) -> None:
    for path in PERSONAL:
        for link in victim.participant.open(path).page.select("a[href^=http]"):
            assert "noreferrer" in link.get("rel", ""), link


@pytest.fixture
def broken(attacked: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the app with a fault of ours in it that knows too much."""

    def fail(*_: object) -> None:
        raise RuntimeError("a fault with 0123456789abcdef0123456789abcdef and ABCD-EFGH-JKLM")

    monkeypatch.setattr("study_server.visitor.find_session", fail)
    return attacked


@pytest.mark.parametrize(
    "trick", ["", "?__debugger__=yes&cmd=resource&f=debugger.js", "?debug=1", "?XDEBUG_SESSION_START=1"]
)
def test_a_fault_shows_nothing_of_the_server(trick: str, broken: Flask) -> None:
    reply = broken.test_client().get(f"/withdraw{trick}")
    assert reply.status_code == 500
    assert "Something went wrong here" in reply.text
    for word in ("Traceback", "RuntimeError", "a fault with", "study_server", ".py", "werkzeug", "SECRET"):
        assert word not in reply.text


def test_a_failing_store_shows_nothing_of_the_database(
    attacked: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError(
            "SELECT secret FROM sessions", {"code": "ABCD"}, Exception("host=db user=study")
        )

    monkeypatch.setattr("study_server.visitor.find_session", fail)
    reply = attacked.test_client().get("/withdraw")
    assert reply.status_code == 503
    for word in ("SELECT", "sessions", "ABCD", "host=db", "sqlalchemy", "psycopg", "sqlite"):
        assert word not in reply.text


def test_no_secret_reaches_a_page_or_a_log(
    attacked: Flask, target: Study, victim: Victim, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {path.read_text().strip() for path in target.config.folders.secrets.iterdir()} | {PASSWORD}
    visitor = Participant(attacked).open("/researcher").send({"password": PASSWORD})
    seen = [visitor.reply.text, str(visitor.reply.headers), repr(target.password), repr(target)]
    for path in PERSONAL:
        seen += [victim.participant.open(path).reply.text, str(victim.participant.reply.headers)]
    seen.append(caplog.text)
    assert not [secret for secret in secrets for text in seen if secret in text]


def test_debugging_is_off_whatever_the_environment_says(
    target: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("FLASK_ENV", "development")
    app = create_app(target.config)
    assert not app.debug
    assert not app.testing
    app.extensions["study"].store.close()
