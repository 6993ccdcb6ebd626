"""The rows of a data set, read from the store in batches of listeners: memory does not grow with the study.

Only what stands here and in `trials.py` leaves the store. Session ids, codes, recruitment ids, addresses of
sounds and times of day do not: a moment is told in seconds since arrival, and the arrival as a day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_core.types import Stimulus
from study_server.dataset.background import score_background, share_right
from study_server.dataset.dictionary import TABLES
from study_server.dataset.listener import Listener, make_listener
from study_server.dataset.trials import Clips, list_trials
from study_server.exclusion import EXCLUDED, READMITTED
from study_server.tables import (
    Change,
    PracticeTrial,
    Protocol,
    QuestionAnswer,
    ScreeningTrial,
    StudySession,
)

LISTENERS_AT_ONCE = 500
Table = list[tuple[object, ...]]
EVENTS = {
    "consented": "consented_at",
    "set_volume": "volume_set_at",
    "screened_out": "screened_out_at",
    "started": "started_at",
    "finished": "finished_at",
}
"""The events by the columns of a session that they stand in."""


def read_protocols(db: Session, *, is_simulated: bool) -> list[Protocol]:
    """Return the protocols that real or that simulated sessions ran under, in the order of their hashes."""
    used = select(StudySession.protocol_sha256).where(StudySession.is_simulated == is_simulated)
    wanted = select(Protocol).where(Protocol.protocol_sha256.in_(used))
    return list(db.scalars(wanted.order_by(Protocol.protocol_sha256)))


def read_paradigm(config: Mapping[str, Any]) -> str:
    """Return what listeners are asked, by the config of a protocol."""
    return str(config["trials"].get("paradigm", "yes_no"))


def list_stimuli(protocols: Iterable[Protocol]) -> Table:
    """Return the rows of the table of stimuli."""
    columns = TABLES["stimuli"].columns[1:]
    return [
        (protocol.protocol_sha256, *(values[name] for name in columns))
        for protocol in protocols
        for values in sorted(map(_describe_stimulus, protocol.stimuli), key=lambda v: str(v["stimulus_id"]))
    ]


def read_batches(
    db: Session, protocols: Sequence[Protocol], *, is_simulated: bool
) -> Iterator[dict[str, Table]]:
    """Yield the rows of every table but the stimuli's, some listeners at a time, by their participant ids."""
    clips: Clips = {
        protocol.protocol_sha256: {
            str(s["stimulus_id"]): (str(s["stimulus_id"]), str(s["clip_id"]), str(s["system"]))
            for s in protocol.stimuli
        }
        for protocol in protocols
    }
    pairs = {p.protocol_sha256 for p in protocols if read_paradigm(p.config) == "two_afc"}
    last = ""
    while True:
        listeners = _read_listeners(db, last, pairs, is_simulated=is_simulated)
        if not listeners:
            return
        last = str(listeners[next(reversed(listeners))].session.participant_id)
        yield _read_tables(db, listeners, clips)


def _read_listeners(db: Session, last: str, pairs: set[str], *, is_simulated: bool) -> dict[str, Listener]:
    wanted = (
        select(*StudySession.__table__.columns)
        .where(
            StudySession.is_simulated == is_simulated,
            StudySession.consented_at.is_not(None),
            StudySession.participant_id > last,
        )
        .order_by(StudySession.participant_id)
        .limit(LISTENERS_AT_ONCE)
    )
    return {row.session_id: make_listener(row, pairs) for row in db.execute(wanted)}


def _read_tables(db: Session, listeners: Mapping[str, Listener], clips: Clips) -> dict[str, Table]:
    answers = _read(db, QuestionAnswer, listeners, lambda row: (row.answered_at, row.question_id))
    screening = _read(db, ScreeningTrial, listeners, lambda row: row.place)
    practice = _read(db, PracticeTrial, listeners, lambda row: row.trial_index)
    return {
        "trials": list(list_trials(db, listeners, clips)),
        "participants": [
            _list_person(it, answers[session_id], screening[session_id])
            for session_id, it in listeners.items()
        ],
        "screening": _list_rows(listeners, screening, _list_screening),
        "practice": _list_rows(listeners, practice, _list_practice),
        "questions": _list_rows(listeners, answers, _list_answer),
        "events": [row for it in listeners.values() for row in _list_events(it)],
        "exclusions": _list_exclusions(db, listeners),
    }


def _read(
    db: Session, table: Any, listeners: Mapping[str, Listener], order: Callable[[Any], Any]
) -> dict[str, list[Any]]:
    """Return the answered rows of a table by session, in order."""
    found: dict[str, list[Any]] = defaultdict(list)
    wanted = select(*table.__table__.columns).where(
        table.session_id.in_(listeners), table.answered_at.is_not(None)
    )
    for row in sorted(db.execute(wanted), key=order):
        found[row.session_id].append(row)
    return found


def _list_rows(
    listeners: Mapping[str, Listener],
    found: Mapping[str, list[Any]],
    make: Callable[[Listener, Any], tuple[object, ...]],
) -> Table:
    return [make(it, row) for session_id, it in listeners.items() for row in found.get(session_id, ())]


def _list_person(it: Listener, answers: Sequence[Any], screening: Sequence[Any]) -> tuple[object, ...]:
    found = it.session
    given = {row.question_id: row.answer for row in answers}
    return (
        *it.shared,
        found.language,
        found.arrived_at[:10],
        it.since_arrival(found.finished_at),
        found.n_trials,
        found.n_judged,
        found.breaks_taken,
        found.device,
        found.flags,
        found.recruitment_id_until,
        *score_background(given, share_right(screening)),
    )


def _list_screening(it: Listener, row: Any) -> tuple[object, ...]:
    return (
        it.session.participant_id,
        row.place,
        row.test,
        row.attempt,
        row.trial_index,
        row.sound_id,
        row.correct_answer,
        row.answer,
        it.since_arrival(row.answered_at),
    )


def _list_practice(it: Listener, row: Any) -> tuple[object, ...]:
    return (
        it.session.participant_id,
        row.trial_index,
        row.stimulus_id,
        row.judged_human,
        row.rating,
        row.confidence,
        it.since_arrival(row.answered_at),
        it.since_arrival(row.feedback_seen_at),
    )


def _list_answer(it: Listener, row: Any) -> tuple[object, ...]:
    moment = it.since_arrival(row.answered_at)
    return (it.session.participant_id, row.question_id, row.answer, row.language, moment)


def _list_events(it: Listener) -> Table:
    moments = [(event, getattr(it.session, column)) for event, column in EVENTS.items()]
    return [
        (it.session.participant_id, event, it.since_arrival(moment))
        for event, moment in moments
        if moment is not None
    ]


def _list_exclusions(db: Session, listeners: Mapping[str, Listener]) -> Table:
    ids = [it.session.participant_id for it in listeners.values()]
    wanted = select(Change.participant_id, Change.what, Change.changed_at, Change.reason).where(
        Change.participant_id.in_(ids), Change.what.in_((EXCLUDED, READMITTED))
    )
    rows = sorted(db.execute(wanted), key=lambda row: (row.participant_id, row.changed_at))
    return [
        (participant_id, index, row.what, row.changed_at[:10], row.reason)
        for participant_id, own in groupby(rows, key=lambda row: row.participant_id)
        for index, row in enumerate(own, start=1)
    ]


def _describe_stimulus(values: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(Stimulus(**values))
