"""A data set goes back into a store and comes out again the same, or not at all and with every reason."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from study_core.cli import main
from study_core.config import Config
from study_core.errors import ResponsesError, StudyError
from study_core.folders import name_table
from study_server import services
from study_server.app import create_app
from study_server.dataset.archive import list_files, write_zip
from study_server.exclusion import exclude
from study_server.export import export_data_set
from study_server.imports import import_data_set
from study_server.pairs import judge_pair
from study_server.places import count_taken, recount
from study_server.services import Answer
from study_server.store import Store, open_store
from study_server.study import Study
from study_server.tables import PracticeTrial, QuestionAnswer, ScreeningTrial, StudySession
from study_server.unblinding import BlindError, is_open, look
from tests.study_server.databases import BOTH
from tests.study_server.exporting import export, read_files, read_table
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    """Return an empty store of another study."""
    store = open_store(tmp_path / "again" / "study.sqlite3")
    yield store
    store.close()


def bring_back(store: Store, data_set: Path, tmp_path: Path, *, is_simulated: bool = False) -> Path:
    """Import a data set and export it again, without a reason."""
    import_data_set(store, data_set)
    config = make_config(tmp_path / "again")
    return export_data_set(store, config, tmp_path / "second", is_simulated=is_simulated).folder


def fill_around(study: Study) -> None:
    """Add what a session has beside its trials, to every session that has started."""
    with study.store.write() as db:
        for found in db.scalars(select(StudySession).where(StudySession.started_at.is_not(None))).all():
            moment = found.started_at
            at: dict[str, Any] = {"session_id": found.session_id, "answered_at": moment}
            sound = {"test": "huggins", "attempt": 1, "sound_id": "5" * 32, "correct_answer": 2, "answer": 2}
            db.add_all(ScreeningTrial(place=i, trial_index=i, **sound, **at) for i in (1, 2))
            db.add(PracticeTrial(trial_index=1, stimulus_id="9" * 32, judged_human=True, confidence=2, **at))
            for question_id, answer in (("age_band", "25_34"), ("hand", "1-2"), ("gave_it_away", "-\r\nno")):
                db.add(QuestionAnswer(question_id=question_id, answer=answer, **at))
            found.recruitment_id_until, found.device, found.breaks_taken = "2027-01-01", "phone", 1
            exclude(db, found.participant_id, reason="a reason of ten letters", who="us")


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_export_import_export_are_the_same_bytes(app: Flask, study: Study, tmp_path: Path) -> None:
    Participant(app).finish()
    Participant(app).begin().answer("computer", 1)
    Participant(app).finish().withdraw()
    Participant(app).begin().withdraw()
    Participant(app).send()
    Participant(app).send({"agrees": "1"})
    fill_around(study)
    first = export(study, tmp_path / "first")
    for name in ("screening", "practice", "questions", "exclusions", "events"):
        assert read_table(first, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        store = open_store(tmp_path / "again" / "study.sqlite3")
    second = bring_back(store, first, tmp_path)
    assert read_files(second) == read_files(first)
    with store.read() as db:
        assert count_taken(db) == recount(db) == {}
        codes = db.scalars(select(StudySession.withdrawal_code)).all()
    assert len(set(codes)) == len(codes) == 4
    store.close()


@pytest.mark.parametrize("paradigm", ["two_afc", "rating"])
def test_pairs_and_ratings_come_back_too(data_folder: Path, tmp_path: Path, paradigm: str) -> None:
    app = create_app(make_config(data_folder, trials={"paradigm": paradigm, "repeats": 1}))
    study: Study = app.extensions["study"]
    take_part(study, paradigm)
    first = export(study, tmp_path / "first")
    study.store.close()
    trials = read_table(first, "trials")
    if paradigm == "two_afc":
        assert [row["trial_index"] for row in trials] == ["1", "3", "5", "7", "9"]
        assert {row["chose_first"] for row in trials} == {"1"}
        assert {(row["heard_s"], row["second_heard_s"]) for row in trials} == {("5.0", "6.0")}
        assert all((row["system"] == "human") != (row["second_system"] == "human") for row in trials)
        assert "judged_human" not in trials[0]
    else:
        assert {row["rating"] for row in trials} == {"4"}
        assert {"judged_human", "confidence", "chose_first"}.isdisjoint(trials[0])
    store = open_store(tmp_path / "again" / "study.sqlite3")
    assert read_files(bring_back(store, first, tmp_path)) == read_files(first)
    store.close()


def take_part(study: Study, paradigm: str) -> None:
    """Answer a whole session of pairs or of ratings."""
    with study.store.write() as db:
        session = services.arrive(db, study.protocol, is_simulated=False)
        services.consent(session)
        services.start(db, session, study.protocol)
        ids = [trial.trial_id for trial in session.trials]
    shared: dict[str, Any] = {"knows_tune": False, "language": "en"}
    if paradigm == "rating":
        for trial_id in ids:
            services.judge(study.store, session.session_id, trial_id, Answer(rating=4, **shared))
        return
    for first in ids[::2]:
        answers = [
            Answer(judged_human=is_human, confidence=2, heard_s=heard_s, **shared)
            for is_human, heard_s in ((True, 5.0), (False, 6.0))
        ]
        judge_pair(study.store, session.session_id, first, answers)


def test_simulated_listeners_come_back_as_simulated(
    app: Flask, study: Study, empty: Store, tmp_path: Path
) -> None:
    Participant(app, is_simulated=True).finish()
    first = export(study, tmp_path / "first", is_simulated=True)
    assert read_files(bring_back(empty, first, tmp_path, is_simulated=True)) == read_files(first)


def test_a_zip_file_is_imported_by_the_command(
    app: Flask, study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Participant(app).finish()
    first = export(study, tmp_path / "first")
    write_zip(first, list_files(first), tmp_path / "data-set.zip")
    config = tmp_path / "config.yaml"
    config.write_text("title: Replication\n")
    study_of = ["--config", str(config), "--data-dir", str(tmp_path / "r")]
    main([*study_of, "import", str(tmp_path / "data-set.zip")])
    said = capsys.readouterr().out
    assert said == f"8 judgments of {tmp_path / 'data-set.zip'} are in {tmp_path / 'r' / 'study.sqlite3'}\n"
    exported = tmp_path / "r/export"
    exported.mkdir()
    (exported / "who-is-who.csv").write_text("a list that nobody may see")
    main([*study_of, "export", "--zip", str(exported / "2.zip")])
    assert f"8 judgments by real participants are in {exported}" in capsys.readouterr().out
    with zipfile.ZipFile(exported / "2.zip") as archive:
        packed = {name.removeprefix("export/"): archive.read(name) for name in archive.namelist()}
    assert packed == read_files(first)


def test_results_of_a_data_set_are_open_until_somebody_new_takes_part(
    app: Flask, study: Study, empty: Store, tmp_path: Path
) -> None:
    Participant(app).finish()
    import_data_set(empty, export(study, tmp_path / "first"))
    with empty.read() as db:
        assert is_open(db, study.config)
    with empty.write() as db:
        services.arrive(db, study.protocol, is_simulated=True)
        assert is_open(db, study.config)
        services.arrive(db, study.protocol, is_simulated=False)
        assert not is_open(db, study.config)
        with pytest.raises(BlindError, match="1 of 2 participants have finished"):
            look(db, study.config, "", who="us")


def test_a_store_that_holds_something_is_left_alone(app: Flask, study: Study) -> None:
    Participant(app).finish()
    folder = export(study)
    with pytest.raises(StudyError, match=r"not empty \(1 protocols, 1 sessions\); nothing was changed"):
        import_data_set(study.store, folder)


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text in a file of a data set, which must be there."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", errors="surrogateescape")


def test_everything_that_is_wrong_is_said_at_once(
    app: Flask, study: Study, empty: Store, tmp_path: Path
) -> None:
    Participant(app).finish()
    folder = export(study, tmp_path / "first")
    trials = folder / name_table("trials")
    lines = trials.read_text().splitlines()
    cells = lines[1].split(",")
    cells[lines[0].split(",").index("confidence")] = "sure"
    lines[1] = ",".join(cells)
    lines[2] += ",1"
    lines[3] = lines[3].replace(cells[2], "f" * 32)
    trials.write_text("\n".join(lines) + "\n")
    with pytest.raises(ResponsesError) as refused:
        import_data_set(empty, folder)
    message = str(refused.value)
    assert "cannot be imported, and nothing was" in message
    assert "trials_data.csv, line 2: confidence is 'sure', which is no integer" in message
    assert "line 3: 26 cells, but the header has 25" in message
    assert f"trials, line 4: there is no participant '{'f' * 32}'" in message
    with empty.read() as db:
        assert db.scalar(select(func.count()).select_from(StudySession)) == 0


@pytest.mark.parametrize(
    ("altered", "message"),
    [
        (("protocol.json", '"seed": 2018', '"seed": 2019'), r"have the hash [0-9a-f]{12}: one of them was"),
        ((name_table("trials"), "judged_human", "verdict"), r"column 'verdict' is not one of this version's"),
        ((name_table("trials"), "participant_id", "language"), r"column 'participant_id' is missing"),
        ((name_table("participants"), ",arrived_on,", ","), r"column 'arrived_on' is missing"),
        ((name_table("stimuli"), ",n_notes,", ","), r"column 'n_notes' is missing"),
        (
            (name_table("participants"), f",{TODAY},", ",23.11.2026,"),
            r"arrived_on is '23.11.2026', which is no",
        ),
        ((name_table("participants"), ",desktop,", ",\udce9,"), r"participants_data\.csv: .*utf-8.*0xe9"),
        (("flow.json", "{", ""), r"flow\.json: "),
        (("flow.json", '"removed"', '"gone"'), r"flow\.json: removed: Field required"),
        (
            ("flow.json", '"n_finished": 1', '"n_finished": -1'),
            r"early_looks\.0\.n_finished: Input should be",
        ),
        (("protocol.json", '"protocols"', '"plans"'), r"protocol\.json: protocols: Field required"),
        (("protocol.json", '"first_used_on": "2', '"first_used_on": "x2'), r"first_used_on: Input should be"),
    ],
)
def test_what_was_altered_is_named(
    app: Flask, study: Study, empty: Store, tmp_path: Path, altered: tuple[str, str, str], message: str
) -> None:
    person = Participant(app)
    person.headers = {"User-Agent": "X11"}
    person.finish()
    folder = export(study, tmp_path / "first")
    change(folder, *altered)
    with pytest.raises(ResponsesError, match=message):
        import_data_set(empty, folder)


def test_a_stimulus_that_no_protocol_has_is_named(
    app: Flask, study: Study, empty: Store, tmp_path: Path
) -> None:
    Participant(app).begin().answer()
    folder = export(study, tmp_path / "first")
    heard = read_table(folder, "trials")[0]["stimulus_id"]
    change(folder, name_table("trials"), heard, "e" * 32)
    with pytest.raises(ResponsesError, match=rf"trials, line 2: stimulus_id '{'e' * 32}' is unknown"):
        import_data_set(empty, folder)


def test_a_protocol_that_is_none_of_the_data_sets_is_named(
    app: Flask, study: Study, empty: Store, tmp_path: Path
) -> None:
    Participant(app).begin().answer()
    folder = export(study, tmp_path / "first")
    change(folder, name_table("participants"), study.protocol.sha256, "e" * 64)
    with pytest.raises(
        ResponsesError, match=rf"participants, line 2: protocol_sha256 '{'e' * 64}' is unknown"
    ):
        import_data_set(empty, folder)


def test_a_row_that_stands_twice_is_refused(app: Flask, study: Study, empty: Store, tmp_path: Path) -> None:
    Participant(app).begin().answer()
    folder = export(study, tmp_path / "first")
    trials = folder / name_table("trials")
    trials.write_text(trials.read_text() + trials.read_text().splitlines()[1] + "\n")
    with pytest.raises(ResponsesError, match=r"nothing was: a row stands in it twice"):
        import_data_set(empty, folder)


def test_files_that_are_missing_are_named(empty: Store, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ResponsesError, match=r"protocol\.json: .*No such[\s\S]*stimuli_data\.csv: missing"):
        import_data_set(empty, tmp_path / "nothing")


def test_many_problems_are_counted(app: Flask, study: Study, empty: Store, tmp_path: Path) -> None:
    for _ in range(4):
        Participant(app).finish()
    folder = export(study, tmp_path / "first")
    people = folder / name_table("participants")
    people.write_text(people.read_text().splitlines()[0] + "\n")
    with pytest.raises(ResponsesError, match=r"\n  and 12 more$"):
        import_data_set(empty, folder)


def test_other_files_than_data_sets_are_refused(empty: Store, tmp_path: Path, config: Config) -> None:
    text = tmp_path / "notes.zip"
    text.write_text("no")
    with pytest.raises(ResponsesError, match=r"notes\.zip is not a ZIP file that can be read"):
        import_data_set(empty, text)
    write_zip(config.folders.stimuli, list_files(config.folders.stimuli), tmp_path / "damaged.zip")
    content = bytearray((tmp_path / "damaged.zip").read_bytes())
    content[2000:2100] = b"?" * 100
    (tmp_path / "damaged.zip").write_bytes(content)
    with pytest.raises(ResponsesError, match=r"damaged\.zip is not a ZIP file that can be read"):
        import_data_set(empty, tmp_path / "damaged.zip")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "readme").write_text(json.dumps(config.title))
    write_zip(tmp_path / "other", [Path("readme")], tmp_path / "other.zip")
    with pytest.raises(ResponsesError, match=r"other\.zip holds no data set: there is no protocol\.json"):
        import_data_set(empty, tmp_path / "other.zip")
