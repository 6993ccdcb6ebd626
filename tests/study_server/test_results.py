"""Results by system on the desk are what was said in sessions that count, of clips heard the first time."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.config import Config
from study_server.app import create_app
from study_server.exclusion import exclude
from study_server.results import SystemCount, count_by_system
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study with planned repeats."""
    return make_config(data_folder, trials={"repeats": 2})


def count(study: Study) -> dict[str, tuple[int, int]]:
    """Return how many judgments there are of each system, and how many of them say human."""
    with study.store.read() as db:
        found = count_by_system(db, study.protocol, is_simulated=False)
    return {one.system: (one.n_judgments, one.n_human) for one in found}


def test_repeats_and_excluded_unfinished_and_simulated_sessions_are_left_out(
    app: Flask, study: Study
) -> None:
    Participant(app).finish("human")
    Participant(app).finish("computer")
    Participant(app).begin().answer("human")
    Participant(app, is_simulated=True).finish("human")
    with study.store.read() as db:
        trials = db.scalars(select(StudySession).where(StudySession.finished_at.is_not(None))).first()
        assert trials is not None
        assert [trial.trial_kind for trial in trials.trials].count("repeat") == 2
    assert count(study) == {"human": (8, 4), "gan": (4, 2), "lstm": (4, 2)}
    with study.store.write() as db:
        said = db.scalars(select(StudySession).order_by(StudySession.arrived_at)).first()
        assert said is not None
        exclude(db, said.participant_id, reason="talked all the time", who="tester")
    assert count(study) == {"human": (4, 0), "gan": (2, 0), "lstm": (2, 0)}


def test_of_ratings_the_mean_is_shown(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
    app = create_app(make_config(data_folder, trials={"paradigm": "rating"}))
    study: Study = app.extensions["study"]
    for rating in (2, 5):
        person = Participant(app).begin()
        while person.path.startswith("/trial/"):
            person.answer(confidence=rating)
    with study.store.read() as db:
        first = count_by_system(db, study.protocol, is_simulated=False)[0]
    assert first == SystemCount("human", n_clips=8, n_judgments=8, n_human=0, sum_ratings=28)
    assert first.mean_rating == 3.5
    desk = Participant(app).open("/researcher").send({"password": "correct horse"}).open("/researcher/data")
    assert "Mean rating" in desk.text
    assert "human 3.5 8 judgments , 8 clips" in desk.text
    assert "Judged human" not in desk.text
    study.store.close()
