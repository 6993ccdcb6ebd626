"""One study for all attacks: an app, the same app behind the real server, and somebody to be attacked."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from study_server.app import create_app
from study_server.login import ResearcherPassword
from study_server.server import Stop, open_server, run
from study_server.study import Study
from study_server.tables import StudySession, Trial
from tests.study_server.attacks.wire import Wire
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Victim:
    """A participant in the middle of the study, and what a stranger would like to know of them."""

    participant: Participant
    session_id: str
    withdrawal_code: str
    trial_ids: list[str]
    audio_tokens: list[str]

    @property
    def secrets(self) -> list[str]:
        """Everything that only they may see."""
        return [self.session_id, self.withdrawal_code, *self.trial_ids, *self.audio_tokens]


def use_a_quick_hash(password: ResearcherPassword) -> None:
    """Check the password in no time; what a real check takes is another test's matter."""
    password._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    password._hash = password._hasher.hash(PASSWORD)


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory, stimuli_folder: Path) -> Iterator[Flask]:
    """Return the app of a study that all attacks share."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "stimuli").symlink_to(stimuli_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_RESEARCHER_PASSWORD", PASSWORD)
        app = create_app(make_config(folder))
    use_a_quick_hash(app.extensions["study"].password)
    yield app
    app.extensions["study"].store.close()
    app.extensions["preview"].close()


@pytest.fixture(scope="package")
def target(attacked: Flask) -> Study:
    """Return what the attacked app runs on."""
    study: Study = attacked.extensions["study"]
    return study


@pytest.fixture(scope="package")
def wire(attacked: Flask) -> Iterator[Wire]:
    """Return a way to send raw bytes to the real server."""
    stop = Stop()
    server = open_server(attacked, make_config(Path()).server)
    thread = threading.Thread(target=run, args=(server, stop))
    thread.start()
    yield Wire(server.effective_port)
    stop.is_wanted = True
    thread.join()


@pytest.fixture(scope="package")
def victim(attacked: Flask, target: Study) -> Victim:
    """Return somebody who has answered one trial."""
    participant = Participant(attacked).begin().answer()
    with participant.client.session_transaction() as cookie:
        session_id = cookie["session_id"]
    with target.store.read() as db:
        found = db.get_one(StudySession, session_id)
        trials = db.scalars(select(Trial).where(Trial.session_id == session_id).order_by(Trial.trial_index))
        ids = [(trial.trial_id, trial.audio_token) for trial in trials]
        code = found.withdrawal_code
    return Victim(participant, session_id, code, [i for i, _ in ids], [t for _, t in ids])


@pytest.fixture
def stranger(attacked: Flask) -> Participant:
    """Return somebody with a browser of their own."""
    return Participant(attacked)


@pytest.fixture(autouse=True)
def _nobody_waits(request: pytest.FixtureRequest) -> None:
    """Forget earlier tries: each attack begins anew."""
    if "target" in request.fixturenames or "attacked" in request.fixturenames:
        from study_server.tables import FailedTry

        study: Study = request.getfixturevalue("target")
        with study.store.write() as db:
            db.query(FailedTry).delete()
