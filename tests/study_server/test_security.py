"""What strangers try: forms without a token, false cookies, too much, other sites, other methods."""

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from study_server.security import HEADERS, PROOF_HEADER
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.listener import Participant

FORMS = (
    "/",
    "/consent",
    "/volume",
    "/trial/0",
    "/withdraw",
    "/leave",
    "/researcher/login",
    "/researcher/logout",
    "/researcher/data/data-set",
)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_is_refused(app: Flask, study: Study, path: str) -> None:
    reply = app.test_client().post(path, data={"agrees": "1", "answer": "human"})
    assert reply.status_code == 400
    assert "out of date" in reply.text
    with study.store.read() as db:
        assert db.query(StudySession).count() == 0


@pytest.mark.parametrize(
    "path", ["/", "/withdraw", "/researcher/login", "/volume.wav", "/healthz", "/readyz", "/no"]
)
def test_every_reply_has_the_security_headers(participant: Participant, path: str) -> None:
    with participant.client.get(path) as reply:
        assert {name: reply.headers[name] for name in HEADERS} == HEADERS
        assert "Cache-Control" in reply.headers


def test_pages_are_never_cached(participant: Participant) -> None:
    participant.begin()
    assert participant.reply.headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_or_style(participant: Participant) -> None:
    for _ in range(5):
        page = participant.page
        assert not page.select("style, [style], [onclick], script:not([src])")
        participant.send({"agrees": "1", "answer": "human", "confidence": "1"})


def test_the_cookie_is_signed_hidden_from_scripts_and_not_sent_by_other_sites(
    participant: Participant,
) -> None:
    participant.begin()
    cookie = participant.client.get_cookie("study")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    participant.client.set_cookie("study", cookie.value[:-2] + "xx")
    assert participant.open("/").path == "/"
    assert "Begin" in participant.text


def test_a_false_proof_of_being_a_bot_is_refused(participant: Participant, study: Study) -> None:
    participant.headers = {PROOF_HEADER: "0" * 32}
    assert participant.send().reply.status_code == 403
    assert "not this study's" in participant.text
    with study.store.read() as db:
        assert db.query(StudySession).count() == 0


def test_only_who_proves_to_be_a_bot_is_stored_as_one(app: Flask, study: Study) -> None:
    Participant(app, is_simulated=True).send()
    Participant(app).send()
    with study.store.read() as db:
        assert sorted(found.is_simulated for found in db.query(StudySession)) == [False, True]


def test_a_huge_request_is_refused(participant: Participant) -> None:
    participant.begin().send({"answer": "human" * 20_000})
    assert participant.reply.status_code == 413
    assert "anything this large" in participant.text


def test_no_address_leads_to_another_site(participant: Participant) -> None:
    for path in ("//evil.example", "/\\evil.example", "/researcher//evil.example"):
        reply = participant.client.get(environ_overrides={"PATH_INFO": path})
        assert reply.headers.get("Location", "http://localhost/").startswith("http://localhost/")


def test_an_unknown_page_leads_back_to_the_study(participant: Participant) -> None:
    assert "There is no such page" in participant.open("/nothing").text


def test_a_store_that_fails_asks_the_participant_to_wait(
    participant: Participant, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    participant.begin()

    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr("study_server.services.judge", fail)
    app.testing = False
    participant.answer()
    assert participant.reply.status_code == 503
    assert "Everything you answered so far is kept" in participant.text
    assert participant.reply.headers["Retry-After"] == "10"


def test_a_fault_of_ours_shows_no_traceback(
    participant: Participant, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    participant.begin()
    monkeypatch.setattr("study_server.services.judge", lambda *_: 1 / 0)
    app.testing = False
    participant.answer()
    assert participant.reply.status_code == 500
    assert "Something went wrong here" in participant.text
    assert "Traceback" not in participant.reply.text
