"""Fixtures: a data folder with stimuli, an app on it, a participant's client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from study_core.config import Config
from study_server.app import create_app
from study_server.study import Study
from tests.study_server.databases import PostgreSQL
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config, make_stimuli


@pytest.fixture(scope="session")
def stimuli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of stimuli, made once."""
    folder = tmp_path_factory.mktemp("stimuli")
    make_stimuli(folder)
    return folder


@pytest.fixture
def data_folder(tmp_path: Path, stimuli_folder: Path) -> Path:
    """Return a new study's data folder."""
    shutil.copytree(stimuli_folder, tmp_path / "stimuli")
    return tmp_path


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return the config of a small study."""
    return make_config(data_folder)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Return a running PostgreSQL server."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the test's stores be on SQLite, or on the kind of database that it is parametrized with."""
    kind: str = getattr(request, "param", "sqlite")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    if kind == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        monkeypatch.setenv("DATABASE_URL", server.make_database())
    return kind


@pytest.fixture
def app(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Return the app of a small study."""
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
    app = create_app(config)
    app.testing = True
    yield app
    app.extensions["study"].store.close()
    app.extensions["preview"].close()


@pytest.fixture
def study(app: Flask) -> Study:
    """Return what the app runs on."""
    running: Study = app.extensions["study"]
    return running


@pytest.fixture
def participant(app: Flask) -> Participant:
    """Return somebody who has just opened the study."""
    return Participant(app)
