"""Who was sent by a recruitment platform: one session, resumed anywhere, the id apart and for a time."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.config import Config
from study_server.study import Study
from study_server.tables import RecruitmentId, StudySession
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

PID = "59e723456789012345678901"  # looks like a number, and is none
LINK = f"/?PROLIFIC_PID={PID}&STUDY_ID=1&SESSION_ID=2"


@pytest.fixture
def config(data_folder: object) -> Config:
    """Return a study that sends people back with their code and id."""
    back = {"completion_code": "C1 &", "completion_url": "https://example.org/?cc={code}&who={id}"}
    return make_config(data_folder, recruitment=back)  # type: ignore[arg-type]


def list_sessions(study: Study) -> list[StudySession]:
    with study.store.read() as db:
        return list(db.scalars(select(StudySession)))


def test_who_was_sent_goes_on_on_another_device_and_has_one_session(app: Flask, study: Study) -> None:
    place = Participant(app).open(LINK).begin().answer().path
    assert Participant(app).open(LINK).path == place
    assert Participant(app).open(LINK).finish().open(LINK).path == "/thanks"
    assert len(list_sessions(study)) == 1


def test_the_address_to_go_back_to_has_code_and_id(app: Flask) -> None:
    done = Participant(app).open(LINK).finish()
    assert done.page.find("a", href=f"https://example.org/?cc=C1%20%26&who={PID}")
    assert done.codes[0] == "C1 &"


def test_the_id_stands_apart_as_text_and_goes_with_the_session_or_on_its_day(
    app: Flask, study: Study
) -> None:
    sent = Participant(app).open(LINK).begin()
    with study.store.write() as db:
        row = db.scalars(select(RecruitmentId)).one()
        assert row.recruitment_id == PID
        assert len(row.delete_on) == 10
        db.execute(update(RecruitmentId).values(delete_on="2020-01-01"))
    Participant(app).open("/?PROLIFIC_PID=another").begin()
    with study.store.read() as db:
        assert db.scalars(select(RecruitmentId.recruitment_id)).all() == ["another"]
    sent.withdraw()
    assert len(list_sessions(study)) == 1
    with sent.client.session_transaction() as cookie:
        assert not {"session_id", "recruitment_id", "recruitment_parameters"} & set(cookie)


def test_another_person_sent_to_the_same_device_begins_anew(app: Flask, study: Study) -> None:
    device = Participant(app).open(LINK).begin()
    device.open("/?PROLIFIC_PID=another")
    assert device.path == "/"
    device.begin()
    assert len(list_sessions(study)) == 2
    assert device.open(LINK).path.startswith("/trial/")


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 101, "<script>", "é"])
def test_what_is_no_id_is_passed_over(app: Flask, study: Study, wrong: str) -> None:
    participant = Participant(app)
    participant.reply = participant.client.get("/", query_string={"PROLIFIC_PID": wrong})
    participant.begin()
    with study.store.read() as db:
        assert db.scalars(select(RecruitmentId)).all() == []


def test_who_began_without_being_sent_keeps_the_session(app: Flask, study: Study) -> None:
    place = Participant(app).begin()
    assert place.open(LINK).path.startswith("/trial/")
    assert len(list_sessions(study)) == 1
