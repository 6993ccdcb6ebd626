"""No page, file, log or notice tells results by system before the stop rule is met.

The strongest proof: in a copy of the store every answer is turned round, and all of them stay the same.
"""

import logging
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import generate_latest
from sqlalchemy import select

from study_core.config import Config
from study_core.manifest import sha256_file
from study_server.app import create_app
from study_server.study import Study
from study_server.tables import Notice
from study_server.webhooks import look_for_events
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

ROOMS = ("", "/live", "/live?participants=simulated", "/participants", "/participants?kind=flagged", "/data")
CHANGING = re.compile(r'csrf_token" value="[^"]+"|<time.*?</time>')


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study that is far from its end."""
    return make_config(data_folder, recruitment={"target_participants": 40})


@pytest.fixture
def turned(app: Flask, study: Study, tmp_path: Path) -> Iterator[Flask]:
    """Return an app on a copy of the store in which everybody gave the opposite answers."""
    systems = {stimulus.stimulus_sha256: stimulus.is_human for stimulus in study.protocol.stimuli}
    assert set(systems.values()) == {True, False}
    for answer in ("human", "computer"):
        person = Participant(app).begin()
        while person.path.startswith("/trial/"):
            person.answer(answer if person.text.count("Clip 2 of") else "human")
    Participant(app).begin().answer("human")
    log_in(app).open("/researcher")  # works out the flags
    study.store.forget_deleted()
    folder = tmp_path / "turned"
    shutil.copytree(study.config.folders.root, folder, ignore=shutil.ignore_patterns("turned"))
    copied = sqlite3.connect(folder / "study.sqlite3")
    copied.execute("DROP TRIGGER judgments_stay")
    assert copied.execute("UPDATE judgments SET judged_human = NOT judged_human").rowcount == 17
    copied.commit()
    copied.close()
    twin = create_app(study.config.model_copy(update={"data_dir": str(folder)}))
    yield twin
    twin.extensions["study"].store.close()


def log_in(app: Flask) -> Participant:
    return Participant(app).open("/researcher").send({"password": "correct horse"})


def read_all(app: Flask) -> dict[str, str]:
    """Return every page of the desk, every notice and the metrics' names, without what any look changes."""
    desk = log_in(app)
    people = [str(link["href"]) for link in desk.open("/researcher/participants").page.select(".roster a")]
    assert len(people) == 3
    told = {path: desk.open(path).reply.text for path in (*(f"/researcher{room}" for room in ROOMS), *people)}
    study: Study = app.extensions["study"]
    look_for_events(study.store, study.config)
    with study.store.read() as db:
        told["notices"] = str([(notice.event, notice.facts) for notice in db.scalars(select(Notice))])
    return {name: CHANGING.sub("", text) for name, text in told.items()}


def test_nothing_changes_where_every_answer_is_turned_round(app: Flask, turned: Flask) -> None:
    assert read_all(app) == read_all(turned)


def test_logs_metrics_and_files_beside_the_store_tell_no_answer(
    app: Flask, study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Participant(app).finish("computer")
    log_in(app).open("/researcher")
    before = list_files(study)
    Participant(app).finish("human")
    log_in(app).open("/researcher")
    assert list_files(study) == before
    metrics = generate_latest(app.extensions["metrics"].registry).decode()
    for text in (caplog.text, metrics):
        assert not re.search(r"\b(lstm|gan|human|computer|judged)\b", text)


def list_files(study: Study) -> dict[str, str]:
    """Return the hashes of the data folder's files but for the store's own."""
    root = study.config.folders.root
    files = (path for path in root.rglob("*") if path.is_file() and "sqlite3" not in path.name)
    return {str(path.relative_to(root)): sha256_file(path) for path in files}
