"""Practice: told at once, stored apart, and with clips that no trial has."""

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.config import Config
from study_core.errors import StimulusError
from study_core.types import HUMAN
from study_server.aside import leave_out, set_aside
from study_server.playlist import find_cluster
from study_server.study import Study
from study_server.tables import Judgment, PracticeTrial, Trial
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config, make_stimulus


@pytest.fixture
def config(data_folder: object) -> Config:
    """Return a study with two practice clips and a pause after every third trial."""
    changes = {"practice": {"trials": 2}, "trials": {"break_after": 3}}
    return make_config(data_folder, **changes)  # type: ignore[arg-type]


def go_to_practice(app: Flask) -> Participant:
    return Participant(app).send().send({"agrees": "1"}).send()


def test_feedback_tells_who_composed_it_and_the_last_leads_to_the_trials(app: Flask, study: Study) -> None:
    participant = go_to_practice(app)
    for index in (1, 2):
        assert f"Practice clip {index} of 2" in participant.text
        participant.answer("human", 2)
        with study.store.read() as db:
            trial = db.scalars(select(PracticeTrial).where(PracticeTrial.trial_index == index)).one()
        is_human = study.protocol.by_id[trial.stimulus_id].system == HUMAN
        assert (trial.judged_human, trial.confidence) == (True, 2)
        assert f"A {'human' if is_human else 'computer'} composed this clip" in participant.text
        assert ("You were right." in participant.text) is is_human
        participant.send()
    assert participant.path.startswith("/trial/")
    with study.store.read() as db:
        assert db.scalars(select(Judgment)).all() == []


def test_a_practice_answer_counts_once_and_the_feedback_stays_until_it_is_left(
    app: Flask, study: Study
) -> None:
    participant = go_to_practice(app)
    first = participant.path
    participant.answer("human", 2)
    participant.send({"answer": "computer", "confidence": "1"}, path=first)
    assert participant.open("/").path == first
    assert "composed this clip" in participant.text
    with study.store.read() as db:
        assert db.scalars(select(PracticeTrial.judged_human)).all() == [True, None]
    participant.send({}, path=f"{first}/next").send({}, path=f"{first}/next")
    assert "Practice clip 2 of 2" in participant.text
    assert participant.send({"answer": "human"}).reply.status_code == 400
    assert participant.send({}, path=f"{participant.path}/next").path != first


def test_no_trial_has_a_clip_or_a_song_that_was_practised(app: Flask, study: Study) -> None:
    for _ in range(4):
        go_to_practice(app).answer().send().answer().send()
    with study.store.read() as db:
        practised = set(db.scalars(select(PracticeTrial.stimulus_id)))
        heard = set(db.scalars(select(Trial.stimulus_id)))
    by_id = study.protocol.by_id
    assert len(practised) == 2
    assert {by_id[i].system == HUMAN for i in practised} == {True, False}
    assert not {find_cluster(by_id[i]) for i in practised} & {find_cluster(by_id[i]) for i in heard}


def test_the_audio_of_practice_is_sent_to_its_own_session_only(app: Flask) -> None:
    participant = go_to_practice(app)
    assert participant.client.get(participant.sound).status_code == 200
    assert app.test_client().get(participant.sound).status_code == 404
    assert Participant(app).client.get(participant.sound).status_code == 404


def test_a_pause_comes_after_every_third_trial_once(app: Flask) -> None:
    participant = go_to_practice(app).answer().send().answer().send()
    paths = []
    while participant.path != "/thanks":
        paths.append(participant.path.split("/")[1])
        if paths[-1] == "pause":
            assert participant.open("/").path == "/pause"
            participant.send()
        else:
            participant.answer()
    assert paths == [*["trial"] * 3, "pause", *["trial"] * 3, "pause", *["trial"] * 2]


def test_practice_takes_human_and_generated_clips_in_turn_and_songs_that_stand_alone_first() -> None:
    stimuli = [
        *(make_stimulus(HUMAN, i, cluster="one song") for i in range(5)),
        make_stimulus(HUMAN, 5, cluster="alone"),
        *(make_stimulus("gan", i) for i in range(3)),
        *(make_stimulus("lstm", i) for i in range(3)),
    ]
    aside = set_aside(stimuli, 4, seed=1)
    assert [s.system for s in aside] == [HUMAN, "gan", HUMAN, "lstm"]
    assert aside[0].song_cluster == "alone"
    assert aside == set_aside(list(reversed(stimuli)), 4, seed=1)
    assert {s.system for s in leave_out(stimuli, aside)} == {"gan", "lstm"}  # all human songs are gone
    assert set_aside(stimuli, 0, seed=1) == []


def test_too_few_clips_for_practice_are_refused() -> None:
    stimuli = [make_stimulus(HUMAN, 0), make_stimulus("lstm", 0)]
    with pytest.raises(StimulusError, match=r"practice\.trials is 3, but no clip of human is left for it"):
        set_aside(stimuli, 3, seed=1)
