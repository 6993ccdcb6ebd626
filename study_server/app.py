"""The app factory: whatever would make a study wrong is refused here, before anybody takes part."""

from pathlib import Path

from flask import Flask

from study_core.config import Config
from study_core.manifest import fingerprint, sha256_file
from study_core.secret import load_secret
from study_server import (
    audio,
    debrief,
    health,
    login,
    participant,
    practice_pages,
    preview,
    preview_pages,
    question_pages,
    researcher,
    screening_pages,
    trials,
)
from study_server.clip_pages import keep_layouts
from study_server.documents import check_consent
from study_server.faults import explain_faults
from study_server.i18n import speak
from study_server.logs import log_requests
from study_server.metrics import RequestMetrics
from study_server.paradigms import find_labels, find_question
from study_server.preview import Preview
from study_server.protocol import RunningProtocol, load_protocol, mark_data_folder, refuse_changed_protocol
from study_server.screening import load_screening
from study_server.security import protect
from study_server.sounds import make_volume_sound
from study_server.store import Store, open_store
from study_server.study import Study
from study_server.throttle import Throttle, slow_guessing

STATIC_FOLDER = Path(__file__).parent / "static"
PARTICIPANTS_ROOMS = (
    participant,
    question_pages,
    screening_pages,
    practice_pages,
    trials,
    audio,
    debrief,
)
ROOMS = (*PARTICIPANTS_ROOMS, researcher, health)


def create_app(config: Config) -> Flask:
    """Return the study server's app.

    Raises
    ------
    StudyError
        If stimuli are missing or altered, the design cannot be met, a frozen protocol was changed, or a
        password or key could be guessed.
    """
    study = _open_study(config)
    app = _make_app(study)
    log_requests(app)
    app.extensions["metrics"] = RequestMetrics(app)
    _furnish(app, study)
    health.answer_any_host(app)
    slow_guessing(app, study.throttle, lambda: login.is_known(study.password.badge))
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    app.extensions["preview"] = Preview(study, make_preview_app)
    app.extensions["csrf"].exempt(preview_pages.walk_on)  # the preview's own app looks at its forms
    return app


def make_preview_app(study: Study, prefix: str) -> Flask:
    """Return an app of the participants' pages alone, below a prefix of the researcher's."""
    app = _make_app(study)
    _furnish(app, study)
    for room in (*PARTICIPANTS_ROOMS, preview):
        app.register_blueprint(room.blueprint, url_prefix=prefix)
    return app


def _make_app(study: Study) -> Flask:
    app = Flask(__name__, static_url_path=f"/static/{_name_static_files()}")
    app.debug = False  # whatever the environment says: a fault must not talk
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["study"] = study
    return app


def _furnish(app: Flask, study: Study) -> None:
    """Give an app what pages need: languages, protection, faults explained, the study's own words."""
    config = study.config
    speak(app, config.recruitment.languages)
    protect(app, config)
    explain_faults(app)
    keep_layouts(app)
    shown = {
        "study": config,
        "n_pages": config.trials.n_pages,
        "paradigm": study.paradigm,
        "question": find_question(config.trials),
        "labels": find_labels(config.trials),
        "audio_formats": study.audio_formats,
    }
    app.context_processor(lambda: shown)


def _open_study(config: Config) -> Study:
    protocol = load_protocol(config)
    check_consent(config, protocol.n_trials)
    store = open_store(config.folders.database, threads=config.server.threads)
    try:
        return _admit(config, protocol, store)
    except BaseException:
        store.close()
        raise


def _admit(config: Config, protocol: RunningProtocol, store: Store) -> Study:
    with store.read() as db:
        refuse_changed_protocol(db, protocol)
        mark_data_folder(db, protocol)
    return Study(
        protocol=protocol,
        store=store,
        password=login.ResearcherPassword(config.folders),
        throttle=Throttle(store, load_secret(config.folders.secrets, "throttle")),
        volume_sound=make_volume_sound(protocol.stimuli[0].loudness_lufs),
        screening=load_screening(config),
        audio_formats=audio.list_formats(config.folders.stimuli, protocol.stimuli),
    )


def _name_static_files() -> str:
    """Return a name that changes with any static file, so that browsers may keep them for good."""
    return fingerprint(sorted(sha256_file(path) for path in STATIC_FOLDER.rglob("*") if path.is_file()))[:16]
