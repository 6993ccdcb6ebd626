"""A person who asks is forgotten: everything about them goes, what went is said and counted, who is not."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from study_core.cli import Options
from study_core.errors import StudyError
from study_server import data_cli
from study_server.study import Study
from study_server.tables import Change, RecruitmentId, StudySession, Tombstone, Trial
from study_server.withdrawal import forget
from tests.study_server.exporting import export, read_table
from tests.study_server.listener import Participant

WHO = "5f8a9b2c3d4e5f60718293a4"


def find_code(study: Study) -> str:
    """Return the only session's withdrawal code."""
    with study.store.read() as db:
        return str(db.scalars(select(StudySession.withdrawal_code)).one())


def test_a_withdrawal_code_removes_everything_and_says_how_much(app: Flask, study: Study) -> None:
    Participant(app).open(f"/?PROLIFIC_PID={WHO}").finish()
    with study.store.write() as db:
        removed = forget(db, code=find_code(study).lower().replace("-", " "), who="us")
    assert str(removed) == "1 session, 8 judgments, 1 recruitment id"
    with study.store.read() as db:
        for table in (StudySession, Trial, RecruitmentId):
            assert db.query(table).count() == 0


def test_a_recruitment_id_removes_its_session_and_no_other(app: Flask, study: Study) -> None:
    Participant(app).open(f"/?PROLIFIC_PID={WHO}").begin().answer()
    Participant(app).open("/?PROLIFIC_PID=another").begin().answer()
    with study.store.write() as db:
        assert str(forget(db, recruitment_id=WHO, who="us")) == "1 session, 1 judgment, 1 recruitment id"
    with study.store.read() as db:
        assert db.scalars(select(RecruitmentId.recruitment_id)).all() == ["another"]


def test_the_record_says_that_somebody_was_forgotten_and_not_who(app: Flask, study: Study) -> None:
    Participant(app).open(f"/?PROLIFIC_PID={WHO}").finish()
    with study.store.read() as db:
        found = db.scalars(select(StudySession)).one()
        private = [found.participant_id, found.session_id, found.withdrawal_code, WHO]
    with study.store.write() as db:
        forget(db, recruitment_id=WHO, who="us")
    study.store.forget_deleted()
    with study.store.read() as db:
        change = db.scalars(select(Change)).one()
        stone = db.scalars(select(Tombstone)).one()
    assert (change.what, change.who, change.participant_id, change.reason) == ("forgotten", "us", None, "")
    assert (stone.what, stone.n_judgments, stone.had_finished) == ("forgotten", 8, True)
    stored = b"".join(it.read_bytes() for it in study.config.folders.root.glob("study.sqlite3*"))
    assert not [text for text in private if text.encode() in stored]


def test_later_data_sets_count_what_was_removed(app: Flask, study: Study) -> None:
    Participant(app).open(f"/?PROLIFIC_PID={WHO}").finish()
    Participant(app).finish()
    with study.store.write() as db:
        forget(db, recruitment_id=WHO, who="us")
    folder = export(study)
    assert len(read_table(folder, "participants")) == 1
    (removed,) = json.loads((folder / "flow.json").read_text())["removed"]
    assert removed == {
        "study_version": "1",
        "what": "forgotten",
        "removed_on": datetime.now(UTC).date().isoformat(),
        "participants": 1,
        "consented": 1,
        "started": 1,
        "finished": 1,
        "judgments": 8,
    }


def test_an_unknown_code_is_explained(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with (
        study.store.write() as db,
        pytest.raises(StudyError, match=r"mistyped, or they were withdrawn"),
    ):
        forget(db, code="XXXX-XXXX-XXXX", who="us")


def test_an_id_whose_day_has_come_leaves_only_the_code(app: Flask, study: Study) -> None:
    Participant(app).open("/?PROLIFIC_PID=another").begin().answer()
    with (
        study.store.write() as db,
        pytest.raises(StudyError, match=r"not among the 1 that are stored.*day of deletion.*--code"),
    ):
        forget(db, recruitment_id=WHO, who="us")


def test_an_export_deletes_the_ids_whose_day_has_come_and_tells_the_days(app: Flask, study: Study) -> None:
    for name in (WHO, "another"):
        Participant(app).open(f"/?PROLIFIC_PID={name}").begin().answer()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    with study.store.write() as db:
        due = db.scalars(select(RecruitmentId).where(RecruitmentId.recruitment_id == WHO)).one()
        due.delete_on = yesterday
        found = db.get(StudySession, due.session_id)
        assert found is not None
        found.recruitment_id_until = yesterday
    days = json.loads((export(study) / "flow.json").read_text())["recruitment_ids"]
    later = (datetime.now(UTC) + timedelta(days=study.config.recruitment.keep_ids_days)).date().isoformat()
    assert days == [
        {"deleted_on": yesterday, "participants": 1},
        {"deleted_on": later, "participants": 1},
    ]
    with study.store.read() as db:
        assert db.scalars(select(RecruitmentId.recruitment_id)).all() == ["another"]


def test_the_command_says_what_it_removed_and_wants_one_name(app: Flask, study: Study) -> None:
    Participant(app).finish()
    root = study.config.folders.root
    (root / "config.yaml").write_text("title: A made study\n")
    options = Options(root / "config.yaml", root, quiet=True)
    runner = CliRunner()
    for wrong in ([], ["--code", "A", "--recruitment-id", "B"]):
        refused = runner.invoke(data_cli.forget, wrong, obj=options)
        assert refused.exit_code == 2
        assert "Give --code CODE or --recruitment-id ID, one of them." in refused.output
    said = runner.invoke(data_cli.forget, ["--code", find_code(study)], obj=options).output
    assert said.startswith(f"Removed from {root / 'study.sqlite3'}: 1 session, 8 judgments.")
    assert "Earlier exports and backups still hold them" in said
