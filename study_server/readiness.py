"""Whether people could take part: what `study check` asks of this folder."""

import os

from sqlalchemy import func, select

from study_core.config import Config
from study_core.folders import STIMULI_FILE
from study_core.participation import Text
from study_core.readiness import Finding
from study_server.documents import check_consent
from study_server.login import ResearcherPassword
from study_server.protocol import RunningProtocol, load_protocol, refuse_changed_protocol
from study_server.store import URL_VARIABLE, open_store
from study_server.tables import StudySession

OTHERS = 0o077
"""Rights of the group and of everybody."""
ANSWERING_S = 8
"""What people take for an answer beside listening, as a rule of thumb."""


def check_session(config: Config) -> Finding:
    """Find the session that participants would have, and whether it lasts what they are told."""
    if not (config.folders.stimuli / STIMULI_FILE).exists():
        return Finding(missing=("no session can be drawn without stimuli: run `study prepare`",))
    protocol = load_protocol(config)
    minutes = protocol.n_trials * (config.clips.duration_s + ANSWERING_S) / 60
    told = config.recruitment.minutes
    found = f"{protocol.n_trials} trials, about {minutes:.0f} minutes; protocol {protocol.sha256[:12]}"
    if minutes > told:
        doubt = f"recruitment.minutes says {told}, but the trials alone take about {minutes:.0f}"
        return Finding(found, doubts=(doubt,))
    return Finding(found)


def check_texts(config: Config) -> Finding:
    """Find the consent document, and the study's own texts, in every language."""
    n_trials = RunningProtocol(config, []).n_trials
    check_consent(config, n_trials)
    languages = config.recruitment.languages
    doubts = tuple(
        f"{where} has no {', '.join(missing)}: participants read it in {next(iter(text))}"
        for where, text in _list_texts(config)
        if (missing := [tag for tag in languages if tag not in text])
    )
    whose = config.recruitment.consent or "the software's"
    return Finding(f"in {', '.join(languages)} ({whose} documents)", doubts=doubts)


def check_secrets(config: Config) -> Finding:
    """Find the researcher's password and the keys, readable by their owner only."""
    password = ResearcherPassword(config.folders)
    folder = config.folders.secrets
    there = [path for path in (folder, *folder.glob("*")) if path.exists()]
    open_to_others = [path for path in there if path.stat().st_mode & OTHERS]
    if open_to_others:
        names = ", ".join(map(str, open_to_others))
        return Finding(missing=(f"others on this machine may read {names}: `chmod -R go= {folder}`",))
    return Finding(f"researcher's password in {password.place}")


def check_store(config: Config) -> Finding:
    """Find the store, and whether people took part in another protocol of this version."""
    path = config.folders.database
    if not os.environ.get(URL_VARIABLE) and not path.exists():
        return Finding(f"none yet; `study serve` makes {path}")
    store = open_store(path)
    try:
        with store.read() as db:
            if (config.folders.stimuli / STIMULI_FILE).exists():
                refuse_changed_protocol(db, load_protocol(config))
            n_real = db.scalar(
                select(func.count()).select_from(StudySession).where(~StudySession.is_simulated)
            )
    finally:
        store.close()
    return Finding(f"{store.place}, {n_real} real sessions")


def _list_texts(config: Config) -> list[tuple[str, dict[str, str]]]:
    """Return the study's own texts that are given by language, with where they stand."""
    texts: list[tuple[str, Text | None]] = []
    for question in config.questions.own:
        where = f"questions.own {question.id}"
        texts.append((where, question.ask))
        texts += [(f"{where}, option {name}", text) for name, text in question.options.items()]
        texts += [(f"{where}, label", text) for text in question.labels]
    texts.append(("trials.rating_ask", config.trials.rating_ask))
    texts += [("trials.rating_labels", text) for text in config.trials.rating_labels or ()]
    return [(where, text) for where, text in texts if isinstance(text, dict)]
