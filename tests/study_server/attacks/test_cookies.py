"""Cookies: none can be made, changed, kept for ever, planted before a login or used after its end."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from study_server import login
from study_server.app import create_app
from study_server.study import Study
from study_server.tables import ResearcherLogin
from tests.study_server.attacks.conftest import PASSWORD, Victim
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


def get_cookie(participant: Participant) -> str:
    cookie = participant.client.get_cookie("study")
    assert cookie is not None
    return cookie.value


def open_with(app: Flask, cookie: str, path: str = "/") -> Participant:
    """Open a page with a cookie of one's own making."""
    other = Participant(app)
    other.client.set_cookie("study", cookie)
    return other.open(path)


def sign(app: Flask, content: dict[str, object], *, key: str = "", salt: str = "cookie-session") -> str:
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    forged = URLSafeTimedSerializer(
        key or app.secret_key,  # type: ignore[arg-type]
        salt=salt,
        serializer=serializer.serializer,
        signer_kwargs={"key_derivation": "hmac"},
    )
    return str(forged.dumps(content))


def plain(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


FORGERIES = {
    "without a signature": lambda _, own: plain(own),
    "with an empty signature": lambda _, own: plain(own) + "..",
    "with another key": lambda app, own: sign(app, own, key="guessed"),
    "with an empty key": lambda app, own: sign(app, own, key=" "),
    "under another salt": lambda app, own: sign(app, own, salt="wtf-csrf-token"),
    "with another content under a true signature": lambda app, own: (
        plain(own) + "." + sign(app, {"session_id": "x"}).split(".", 1)[1]
    ),
    "in capitals": lambda app, own: sign(app, own).upper(),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_nobody_becomes_somebody_with_a_cookie(kind: str, attacked: Flask, victim: Victim) -> None:
    forged = FORGERIES[kind](attacked, {"session_id": victim.session_id, "_permanent": True})
    assert open_with(attacked, forged).path == "/"


@pytest.mark.parametrize("junk", ["", ".", "..", "a.b.c", "\x7f" * 20, "%00", "e30.", "=" * 300, "9" * 3500])
def test_a_cookie_of_junk_is_no_cookie(junk: str, attacked: Flask) -> None:
    visitor = open_with(attacked, junk)
    assert (visitor.path, visitor.reply.status_code) == ("/", 200)


@pytest.mark.parametrize(
    "content",
    [{"session_id": ["x"]}, {"session_id": 7}, {"login": ["x"], "known": 1}],
)
def test_even_a_signed_cookie_of_another_shape_breaks_nothing(
    content: dict[str, object], attacked: Flask
) -> None:
    for path in ("/", "/researcher", "/withdraw"):
        assert open_with(attacked, sign(attacked, content), path).reply.status_code == 200


def test_a_cookie_ends_after_its_days(attacked: Flask, victim: Victim) -> None:
    cookie = get_cookie(victim.participant)
    assert open_with(attacked, cookie).path != "/"
    with patch("itsdangerous.timed.time.time", return_value=time.time() + 31 * 24 * 3600):
        assert open_with(attacked, cookie).path == "/"


def test_a_cookie_of_who_withdrew_opens_nothing(attacked: Flask) -> None:
    leaver = Participant(attacked).begin()
    cookie = get_cookie(leaver)
    leaver.withdraw()
    assert open_with(attacked, cookie).path == "/"


def test_a_login_that_was_closed_cannot_be_replayed(attacked: Flask) -> None:
    desk = Participant(attacked).open("/researcher").send({"password": PASSWORD})
    cookie = get_cookie(desk)
    assert open_with(attacked, cookie, "/researcher").path == "/researcher"
    desk.send()
    assert open_with(attacked, cookie, "/researcher").path == "/researcher/login"


def test_a_login_ends_after_half_a_day(attacked: Flask, target: Study) -> None:
    desk = Participant(attacked).open("/researcher").send({"password": PASSWORD})
    old = (datetime.now(UTC) - timedelta(hours=login.LOGIN_HOURS, minutes=1)).isoformat()
    with target.store.write() as db:
        db.query(ResearcherLogin).update({"opened_at": old})
    assert desk.open("/researcher").path == "/researcher/login"


def test_the_store_holds_no_login_that_could_be_used(attacked: Flask, target: Study) -> None:
    desk = Participant(attacked).open("/researcher").send({"password": PASSWORD})
    with desk.client.session_transaction() as cookie, target.store.read() as db:
        assert db.get(ResearcherLogin, cookie["login"]) is None
        assert db.query(ResearcherLogin).count() >= 1


def test_a_planted_cookie_gains_nothing_from_the_login_that_follows(attacked: Flask) -> None:
    attacker = Participant(attacked).open("/researcher")
    planted = get_cookie(attacker)
    token = attacker.form.select_one("[name=csrf_token]")["value"]  # type: ignore[index]
    desk = open_with(attacked, planted, "/researcher").send({"password": PASSWORD})
    assert desk.path == "/researcher"
    assert open_with(attacked, planted, "/researcher").path == "/researcher/login"
    reply = desk.client.post("/researcher/logout", data={"csrf_token": token})
    assert reply.status_code == 400


def test_having_known_the_password_once_is_not_being_logged_in(attacked: Flask, target: Study) -> None:
    cookie = sign(attacked, {"known": target.password.badge})
    assert open_with(attacked, cookie, "/researcher").path == "/researcher/login"


def test_behind_tls_the_cookie_is_bound_to_the_host_and_sent_over_tls_only(target: Study) -> None:
    app = create_app(
        make_config(target.config.folders.root, server={"public_url": "https://study.example.org"})
    )
    reply = app.test_client().get("/", base_url="https://study.example.org")
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("__Host-study=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "max-age=31536000" in reply.headers["Strict-Transport-Security"]
    app.extensions["study"].store.close()
