"""A session is flagged for how it was taken, once, when it has ended; devices are told by their class."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.config import Config
from study_server.devices import classify
from study_server.flags import list_flags, settle_all
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study whose GAN clips only check attention, and whose failed checks have a code."""
    return make_config(
        data_folder,
        trials={"catch": ["gan"], "catch_wrong": 2},
        analysis={"minimum_listening_s": 3},
        recruitment={"failed_attention_code": "INATTENTIVE", "completion_code": "GOOD"},
    )


def read_flags(study: Study) -> list[list[str]]:
    with study.store.read() as db:
        return [list_flags(found) for found in db.scalars(select(StudySession).order_by("arrived_at"))]


def take_part(app: Flask, study: Study, *, n_wrong: int = 0, **facts: str) -> Participant:
    """Answer every clip, so many of those that check attention wrongly, the others in turn."""
    person = Participant(app).begin()
    answers = ["human", "computer"] * 4
    while person.path.startswith("/trial/"):
        is_catch = _find_kind(study, person) == "catch"
        answer = ("human" if n_wrong > 0 else "computer") if is_catch else answers.pop()
        n_wrong -= is_catch
        person.answer(answer, **facts)
    return person


def _find_kind(study: Study, person: Participant) -> str:
    with study.store.read() as db:
        sessions = db.scalars(select(StudySession))
        trials = {trial.trial_id: trial.trial_kind for found in sessions for trial in found.trials}
    return trials[person.path.removeprefix("/trial/")]


@pytest.mark.parametrize(
    ("facts", "flags"),
    [
        ({}, []),
        ({"heard_s": "2.9"}, ["little heard"]),
        ({"stalls": "1"}, ["sound trouble"]),
        ({"load_errors": "1"}, ["sound trouble"]),
        ({"hidden_count": "2"}, ["was away"]),
    ],
)
def test_how_somebody_listened_is_noticed(
    app: Flask, study: Study, facts: dict[str, str], flags: list[str]
) -> None:
    take_part(app, study, **facts)
    assert read_flags(study) == [flags]


def test_failed_attention_has_a_code_of_its_own_and_needs_as_many_wrong_answers_as_declared(
    app: Flask, study: Study
) -> None:
    one, two = take_part(app, study, n_wrong=1), take_part(app, study, n_wrong=2)
    assert (one.codes[0], two.codes[0]) == ("GOOD", "INATTENTIVE")
    assert read_flags(study) == [[], ["failed attention"]]
    assert "only checked whether you were listening" in two.text
    assert "only checked whether you were listening" not in one.text


def test_one_answer_to_everything_is_noticed_and_answers_to_checks_do_not_count(
    app: Flask, study: Study
) -> None:
    person = Participant(app).begin()
    while person.path.startswith("/trial/"):
        person.answer("human" if _find_kind(study, person) == "main" else "computer")
    assert read_flags(study) == [["one answer"]]


def test_what_ended_while_nobody_looked_is_settled_later_and_once(app: Flask, study: Study) -> None:
    take_part(app, study)
    with study.store.write() as db:
        found = db.scalars(select(StudySession)).one()
        found.flags = found.duration_s = None
    assert settle_all(study.store, study.config) == 1
    assert settle_all(study.store, study.config) == 0
    with study.store.read() as db:
        found = db.scalars(select(StudySession)).one()
        assert (found.flags, (found.duration_s or 0) > 0) == ("", True)


def test_what_ended_under_another_version_is_settled_by_that_versions_rules(app: Flask, study: Study) -> None:
    take_part(app, study, n_wrong=2)
    with study.store.write() as db:
        found = db.scalars(select(StudySession)).one()
        found.flags = found.duration_s = None
    trials = study.config.trials.model_copy(update={"catch_wrong": 3})
    later = study.config.model_copy(update={"version": "2", "trials": trials})
    assert settle_all(study.store, later) == 1
    assert read_flags(study) == [["failed attention"]]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130 Mobile Safari", "phone"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/130 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) Mobile/15A372 Safari/604.1", "tablet"),
        ("python-httpx/0.28", ""),
        ("", ""),
    ],
)
def test_a_device_is_told_by_its_class(agent: str, device: str) -> None:
    assert classify({"User-Agent": agent}.get) == device


def test_a_browser_that_says_it_is_a_phone_is_believed_and_its_name_is_not_kept(
    app: Flask, study: Study
) -> None:
    agent = "Mozilla/5.0 (X11; Unmistakable)"
    visitor = Participant(app)
    visitor.headers = {"User-Agent": agent, "Sec-CH-UA-Mobile": "?1"}
    visitor.send()
    study.store.forget_deleted()
    with study.store.read() as db:
        assert db.scalars(select(StudySession.device)).one() == "phone"
    assert b"Unmistakable" not in study.config.folders.database.read_bytes()
