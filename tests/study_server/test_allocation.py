"""Places are balanced under concurrency, leased, and given back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select, update

from study_core.types import HUMAN
from study_server.services import count_places
from study_server.study import Study
from study_server.tables import Judgment, StudySession, Trial
from tests.study_server.listener import Participant


def count_trials(study: Study) -> dict[str, list[int]]:
    """Return how often each clip is planned, by system."""
    with study.store.read() as db:
        counts = Counter(db.scalars(select(Trial.stimulus_id)))
    by_system: dict[str, list[int]] = {}
    for stimulus in study.protocol.stimuli:
        by_system.setdefault(stimulus.system, []).append(counts[stimulus.stimulus_id])
    return by_system


def test_clips_are_planned_equally_often_when_many_start_at_once(app: Flask, study: Study) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Participant(app).begin(), range(16)))
    assert count_trials(study) == {HUMAN: [8] * 8, "lstm": [4] * 8, "gan": [4] * 8}


def test_every_stored_draw_can_be_rebuilt(app: Flask, study: Study) -> None:
    for _ in range(5):
        Participant(app).begin()
    with study.store.read() as db:
        for found in db.scalars(select(StudySession)):
            assert found.draw_counts is not None
            assert found.draw_seed is not None
            rebuilt = study.protocol.draw(found.draw_counts, found.draw_seed)
            assert rebuilt == [trial.stimulus_id for trial in found.trials]


def test_places_of_an_abandoned_session_are_given_back(participant: Participant, study: Study) -> None:
    participant.begin().answer()
    with study.store.write() as db:
        assert sum(count_places(db, study.protocol, is_simulated=False).values()) == 8
        long_ago = datetime.now(UTC) - timedelta(minutes=study.config.trials.lease_minutes + 1)
        db.execute(update(StudySession).values(last_seen_at=long_ago.isoformat().replace("+00:00", "Z")))
    with study.store.read() as db:
        assert count_places(db, study.protocol, is_simulated=False) == {}


def test_who_comes_back_after_the_lease_takes_the_places_again(
    participant: Participant, study: Study
) -> None:
    participant.begin()
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at="2020-01-01T00:00:00.000Z"))
    participant.open("/")
    with study.store.read() as db:
        assert sum(count_places(db, study.protocol, is_simulated=False).values()) == 8


def test_finished_sessions_count_by_their_judgments(participant: Participant, study: Study) -> None:
    participant.finish()
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at="2020-01-01T00:00:00.000Z"))
    with study.store.read() as db:
        assert sum(count_places(db, study.protocol, is_simulated=False).values()) == 8
        assert len(db.scalars(select(Judgment)).all()) == 8


def test_simulated_listeners_take_no_places_from_people(app: Flask, study: Study) -> None:
    Participant(app, is_simulated=True).begin()
    with study.store.read() as db:
        assert count_places(db, study.protocol, is_simulated=False) == {}
        assert sum(count_places(db, study.protocol, is_simulated=True).values()) == 8
