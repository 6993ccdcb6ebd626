"""Guessing: what belongs to others is not shown, and wrong passwords and codes are slowed down."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from study_server.app import create_app
from study_server.study import Study
from study_server.tables import FailedTry, Judgment, StudySession
from study_server.throttle import KEPT_S, LOCKED_S, MOST_TRIES, MOST_TRIES_ANYWHERE, Throttle, find_network
from tests.study_server.attacks.conftest import PASSWORD, Victim, use_a_quick_hash
from tests.study_server.attacks.wire import Wire
from tests.study_server.listener import Participant

DOOR = "researcher.check_password"
WRONG = "wrong password"


def guess(visitor: Participant, n: int, password: str = WRONG) -> Participant:
    """Try a password some times."""
    for _ in range(n):
        visitor.open("/researcher/login").send({"password": password})
    return visitor


def test_anothers_trial_is_not_shown(victim: Victim, stranger: Participant) -> None:
    stranger.begin()
    own = stranger.path
    for trial_id in victim.trial_ids:
        stranger.open(f"/trial/{trial_id}")
        assert stranger.path == own


def test_anothers_trial_cannot_be_answered(victim: Victim, stranger: Participant, target: Study) -> None:
    stranger.begin()
    for trial_id in victim.trial_ids[1:]:
        stranger.open("/")
        stranger.send({"answer": "human", "confidence": "1"}, path=f"/trial/{trial_id}")
        with target.store.read() as db:
            assert db.get(Judgment, trial_id) is None


def test_ones_own_later_trial_cannot_be_answered_first(stranger: Participant, target: Study) -> None:
    stranger.begin()
    with stranger.client.session_transaction() as cookie, target.store.read() as db:
        later = [trial.trial_id for trial in db.get_one(StudySession, cookie["session_id"]).trials[1:]]
    for trial_id in later:
        stranger.send({"answer": "human", "confidence": "1"}, path=f"/trial/{trial_id}")
        with target.store.read() as db:
            assert db.get(Judgment, trial_id) is None


@pytest.mark.parametrize("kind", ["mp3", "opus"])
def test_anothers_audio_is_not_sent(kind: str, victim: Victim, attacked: Flask) -> None:
    for visitor in (attacked.test_client(), Participant(attacked).begin().client):
        for token in victim.audio_tokens:
            assert visitor.get(f"/audio/{token}.{kind}").status_code == 404


@pytest.mark.parametrize("token", ["0" * 32, "%", "%25", "_" * 32, "' OR '1'='1", "*", "null", "1"])
def test_a_guessed_audio_name_leads_nowhere(token: str, victim: Victim) -> None:
    assert victim.participant.client.get(f"/audio/{token}.mp3").status_code == 404


def test_nobody_sees_anothers_code(victim: Victim, stranger: Participant) -> None:
    for path in ("/thanks", "/withdraw", "/consent", "/changed", f"/thanks?session_id={victim.session_id}"):
        stranger.open(path)
        assert victim.withdrawal_code not in stranger.reply.text
        assert "Completion code" not in stranger.text


def test_nobody_gets_a_completion_code_before_the_end(victim: Victim) -> None:
    assert victim.participant.open("/thanks").path.startswith("/trial/")
    assert victim.participant.open("/").path.startswith("/trial/")


def test_no_header_logs_anybody_in(victim: Victim, attacked: Flask) -> None:
    headers = {
        "Authorization": f"Bearer {victim.session_id}",
        "X-Session-Id": victim.session_id,
        "X-Forwarded-User": "researcher",
        "X-Original-URL": "/researcher",
        "X-Rewrite-URL": "/researcher",
    }
    visitor = attacked.test_client()
    assert visitor.get(f"/?session_id={victim.session_id}", headers=headers).status_code == 200
    assert visitor.get("/researcher", headers=headers).headers["Location"] == "/researcher/login"


def test_withdrawal_codes_cannot_be_tried_through(
    victim: Victim, stranger: Participant, target: Study
) -> None:
    for _ in range(MOST_TRIES):
        stranger.open("/withdraw").send({"code": "AAAA-AAAA-AAAA"})
        assert stranger.reply.status_code == 404
    stranger.open("/withdraw").send({"code": victim.withdrawal_code})
    assert stranger.reply.status_code == 429
    with target.store.read() as db:
        assert db.get(StudySession, victim.session_id) is not None


@pytest.mark.parametrize("password", ["", " ", "correct hors", "CORRECT HORSE", "a" * 60_000])
def test_no_other_password_opens_the_researchers_page(password: str, stranger: Participant) -> None:
    assert guess(stranger, 1, password).reply.status_code == 403


@pytest.mark.parametrize("password", ["\x00", "correct horse\x00"])
def test_a_password_with_a_null_byte_is_no_request_at_all(password: str, stranger: Participant) -> None:
    assert guess(stranger, 1, password).reply.status_code == 400


def test_a_restart_does_not_forget_failed_tries(
    attacked: Flask, target: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(Participant(attacked), MOST_TRIES)
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", PASSWORD)
    again = create_app(target.config)
    use_a_quick_hash(again.extensions["study"].password)
    assert guess(Participant(again), 1, PASSWORD).reply.status_code == 429
    again.extensions["study"].store.close()


def test_a_false_forwarding_header_is_no_new_address(wire: Wire, target: Study) -> None:
    """Over the real server, which takes such headers from a trusted proxy only."""
    page = wire.get("/researcher/login")
    cookie = page.head.split("Set-Cookie: ")[1].split(";")[0]
    token = page.raw.decode().split('name="csrf_token" value="')[1].split('"')[0]
    statuses = []
    for index in range(MOST_TRIES + 1):
        headers = [f"Cookie: {cookie}", "Content-Type: application/x-www-form-urlencoded"]
        headers += [f"{name}: 198.51.100.{index}" for name in ("X-Forwarded-For", "X-Real-IP", "Client-IP")]
        headers += [f"Forwarded: for=198.51.100.{index}"]
        statuses.append(
            wire.post("/researcher/login", f"csrf_token={token}&password=no".encode(), *headers).status
        )
    assert statuses == [403] * MOST_TRIES + [429]
    assert target.throttle.is_locked(DOOR, "127.0.0.1")


@pytest.fixture
def throttle(target: Study) -> Throttle:
    """Return a throttle on a clock that stands still."""
    now = datetime(2031, 1, 1, tzinfo=UTC)
    return Throttle(target.store, target.throttle.key, lambda: now)


def later(throttle: Throttle, seconds: float) -> Throttle:
    now = throttle.clock() + timedelta(seconds=seconds)
    return Throttle(throttle.store, throttle.key, lambda: now)


def fail(throttle: Throttle, address: str, n: int = MOST_TRIES) -> None:
    for _ in range(n):
        throttle.record_failure(DOOR, address)


def test_an_address_waits_and_others_do_not(throttle: Throttle) -> None:
    fail(throttle, "198.51.100.1", MOST_TRIES - 1)
    assert not throttle.is_locked(DOOR, "198.51.100.1")
    fail(throttle, "198.51.100.1", 1)
    assert throttle.is_locked(DOOR, "198.51.100.1")
    assert not throttle.is_locked(DOOR, "198.51.100.2")
    assert not throttle.is_locked("debrief.delete_answers", "198.51.100.1")


def test_the_wait_ends_and_begins_again_with_the_next_failure(throttle: Throttle) -> None:
    fail(throttle, "198.51.100.1")
    after = later(throttle, LOCKED_S + 1)
    assert not after.is_locked(DOOR, "198.51.100.1")
    fail(after, "198.51.100.1", 1)
    assert after.is_locked(DOOR, "198.51.100.1")


def test_getting_in_forgets_the_failures(throttle: Throttle) -> None:
    fail(throttle, "198.51.100.1")
    throttle.forget(DOOR, "198.51.100.1")
    assert not throttle.is_locked(DOOR, "198.51.100.1")


def test_many_addresses_together_wait_and_a_known_browser_does_not(throttle: Throttle) -> None:
    for index in range(MOST_TRIES_ANYWHERE):
        throttle.record_failure(DOOR, f"198.51.{index // 250}.{index % 250}")
    assert throttle.is_locked(DOOR, "203.0.113.1")
    assert not throttle.is_locked(DOOR, "203.0.113.1", is_known=True)


def test_all_addresses_of_one_ipv6_network_are_one(throttle: Throttle) -> None:
    for index in range(MOST_TRIES):
        throttle.record_failure(DOOR, f"2001:db8::{index:x}")
    assert throttle.is_locked(DOOR, "2001:db8::ffff")
    assert not throttle.is_locked(DOOR, "2001:db8:0:1::1")
    assert find_network("::ffff:198.51.100.7") == "198.51.100.7"
    assert find_network("") == ""


def test_failed_tries_hold_no_address_and_go_after_a_quarter_of_an_hour(throttle: Throttle) -> None:
    fail(throttle, "198.51.100.1")
    with throttle.store.read() as db:
        rows = [(row.door, row.source_key, row.tried_at) for row in db.query(FailedTry)]
    assert len(rows) == 2 * MOST_TRIES
    assert "198.51.100.1" not in str(rows)
    fail(later(throttle, KEPT_S + 1), "203.0.113.9", 1)
    with throttle.store.read() as db:
        assert db.query(FailedTry).count() == 2
