"""Forms: nobody else's page, token or content type makes a browser do something here."""

import secrets

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from study_server.preview import PREFIX
from study_server.study import Study
from study_server.tables import Judgment, StudySession, Unblinding
from tests.study_server.attacks.conftest import Victim
from tests.study_server.attacks.routes import list_paths
from tests.study_server.listener import Participant


def count_everything(study: Study) -> list[int]:
    with study.store.read() as db:
        return [db.query(table).count() for table in (StudySession, Judgment, Unblinding)]


def sign_with_another_key(_: Participant) -> str:
    return str(URLSafeTimedSerializer("another key", salt="wtf-csrf-token").dumps(secrets.token_hex(20)))


TOKENS = {
    "no token": lambda _: None,
    "an empty token": lambda _: "",
    "a made-up token": lambda _: "a" * 40,
    "another visitor's token": lambda other: str(other.form.select_one("[name=csrf_token]")["value"]),
    "an edited token": lambda other: str(other.form.select_one("[name=csrf_token]")["value"])[:-4] + "AAAA",
    "a token signed with another key": sign_with_another_key,
}


@pytest.mark.parametrize("kind", TOKENS)
def test_no_form_works_with(kind: str, attacked: Flask, target: Study, victim: Victim) -> None:
    token = TOKENS[kind](Participant(attacked).open("/withdraw"))
    fields = {"agrees": "1", "answer": "human", "confidence": "1", "code": victim.withdrawal_code}
    before = count_everything(target)
    for path in list_paths(attacked, "POST"):
        data = fields if token is None else fields | {"csrf_token": token}
        reply = victim.participant.client.post(path, data=data)
        if path.startswith(PREFIX):  # the preview has tokens of its own, behind the login
            assert (path, reply.status_code, reply.location) == (path, 303, "/researcher/login")
            continue
        assert (path, reply.status_code) == (path, 400)
        assert "out of date" in reply.text
    assert count_everything(target) == before


KINDS = {
    "application/json": 415,
    "text/plain": 415,
    "application/xml": 415,
    "multipart/form-data; boundary=x": 415,
    "application/x-www-form-urlencoded; charset=utf-7": 400,
    "": 400,
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_form_works_without_a_token_whatever_it_calls_itself(
    kind: str, attacked: Flask, victim: Victim
) -> None:
    body = b'{"code": "' + victim.withdrawal_code.encode() + b'", "csrf_token": ""}'
    for path in list_paths(attacked, "POST"):
        reply = victim.participant.client.post(path, data=body, content_type=kind)
        is_preview = path.startswith(PREFIX)  # behind the login, with tokens of its own
        expected = 303 if is_preview and KINDS[kind] == 400 else KINDS[kind]
        assert (path, reply.status_code) == (path, expected)


def test_a_part_without_a_name_breaks_nothing(victim: Victim) -> None:
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    reply = victim.participant.client.post("/", data=body, content_type="multipart/form-data; boundary=x")
    assert reply.status_code == 415


def test_a_token_in_the_address_is_worth_nothing(victim: Victim) -> None:
    token = str(victim.participant.form.select_one("[name=csrf_token]")["value"])  # type: ignore[index]
    reply = victim.participant.client.post(
        f"/withdraw?csrf_token={token}", data={"code": victim.withdrawal_code}
    )
    assert reply.status_code == 400


def test_a_link_changes_nothing(attacked: Flask, target: Study, victim: Victim) -> None:
    before = count_everything(target)
    for path in list_paths(attacked, "POST"):
        query = f"?agrees=1&answer=human&confidence=1&code={victim.withdrawal_code}"
        reply = victim.participant.client.get(path + query)
        assert reply.status_code < 500
    assert count_everything(target) == before


def test_every_form_that_changes_something_is_a_post(attacked: Flask) -> None:
    for rule in attacked.url_map.iter_rules():
        methods = set(rule.methods or ()) - {"HEAD", "OPTIONS"}
        assert methods in ({"GET"}, {"POST"}), rule


def test_a_form_has_no_field_that_the_server_would_take_as_an_id_or_a_time(
    stranger: Participant, target: Study
) -> None:
    stranger.begin()
    planted = {
        "judged_at": "1999-01-01",
        "trial_index": "7",
        "is_simulated": "1",
        "session_id": "x",
        "participant_id": "y",
    }
    stranger.answer(**planted)
    with stranger.client.session_transaction() as cookie, target.store.read() as db:
        found = db.get_one(StudySession, cookie["session_id"])
        first = found.trials[0].judgment
        assert first is not None
        assert first.judged_at.startswith("20")
        assert not found.is_simulated
        assert found.participant_id != "y"


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": "alien"},
        {"confidence": "0"},
        {"confidence": "99"},
        {"confidence": "-1"},
        {"confidence": "1e9"},
        {"confidence": "9" * 400},
        {"heard_s": "nan"},
        {"heard_s": "inf"},
        {"heard_s": "-5"},
        {"n_plays": "1" * 30},
        {"n_plays": "1;DROP TABLE judgments"},
        {"answer_time_s": "١٢٣" * 50},
        {"stalls": "\x00"},
    ],
    ids=lambda wrong: " ".join(f"{k}={v[:12]!r}" for k, v in wrong.items()),
)
def test_an_impossible_answer_is_not_stored(wrong: dict[str, str], victim: Victim, target: Study) -> None:
    before = count_everything(target)
    victim.participant.open("/").answer(**wrong)
    assert victim.participant.reply.status_code < 500
    assert count_everything(target) == before
