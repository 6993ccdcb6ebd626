"""What an export reads of the store, however large it is, and what it leaves in it."""

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from study_server.dataset import rows
from study_server.study import Study
from study_server.tables import Change, RecruitmentId, StudySession
from tests.study_server.exporting import export, read_table
from tests.study_server.listener import Participant


def test_listeners_of_every_batch_are_exported_once_in_the_order_of_their_ids(
    app: Flask, study: Study
) -> None:
    Participant(app).begin().answer()
    moment = "2026-11-23T00:00:00.000Z"
    with study.store.write() as db:
        people = [
            {
                "session_id": f"s{i}",
                "participant_id": f"{i:04d}",
                "study_version": "1",
                "consented_at": moment,
            }
            for i in range(rows.LISTENERS_AT_ONCE + 2)
        ]
        db.execute(insert(StudySession), people)
    listed = [row["participant_id"].strip("'") for row in read_table(export(study), "participants")]
    assert listed == sorted(listed)
    assert {person["participant_id"] for person in people} < set(listed)
    assert len(listed) == len(people) + 1 > 500


def test_who_looked_early_is_the_account_that_ran_the_command_or_its_number(
    app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    Participant(app).finish()
    export(study)
    monkeypatch.setattr("getpass.getuser", refuse)  # as in a container without accounts
    monkeypatch.setattr("os.getuid", lambda: 12345)
    export(study)
    with study.store.read() as db:
        who = [*db.scalars(select(Change.who).order_by(Change.changed_at))]
    assert who[1] == "user 12345"
    assert who[0] not in {"user 12345", "study export"}


def test_an_id_whose_day_has_come_leaves_no_byte_behind_an_export(app: Flask, study: Study) -> None:
    sent = "5f8a9b2c-whose-day-has-come"
    Participant(app).open(f"/?PROLIFIC_PID={sent}").finish()
    with study.store.write() as db:
        db.execute(update(RecruitmentId).values(delete_on="2026-01-01"))
    export(study)
    files = study.config.folders.root.glob("study.sqlite3*")
    assert sent.encode() not in b"".join(path.read_bytes() for path in files)
