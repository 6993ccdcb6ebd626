"""Exclusion gives places back and readmission takes them again; who did it and why stays for good."""

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.errors import StudyError
from study_server import places
from study_server.exclusion import exclude, list_exclusions, readmit
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.databases import BOTH
from tests.study_server.listener import Participant

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True)
ANSWERED_AT_RANDOM = {"reason": "answered at random", "who": "oak"}
A_MISTAKE = {"reason": "it was a mistake", "who": "oak"}


def find_participant(study: Study) -> str:
    """Return the id of the only participant."""
    with study.store.read() as db:
        return db.scalars(select(StudySession.participant_id)).one()


def count_places(study: Study) -> int:
    """Return how many places are taken, after a check against a recount of all trials."""
    with study.store.read() as db:
        assert places.count_taken(db) == places.recount(db)
        return sum(places.count_taken(db).values())


def exclude_only(study: Study) -> str:
    """Exclude the only participant and return their id."""
    participant_id = find_participant(study)
    with study.store.write() as db:
        exclude(db, participant_id, **ANSWERED_AT_RANDOM)
    return participant_id


def test_who_is_excluded_gives_places_back_and_takes_them_again_when_readmitted(
    app: Flask, study: Study
) -> None:
    Participant(app).finish()
    assert count_places(study) == 8
    participant_id = exclude_only(study)
    assert count_places(study) == 0
    with study.store.write() as db:
        readmit(db, participant_id, **A_MISTAKE)
    assert count_places(study) == 8


def test_who_is_excluded_on_the_way_goes_on_to_the_code_without_places(app: Flask, study: Study) -> None:
    participant = Participant(app).begin().answer()
    exclude_only(study)
    assert participant.finish().path == "/thanks"
    assert participant.codes
    assert count_places(study) == 0


def test_who_is_excluded_before_the_start_takes_no_places(app: Flask, study: Study) -> None:
    participant = Participant(app).send()
    exclude_only(study)
    participant.finish_from_consent()
    assert participant.path == "/thanks"
    assert count_places(study) == 0


def test_who_is_readmitted_before_the_start_takes_places_at_the_start(app: Flask, study: Study) -> None:
    participant = Participant(app).send()
    participant_id = exclude_only(study)
    with study.store.write() as db:
        readmit(db, participant_id, **A_MISTAKE)
    assert count_places(study) == 0
    participant.finish_from_consent()
    assert count_places(study) == 8


def test_every_exclusion_and_readmission_is_recorded_with_who_and_why(app: Flask, study: Study) -> None:
    Participant(app).begin()
    participant_id = exclude_only(study)
    with study.store.write() as db:
        readmit(db, participant_id, **A_MISTAKE)
    with study.store.read() as db:
        told = [
            (change.what, change.who, change.participant_id, change.reason) for change in list_exclusions(db)
        ]
    assert told == [
        ("excluded", "oak", participant_id, "answered at random"),
        ("readmitted", "oak", participant_id, "it was a mistake"),
    ]


def test_who_was_excluded_and_withdraws_leaves_no_name_in_the_record(app: Flask, study: Study) -> None:
    participant = Participant(app).finish()
    participant_id = exclude_only(study)
    Participant(app).finish()
    with study.store.write() as db:
        ids = db.scalars(select(StudySession.participant_id)).all()
        stays = next(each for each in ids if each != participant_id)
        exclude(db, stays, **ANSWERED_AT_RANDOM)
    participant.withdraw()
    with study.store.read() as db:
        assert [change.participant_id for change in list_exclusions(db)] == [None, stays]


def test_what_cannot_be_excluded_or_readmitted_is_said_and_changes_nothing(app: Flask, study: Study) -> None:
    Participant(app).begin()
    participant_id = find_participant(study)
    with (
        pytest.raises(StudyError, match=r"no participant 'nobody'.*participant_id"),
        study.store.write() as db,
    ):
        exclude(db, "nobody", **ANSWERED_AT_RANDOM)
    with pytest.raises(StudyError, match=r"'bad' is too short.*at least 10"), study.store.write() as db:
        exclude(db, participant_id, reason="bad".rjust(12), who="oak")
    with pytest.raises(StudyError, match=r"is not excluded"), study.store.write() as db:
        readmit(db, participant_id, **A_MISTAKE)
    assert count_places(study) == 8
    exclude_only(study)
    with pytest.raises(StudyError, match=r"is excluded already"), study.store.write() as db:
        exclude(db, participant_id, **ANSWERED_AT_RANDOM)
    assert count_places(study) == 0
