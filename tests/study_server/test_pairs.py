"""A study of pairs: two clips a page, one answer, two judgments at once, a score in pairs."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.config import Config
from study_server.pairs import judge_pair
from study_server.places import count_taken, recount
from study_server.protocol import rebuild_draw
from study_server.services import Answer
from study_server.study import Study
from study_server.tables import Judgment, PracticeTrial, Protocol, StudySession, Trial
from tests.study_server.databases import BOTH
from tests.study_server.listener import FACTS, Participant
from tests.study_server.made_study import make_config

SECOND_FACTS = {f"second_{name}": value for name, value in FACTS.items()} | {"second_heard_s": "3.5"}


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study of four pairs with a pause after two, and a practice pair."""
    trials = {"paradigm": "two_afc", "break_after": 2}
    return make_config(data_folder, trials=trials, practice={"trials": 1})


@pytest.fixture
def paired(app: Flask) -> Participant:
    """Return somebody at the first pair."""
    return Participant(app).begin().answer("first").send()


def list_judgments(study: Study) -> list[Judgment]:
    """Return the judgments in the order of the trials."""
    with study.store.read() as db:
        return list(db.scalars(select(Judgment).join(Trial).order_by(Trial.trial_index)))


def is_first_human(study: Study, tokens: list[str]) -> bool:
    """Tell whether the first of two sounds is the human one; exactly one of them is."""
    with study.store.read() as db:
        rows = [
            db.scalars(
                select(table.stimulus_id).where(table.audio_token == token.split("/")[-1][:32])
            ).first()
            for token in tokens
            for table in (Trial, PracticeTrial)
        ]
    first, second = (study.protocol.by_id[row].is_human for row in rows if row is not None)
    assert first != second
    return first


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_a_pair_is_stored_as_two_judgments_and_sent_again_it_changes_nothing(
    paired: Participant, study: Study
) -> None:
    here = paired.path
    paired.answer("second", 4, **SECOND_FACTS, knows_tune="1")
    paired.send({"answer": "first", "confidence": "1", **FACTS}, path=here)
    assert "Pair 2 of 4" in paired.text
    first, second = list_judgments(study)
    assert [first.judged_human, second.judged_human] == [False, True]
    assert [first.heard_s, second.heard_s] == [6.0, 3.5]
    assert [first.knows_tune, second.knows_tune] == [True, True]
    assert {first.confidence, second.confidence} == {4}
    assert {first.rating, second.rating} == {None}
    with study.store.read() as db:
        assert count_taken(db) == recount(db)


def test_a_script_gets_the_next_pair_along_with_the_acknowledgment(paired: Participant) -> None:
    fields = {"answer": "first", "confidence": "2", "csrf_token": str(paired.form.input["value"])}  # type: ignore[index]
    reply = paired.client.post(paired.path, data=fields, headers={"Accept": "application/json"})
    assert reply.json["next"].startswith("/trial/")
    assert "Pair 2 of 4" in reply.json["page"]


@pytest.mark.parametrize(
    "wrong", [{"answer": "human"}, {"answer": ""}, {"confidence": "5"}, {"second_heard_s": "-1"}]
)
def test_half_an_answer_or_an_impossible_one_is_refused_and_nothing_is_stored(
    paired: Participant, study: Study, wrong: dict[str, str]
) -> None:
    paired.send({"answer": "first", "confidence": "2", **wrong})
    assert paired.reply.status_code == 400
    assert "Choose A or B and how sure you are." in paired.text
    assert list_judgments(study) == []


def test_a_page_can_have_the_sounds_of_its_pair_and_the_next_and_no_later_ones(
    paired: Participant, study: Study
) -> None:
    with study.store.read() as db:
        tokens = list(db.scalars(select(Trial.audio_token).order_by(Trial.trial_index)))
    codes = [paired.client.get(f"/audio/{token}.mp3").status_code for token in tokens]
    assert codes == [200] * 4 + [404] * 4
    assert [sound.split("/")[-1] for sound in paired.sounds] == [f"{token}.mp3" for token in tokens[:2]]


def test_the_practice_tells_which_one_was_human_and_the_pause_and_the_score_count_pairs(
    app: Flask, study: Study
) -> None:
    participant = Participant(app).begin()
    assert "Practice pair 1 of 1" in participant.text
    right = is_first_human(study, participant.sounds)
    participant.answer("first")
    assert f"A human composed clip {'A' if right else 'B'}" in participant.text
    assert ("You were right." in participant.text) is right
    assert "From now on it counts: 4 pairs" in participant.text
    participant.send()
    n_right = 0
    for number in range(1, 5):
        if number == 3:
            assert "You have answered 2 of 4 pairs" in participant.text
            participant.send()
        assert f"Pair {number} of 4" in participant.text
        n_right += is_first_human(study, participant.sounds)
        participant.answer("first")
    assert f"{n_right} of 4 right" in participant.text
    marks = [line["class"] for line in participant.page.select(".reveal > li")]
    assert len(marks) == 4
    assert marks.count(["is-right"]) == n_right
    assert participant.text.count("You said: A") == 4 - n_right


def test_the_sides_of_every_pair_can_be_rebuilt_from_what_is_stored(
    paired: Participant, study: Study
) -> None:
    paired.answer()
    with study.store.read() as db:
        session, protocol = db.scalars(select(StudySession)).one(), db.scalars(select(Protocol)).one()
        drawn = [(trial.stimulus_id, trial.kind) for trial in rebuild_draw(protocol, session)]
        assert drawn == [(trial.stimulus_id, trial.trial_kind) for trial in session.trials]


def test_who_comes_back_after_their_places_were_given_to_others_takes_them_again(
    paired: Participant, study: Study
) -> None:
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at="2020-01-01T00:00:00.000Z"))
    Participant(paired.client.application).begin().answer().send()  # a draw gives lapsed places back
    paired.answer()
    with study.store.read() as db:
        assert all(db.scalars(select(StudySession.holds_places)))
        assert count_taken(db) == recount(db)
    assert len(list_judgments(study)) == 2


def test_an_answer_to_no_session_or_to_a_later_pair_changes_nothing(
    paired: Participant, study: Study
) -> None:
    with study.store.read() as db:
        session = db.scalars(select(StudySession)).one()
        later = session.trials[2].trial_id
    answers = (Answer(judged_human=True, knows_tune=False), Answer(judged_human=False, knows_tune=False))
    judge_pair(study.store, "nobody", later, answers)
    judge_pair(study.store, session.session_id, later, answers)
    assert list_judgments(study) == []
    assert paired.open("/").path.startswith("/trial/")
