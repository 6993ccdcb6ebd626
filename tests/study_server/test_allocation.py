"""Places are balanced under concurrency, leased, given back, and counted without a scan."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.types import HUMAN
from study_server import places, services
from study_server.app import create_app
from study_server.exclusion import exclude
from study_server.protocol import rebuild_draw
from study_server.study import Study
from study_server.tables import Judgment, Protocol, StudySession, Trial
from tests.study_server.databases import BOTH
from tests.study_server.listener import Participant

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True)


def count_trials(study: Study) -> dict[str, list[int]]:
    """Return how often each clip is planned, by system."""
    with study.store.read() as db:
        counts = Counter(db.scalars(select(Trial.stimulus_id)))
    by_system: dict[str, list[int]] = {}
    for stimulus in study.protocol.trial_stimuli:
        by_system.setdefault(stimulus.system, []).append(counts[stimulus.stimulus_id])
    return by_system


def count_places(study: Study, *, is_simulated: bool = False) -> int:
    """Return how many places are taken, after a check against a recount of all trials."""
    with study.store.read() as db:
        assert places.count_taken(db) == places.recount(db)
        return sum(places.list_taken(db, study.protocol.sha256, is_simulated=is_simulated).values())


def let_leases_end(study: Study) -> None:
    """Let so much time pass that sessions which are not finished lose their places."""
    long_ago = datetime.now(UTC) - timedelta(minutes=study.config.trials.lease_minutes + 1)
    with study.store.write() as db:
        db.execute(update(StudySession).values(last_seen_at=long_ago.isoformat().replace("+00:00", "Z")))


def test_clips_are_planned_equally_often_when_many_start_at_once(app: Flask, study: Study) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Participant(app).begin(), range(16)))
    for counts in count_trials(study).values():
        assert max(counts) - min(counts) <= 1
    assert count_places(study) == 16 * 8


def test_every_stored_draw_can_be_rebuilt_from_the_store_alone(app: Flask, study: Study) -> None:
    for _ in range(5):
        Participant(app).begin()
    with study.store.read() as db:
        protocol = db.scalars(select(Protocol)).one()
        for found in db.scalars(select(StudySession)):
            rebuilt = [(trial.stimulus_id, trial.kind) for trial in rebuild_draw(protocol, found)]
            assert rebuilt == [(trial.stimulus_id, trial.trial_kind) for trial in found.trials]


def test_a_session_that_is_started_again_keeps_its_trials_and_its_places(app: Flask, study: Study) -> None:
    Participant(app).begin()
    with study.store.write() as db:
        found = db.scalars(select(StudySession)).one()
        before = found.started_at, found.draw_seed, [trial.trial_id for trial in found.trials]
        services.start(db, found, study.protocol)
    with study.store.read() as db:
        found = db.scalars(select(StudySession)).one()
        assert (found.started_at, found.draw_seed, [trial.trial_id for trial in found.trials]) == before
    assert count_places(study) == 8


def test_places_of_an_abandoned_session_are_given_to_the_next(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    assert count_places(study) == 8
    let_leases_end(study)
    Participant(app).begin()
    assert count_places(study) == 8
    with study.store.read() as db:
        assert Counter(db.scalars(select(StudySession.holds_places))) == {True: 1, False: 1}
    Participant(app).begin()  # who gave them back does so once,
    assert count_places(study) == 16
    with study.store.write() as db:  # excluded or not
        lapsed = db.scalars(select(StudySession).where(~StudySession.holds_places)).one()
        exclude(db, lapsed.participant_id, reason="answered at random", who="oak")
    assert count_places(study) == 16


def test_who_comes_back_after_the_lease_takes_places_again(app: Flask, study: Study) -> None:
    late = Participant(app).begin()
    let_leases_end(study)
    Participant(app).begin()
    late.open("/")
    assert count_places(study) == 16


def test_an_answer_after_the_lease_is_stored_and_takes_places_again(app: Flask, study: Study) -> None:
    late = Participant(app).begin()
    let_leases_end(study)
    Participant(app).begin()
    first = late.path
    late.answer()
    assert count_places(study) == 16
    late.send({"answer": "human", "confidence": "1"}, path=first)  # again: it takes nothing and is not stored
    assert count_places(study) == 16
    with study.store.read() as db:
        assert len(db.scalars(select(Judgment)).all()) == 1


def test_an_answer_after_the_lease_is_stored_though_another_tab_comes_back_first(
    app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    participant = Participant(app).begin()
    let_leases_end(study)
    Participant(app).begin()
    append = study.store.append

    def come_back_between(*given: Any) -> Any:
        monkeypatch.setattr(study.store, "append", append)
        stored = append(*given)
        with study.store.write() as db:
            services.come_back(
                db, db.scalars(select(StudySession).order_by(StudySession.arrived_at)).all()[0]
            )
        return stored

    monkeypatch.setattr(study.store, "append", come_back_between)
    participant.answer()
    with study.store.read() as db:
        assert len(db.scalars(select(Judgment)).all()) == 1
    assert count_places(study) == 16


def test_finished_sessions_keep_their_places(app: Flask, study: Study) -> None:
    Participant(app).finish()
    let_leases_end(study)
    Participant(app).begin()
    assert count_places(study) == 16


def test_who_withdraws_gives_the_places_back(app: Flask, study: Study) -> None:
    Participant(app).finish().withdraw()
    assert count_places(study) == 0


def test_simulated_listeners_take_no_places_from_people(app: Flask, study: Study) -> None:
    simulated = Participant(app, is_simulated=True).begin()
    assert count_places(study) == 0
    assert count_places(study, is_simulated=True) == 8
    Participant(app).begin()
    simulated.withdraw()
    assert count_places(study) == 8
    assert count_places(study, is_simulated=True) == 0


def test_each_version_has_places_of_its_own(app: Flask, study: Study) -> None:
    leaving = Participant(app).begin()
    later = create_app(study.config.model_copy(update={"version": "2"}))
    Participant(later).begin()
    leaving.withdraw()
    assert count_places(study) == 0
    assert count_places(later.extensions["study"]) == 8
    later.extensions["study"].store.close()


def test_human_clips_are_as_many_as_configured(app: Flask, study: Study) -> None:
    Participant(app).begin()
    assert {system: sum(counts) for system, counts in count_trials(study).items()} == {
        HUMAN: 4,
        "lstm": 2,
        "gan": 2,
    }
