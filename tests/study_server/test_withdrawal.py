"""A private code deletes the answers and the identity, everywhere, and leaves a tombstone."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from study_server import places, withdrawal
from study_server.services import Answer, judge
from study_server.study import Study
from study_server.tables import Judgment, StudySession, Tombstone, Trial
from study_server.withdrawal import delete_session
from tests.study_server.listener import Participant


def count_rows(study: Study) -> list[int]:
    """Return the numbers of sessions, trials, judgments and tombstones."""
    with study.store.read() as db:
        return [db.query(table).count() for table in (StudySession, Trial, Judgment, Tombstone)]


def test_a_finished_participant_withdraws_and_leaves_only_a_tombstone(
    app: Flask, participant: Participant, study: Study
) -> None:
    withdrawal_code = participant.finish().codes[1]
    Participant(app).finish()
    assert count_rows(study) == [2, 16, 16, 0]
    participant.open("/withdraw").send({"code": withdrawal_code})
    assert "Your answers are deleted" in participant.text
    assert count_rows(study) == [1, 8, 8, 1]
    with study.store.read() as db:
        stone = db.query(Tombstone).one()
        assert (stone.had_consented, stone.had_started, stone.had_finished) == (True, True, True)
        assert len(stone.withdrawn_on) == 10


def test_nothing_of_who_withdrew_lingers_in_the_files(participant: Participant, study: Study) -> None:
    code = participant.finish().codes[1]
    with study.store.read() as db:
        found = db.query(StudySession).one()
        ids = [code, found.participant_id, found.session_id]
    participant.open("/withdraw").send({"code": code})
    files = list(study.config.folders.root.glob("study.sqlite3*"))
    stored = b"".join(file.read_bytes() for file in files)
    assert files
    assert not [text for text in ids if text.encode() in stored]


def test_a_code_may_be_typed_carelessly_on_another_device(
    app: Flask, participant: Participant, study: Study
) -> None:
    code = participant.begin().answer().open("/withdraw").form.select_one("[name=code]")["value"]  # type: ignore[index]
    other = Participant(app).open("/withdraw").send({"code": f" {str(code).lower().replace('-', ' ')}"})
    assert "Your answers are deleted" in other.text
    assert count_rows(study) == [0, 0, 0, 1]


def test_a_withdrawal_while_a_page_is_made_ends_at_the_welcome(
    participant: Participant, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between what a page reads and what it then writes, another device withdraws."""
    participant.begin().answer()
    with study.store.write() as db:
        found = db.query(StudySession).one()
        found.last_seen_at, code = "2026-01-01T00:00:00+00:00", found.withdrawal_code
    withdraw_first(study, code, monkeypatch)
    assert participant.open(participant.path).path == "/"
    code = participant.finish().codes[1]
    with study.store.write() as db:
        db.query(StudySession).one().flags = None
    withdraw_first(study, code, monkeypatch)
    assert participant.open("/thanks").path == "/"


def withdraw_first(study: Study, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next transaction begin after a withdrawal."""
    write = study.store.write

    def withdraw_and_write() -> object:
        monkeypatch.setattr(study.store, "write", write)
        with write() as db:
            assert delete_session(db, code)
        return write()

    monkeypatch.setattr(study.store, "write", withdraw_and_write)


def test_a_withdrawal_is_acknowledged_where_the_files_cannot_be_cleaned(
    participant: Participant, study: Study, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("VACUUM", {}, Exception("canceled"))

    code = participant.finish().codes[1]
    monkeypatch.setattr(study.store, "forget_deleted", fail)
    participant.open("/withdraw").send({"code": code})
    assert "Your answers are deleted" in participant.text
    assert "Withdrawn answers may linger in the files of the store: OperationalError" in caplog.text
    assert participant.open("/thanks").path == "/"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_answer_on_its_way_comes_before_a_withdrawal_or_after_it(
    participant: Participant, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers do not wait for the one writer, so that the session's row must be locked and looked at anew."""
    find, give_back = withdrawal._find_by_code, places.give_back

    def finish_between(db: Session, code: str) -> StudySession | None:
        found = find(db, code)
        last = Answer(judged_human=True, confidence=50, knows_tune=False)
        judge(study.store, session_id, trial_id, last)  # not by its page, which would wait
        return found

    def require_lock(db: Session, found: StudySession) -> None:
        with pytest.raises(OperationalError, match="could not obtain lock"), study.store.read() as other:
            other.execute(text("SELECT 1 FROM sessions FOR KEY SHARE NOWAIT"))
        give_back(db, found)

    participant.begin()
    for _ in range(7):
        participant.answer()
    with study.store.read() as db:
        waiting = db.query(StudySession).one()
        code, session_id, trial_id = waiting.withdrawal_code, waiting.session_id, waiting.trials[-1].trial_id
    monkeypatch.setattr(withdrawal, "_find_by_code", finish_between)
    monkeypatch.setattr(places, "give_back", require_lock)
    with study.store.write() as db:
        assert delete_session(db, code)
    with study.store.read() as db:
        stone = db.query(Tombstone).one()
        assert (stone.had_finished, stone.n_judgments) == (True, 8)


def test_a_wrong_code_deletes_nothing_and_says_so(participant: Participant, study: Study) -> None:
    participant.begin().answer()
    for wrong in ("XXXX-XXXX-XXXX", "", "%", "' OR 1=1 --"):
        participant.open("/withdraw").send({"code": wrong})
        assert participant.reply.status_code == 404
        assert "No answers are stored under this code" in participant.text
    assert count_rows(study)[2] == 1


def test_an_answer_after_withdrawal_is_not_stored(app: Flask, participant: Participant, study: Study) -> None:
    code = participant.send().codes[0]
    participant.send({"agrees": "1"}).send()
    Participant(app).open("/withdraw").send({"code": code})
    assert participant.answer().path == "/"
    assert count_rows(study) == [0, 0, 0, 1]
