"""Fixtures: a server that runs for all tests of a file, and a way to open its study as a new participant."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from study_core.config import Config
from tests.study_server.browsing import Visitor
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

TRIALS = {"per_participant": {"human": 2, "lstm": 1, "gan": 1}}
NewVisitor = Callable[..., Visitor]


@pytest.fixture(scope="module")
def served_config(stimuli_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the config of a study of four trials, its data folder ready."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(stimuli_folder, folder / "stimuli")
    return make_config(folder, trials=TRIALS)


@pytest.fixture(scope="module")
def served(served_config: Config) -> Iterator[Server]:
    """Return a server that runs for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
        with Server(served_config) as server:
            yield server


@pytest.fixture
def visit(browser: Browser, served: Server) -> Iterator[NewVisitor]:
    """Return a way to open the study as a new participant."""
    visitors: list[Visitor] = []

    def open_study(**options: object) -> Visitor:
        visitors.append(Visitor(browser, served.url, served.config, **options))
        return visitors[-1]

    yield open_study
    for visitor in visitors:
        visitor.__exit__()
