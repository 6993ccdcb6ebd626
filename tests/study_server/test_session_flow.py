"""One judgment per trial, whatever is pressed, resent or reloaded; and on from where they stopped."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update

from study_server.study import Study
from study_server.tables import Judgment, StudySession, Trial
from tests.study_server.listener import FACTS, Participant


def list_judgments(study: Study) -> list[Judgment]:
    """Return the stored judgments in the order of their trials."""
    with study.store.read() as db:
        return list(db.scalars(select(Judgment).join(Trial).order_by(Trial.trial_index)))


def test_a_session_leads_from_welcome_to_a_score(participant: Participant, study: Study) -> None:
    participant.finish()
    assert participant.path == "/thanks"
    assert "4 of 8 right" in participant.text  # four clips were human, and all were called so
    assert len(list_judgments(study)) == 8


def test_consent_shows_the_code_that_the_end_shows_again(participant: Participant) -> None:
    at_consent = participant.send().codes
    at_the_end = participant.finish_from_consent().codes
    assert at_consent[0] in at_the_end
    assert "Prof. Oak's assistant" in participant.open("/withdraw").text


def test_who_does_not_agree_does_not_go_on(participant: Participant) -> None:
    assert participant.send().send({}).path == "/consent"


def test_an_answer_is_stored_as_it_was_given(participant: Participant, study: Study) -> None:
    participant.begin().answer("computer", 2, knows_tune="1", stalls="3")
    (judgment,) = list_judgments(study)
    assert (judgment.judged_human, judgment.confidence, judgment.knows_tune) == (False, 2, True)
    assert (judgment.heard_s, judgment.n_plays, judgment.stalls) == (6.0, 1, 3)
    assert (judgment.answer_time_s, judgment.hidden_count) == (7.5, 0)
    assert judgment.judged_at.endswith("Z")


def test_an_answer_without_javascript_is_stored_without_playback_facts(
    participant: Participant, study: Study
) -> None:
    participant.begin().send({"answer": "human", "confidence": "1"})
    assert list_judgments(study)[0].heard_s is None


def test_a_resent_or_late_answer_changes_nothing(participant: Participant, study: Study) -> None:
    participant.begin()
    first = participant.path
    participant.answer("human", 4)
    second = participant.path
    participant.send({"answer": "computer", "confidence": "1", **FACTS}, path=first)
    assert participant.path == second
    assert [(j.judged_human, j.confidence) for j in list_judgments(study)] == [(True, 4)]


def test_the_same_answer_sent_many_times_at_once_is_one_judgment(app: Flask, study: Study) -> None:
    participant = Participant(app).begin()
    token = str(participant.form.select_one("[name=csrf_token]")["value"])  # type: ignore[index]
    cookie = participant.client.get_cookie("study")
    assert cookie is not None

    def send(_: int) -> int:
        client = app.test_client()
        client.set_cookie("study", cookie.value)
        data = {"answer": "human", "confidence": "1", "csrf_token": token}
        return client.post(participant.path, data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(24))) == {303}
    assert len(list_judgments(study)) == 1


def test_going_back_and_reloading_lead_to_the_first_unanswered_trial(participant: Participant) -> None:
    participant.begin()
    first = participant.path
    second = participant.answer().path
    for old in (first, "/", "/consent", "/volume", "/thanks", second):
        assert participant.open(old).path == second


def test_a_trial_that_was_not_shown_cannot_be_answered(participant: Participant, study: Study) -> None:
    participant.begin()
    with study.store.read() as db:
        later = db.scalars(select(Trial).where(Trial.trial_index == 5)).one()
    shown = participant.path
    participant.send({"answer": "human", "confidence": "1"}, path=f"/trial/{later.trial_id}")
    assert participant.path == shown
    assert list_judgments(study) == []


def test_another_participants_trial_cannot_be_answered(app: Flask, study: Study) -> None:
    one, other = Participant(app).begin(), Participant(app).begin()
    other.send({"answer": "human", "confidence": "1"}, path=one.path)
    assert list_judgments(study) == []


def test_a_participant_goes_on_after_the_server_restarts(participant: Participant, study: Study) -> None:
    from study_server.app import create_app

    place = participant.begin().answer().path
    cookie = participant.client.get_cookie("study")
    assert cookie is not None
    study.store.close()
    again = Participant(create_app(study.config))
    again.client.set_cookie("study", cookie.value)
    assert again.open("/").path == place
    again.client.application.extensions["study"].store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": "martian", "confidence": "1"},
        {"answer": "human"},
        {"answer": "human", "confidence": "5"},
        {"answer": "human", "confidence": "0"},
        {"answer": "human", "confidence": "1", "heard_s": "nan"},
        {"answer": "human", "confidence": "1", "heard_s": "-1"},
        {"answer": "human", "confidence": "1", "n_plays": "1e99"},
    ],
)
def test_an_impossible_answer_is_refused_and_the_trial_stays(
    participant: Participant, study: Study, wrong: dict[str, str]
) -> None:
    place = participant.begin().path
    participant.send(wrong)
    assert participant.reply.status_code == 400
    assert "Choose who composed it" in participant.text
    assert list_judgments(study) == []
    assert participant.open("/").path == place


def test_an_impossible_answer_to_an_old_trial_leads_on(participant: Participant) -> None:
    first = participant.begin().path
    second = participant.answer().path
    assert participant.send({"answer": "martian"}, path=first).path == second


def test_a_script_is_told_where_to_go_on(participant: Participant) -> None:
    participant.begin()
    token = str(participant.form.select_one("[name=csrf_token]")["value"])  # type: ignore[index]
    data = {"answer": "human", "confidence": "1", "csrf_token": token}
    reply = participant.client.post(participant.path, data=data, headers={"Accept": "application/json"})
    assert reply.json is not None
    assert participant.open("/").path == reply.json["next"]


def test_a_session_of_a_protocol_that_has_gone_is_told_so(participant: Participant, study: Study) -> None:
    participant.begin()
    with study.store.write() as db:
        db.execute(update(StudySession).values(protocol_sha256=None))
    assert participant.open("/").path == "/changed"
    assert participant.codes


def test_somebody_else_can_take_part_on_the_same_device(participant: Participant, study: Study) -> None:
    participant.finish().send()
    assert participant.path == "/"
    assert participant.finish().path == "/thanks"
    with study.store.read() as db:
        assert len(db.scalars(select(StudySession)).all()) == 2


def test_leaving_in_the_middle_leads_back(participant: Participant) -> None:
    place = participant.begin().path
    assert participant.send(path="/leave").path == place


def test_who_has_no_session_is_led_to_the_welcome_page(app: Flask) -> None:
    for path in ("/consent", "/volume", "/thanks", "/changed", "/trial/0"):
        assert Participant(app).open(path).path == "/"
