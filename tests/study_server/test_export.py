"""The data set: documented rows, the same bytes each time, nobody in it, safe in whatever reads it."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.errors import ResponsesError
from study_server.app import create_app
from study_server.dataset import rows
from study_server.dataset.archive import list_files, write_zip
from study_server.dataset.dictionary import TABLES, list_undescribed_fields
from study_server.exclusion import exclude, readmit
from study_server.flags import settle_all
from study_server.study import Study
from study_server.tables import Protocol, RecruitmentId, StudySession, Table, Unblinding
from study_server.unblinding import BlindError
from tests.study_server.exporting import REASON, export, read_files, read_table
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config
from tests.study_server.psychds import check

NEEDS_R = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
RENAMED = {
    "correct_answer": "correct_interval",
    "answer": "answered_interval",
    "answered_at": "answered_after_s",
    "judged_at": "judged_after_s",
    "feedback_seen_at": "feedback_seen_after_s",
    "arrived_at": "arrived_on",
    "language": "session_language",
    "duration_s": "session_duration_s",
    "excluded_at": "is_excluded",
}
"""Columns of the store that the data set has in another form."""
KEPT_BACK = {
    *("session_id", "trial_id", "screening_trial_id", "practice_trial_id", "withdrawal_code"),
    *("completion_code", "audio_token", "last_seen_at", "draw_seed", "draw_counts", "holds_places"),
    *("n_stalls", "n_load_errors"),  # sums of the trials'
    *rows.EVENTS.values(),  # a row each in the events
}
"""Columns of the store that no data set holds under any name."""


@pytest.fixture
def heard(app: Flask, study: Study) -> Path:
    """Return the data set of one who finished and one who stopped."""
    Participant(app).finish()
    Participant(app).begin().answer("computer", 2, knows_tune="1")
    return export(study)


def test_every_column_of_the_store_is_exported_or_kept_back() -> None:
    exported = {name for table in TABLES.values() for name in table.columns}
    tables = ("sessions", "trials", "judgments", "screening_trials", "practice_trials", "question_answers")
    for table in tables:
        for column in Table.metadata.tables[table].columns:
            names = {column.name, RENAMED.get(column.name, column.name)}
            assert names & (exported | KEPT_BACK), f"{table}.{column.name}: describe it, or keep it back"
    assert not KEPT_BACK & exported


def test_who_ends_while_an_export_begins_is_in_it_with_what_is_noticed_of_them(
    app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    Participant(app).finish()

    def end_just_after(*given: Any) -> int:
        monkeypatch.setattr("study_server.export.settle_all", settle_all)
        assert settle_all(*given) == 0
        with study.store.write() as db:
            db.execute(update(StudySession).values(flags=None))
        return 0

    monkeypatch.setattr("study_server.export.settle_all", end_just_after)
    (row,) = read_table(export(study), "participants")
    assert row["flags"] == "one answer"


def test_every_field_of_a_stimulus_is_described_and_keys_are_columns() -> None:
    assert not list_undescribed_fields()
    assert all(set(table.key) <= set(table.columns) for table in TABLES.values())


def test_a_row_says_what_was_heard_and_answered(heard: Path, study: Study) -> None:
    (row,) = [row for row in read_table(heard, "trials") if row["session_status"] == "unfinished"]
    stimulus = study.protocol.by_id[row["stimulus_id"]]
    assert (row["clip_id"], row["system"]) == (stimulus.clip_id, stimulus.system)
    assert (row["judged_human"], row["confidence"], row["knows_tune"]) == ("0", "2", "1")
    assert (row["heard_s"], row["n_plays"], row["stalls"], row["answer_time_s"]) == ("6.0", "1", "0", "7.5")
    assert (row["trial_index"], row["is_simulated"], row["passed_checks"]) == ("1", "0", "")
    assert (row["study_version"], row["protocol_sha256"]) == ("v1", study.protocol.sha256)


def test_stimuli_carry_their_provenance_as_text_and_numbers(heard: Path, study: Study) -> None:
    found = read_table(heard, "stimuli")
    assert len(found) == len(study.protocol.stimuli)
    for row in found:
        for name, value in dataclasses.asdict(study.protocol.by_id[row["stimulus_id"]]).items():
            shown = f"'{value}" if name == "seed" else repr(value) if isinstance(value, float) else str(value)
            assert row[name] == shown


def test_the_same_store_gives_the_same_bytes_zipped_too(app: Flask, study: Study, tmp_path: Path) -> None:
    for _ in range(3):
        Participant(app).finish()
    folders = [export(study, tmp_path / name / "data-set") for name in ("one", "two")]
    assert read_files(folders[0]) == read_files(folders[1])
    archives = [folder.with_suffix(".zip") for folder in folders]
    for folder, archive in zip(folders, archives, strict=True):
        write_zip(folder, list_files(folder), archive)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        assert archive.read("data-set/flow.json") == (folders[0] / "flow.json").read_bytes()


def test_rows_are_sorted_by_an_id_that_tells_nothing(app: Flask, study: Study) -> None:
    for _ in range(3):
        Participant(app).finish()
    keys = [(row["participant_id"], int(row["trial_index"])) for row in read_table(export(study), "trials")]
    assert len(keys) == 24
    assert keys == sorted(keys)


def test_batches_are_no_larger_than_their_listeners(
    app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LISTENERS_AT_ONCE", 2)
    for _ in range(5):
        Participant(app).finish()
    with study.store.read() as db:
        protocols = rows.read_protocols(db, is_simulated=False)
        sizes = [len(batch["trials"]) for batch in rows.read_batches(db, protocols, is_simulated=False)]
    assert sizes == [16, 16, 8]
    assert len(read_table(export(study), "participants")) == 5


def test_real_and_simulated_participants_are_exported_apart(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    Participant(app, is_simulated=True).finish()
    assert [row["is_simulated"] for row in read_table(export(study), "trials")] == ["0"]
    simulated = export(study, is_simulated=True)
    assert [row["is_simulated"] for row in read_table(simulated, "trials")] == ["1"] * 8
    assert json.loads((simulated / "flow.json").read_text())["finished"] == 1


def test_before_the_stop_rule_a_reason_is_needed_and_kept(app: Flask, study: Study) -> None:
    Participant(app).finish()
    Participant(app).begin()  # who has not finished does not count, nor who took part in another version
    later = create_app(study.config.model_copy(update={"version": "2"}))
    Participant(later).finish()
    later.extensions["study"].store.close()
    with pytest.raises(BlindError, match=r"1 of 2 participants have finished.*--unblind"):
        export(study, reason="  too short ")
    assert not study.config.folders.export.exists()
    looks = json.loads((export(study) / "flow.json").read_text())["early_looks"]
    assert [(look["reason"], look["n_finished"]) for look in looks] == [(REASON, 1)]


def test_after_the_stop_rule_nothing_is_logged(app: Flask, study: Study) -> None:
    for _ in range(2):
        Participant(app).finish()
    export(study, reason="")
    with study.store.read() as db:
        assert db.query(Unblinding).count() == 0


def test_an_empty_export_says_what_there_is_instead(app: Flask, study: Study) -> None:
    Participant(app, is_simulated=True).begin().answer()
    with pytest.raises(ResponsesError, match=r"real participants; there are 1 by simulated.*with --simul"):
        export(study)


def test_an_export_of_no_bots_points_to_the_people(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with pytest.raises(ResponsesError, match=r"simulated participants; there are 1 by real.*without --sim"):
        export(study, is_simulated=True)


def test_who_withdrew_is_in_no_later_export_but_in_the_flow(app: Flask, study: Study) -> None:
    Participant(app).finish()
    Participant(app).finish().withdraw()
    Participant(app).send()
    folder = export(study)
    assert len(read_table(folder, "participants")) == 1
    flow = json.loads((folder / "flow.json").read_text())
    stages = {"arrived": 3, "consented": 2, "started": 2, "finished": 2, "withdrawn": 1}
    assert {stage: flow[stage] for stage in stages} == flow["by_study_version"]["1"] == stages
    (removed,) = flow["removed"]
    assert (removed["what"], removed["participants"], removed["judgments"]) == ("withdrawn", 1, 8)


def test_nothing_in_any_file_tells_who_it_was_or_at_what_time(app: Flask, study: Study) -> None:
    visitor = Participant(app).open("/?PROLIFIC_PID=5f8a9b2c3d4e5f60718293a4").finish()
    with study.store.read() as db:
        found = db.scalars(select(StudySession)).one()
        trial = found.trials[0]
        private = [found.session_id, found.withdrawal_code, found.completion_code or "-", trial.trial_id]
        private += [trial.audio_token, db.scalars(select(RecruitmentId)).one().recruitment_id]
        moment = found.arrived_at[11:16]
    assert visitor.path == "/thanks"
    folder = export(study)
    assert read_table(folder, "participants")[0]["recruitment_id_until"].startswith("20")
    for name, data in read_files(folder).items():
        if not name.endswith(".parquet"):
            assert not [it for it in private if it.encode() in data], name
            assert not re.search(rf"T{moment}|\d\d:\d\d:\d\d".encode(), data), name


def test_whom_the_researcher_excludes_is_marked_with_the_reason(app: Flask, study: Study) -> None:
    Participant(app).finish()
    Participant(app).finish()
    with study.store.write() as db:
        for found in db.scalars(select(StudySession)).all():
            exclude(db, found.participant_id, reason="came twice, says the log", who="us")
        readmit(db, found.participant_id, reason="no, it was another one", who="us")
    folder = export(study)
    people = {row["participant_id"]: row["is_excluded"] for row in read_table(folder, "participants")}
    assert sorted(people.values()) == ["0", "1"]
    assert people[found.participant_id] == "0"
    decisions = read_table(folder, "exclusions")
    assert len(decisions) == 3
    own = [it for it in decisions if it["participant_id"] == found.participant_id]
    assert [(it["change_index"], it["change"]) for it in own] == [("1", "excluded"), ("2", "readmitted")]
    assert {it["change_reason"] for it in own} == {"came twice, says the log", "no, it was another one"}


def test_it_is_valid_by_the_rules_of_psychds(heard: Path) -> None:
    verdict = check(heard)
    assert verdict.problems == []
    assert verdict.hints == ["missing: results", "missing: materials"]


def test_the_check_finds_what_psychds_calls_an_error(heard: Path) -> None:
    (heard / "data/Responses.csv").write_text("a\n1\n")
    trials = heard / "data/description-trials_data.csv"
    trials.write_text(trials.read_text().replace("judged_human", "verdict", 1) + "1,2\n")
    description = json.loads((heard / "dataset_description.json").read_text())
    del description["name"], description["@context"]
    (heard / "dataset_description.json").write_text(json.dumps(description | {"@type": "Data"}))
    (heard / "notes.txt").write_text("mine")
    verdict = check(heard)
    assert [problem.split()[0] for problem in verdict.problems] == [
        "JSON_KEY_REQUIRED",
        "no",
        "INCORRECT_DATASET_TYPE",
        "FILENAME_KEYWORD_FORMATTING_ERROR",
        "CSV_HEADER_LENGTH_MISMATCH",
        "CSV_COLUMN_MISSING_FROM_METADATA",
        "VARIABLE_MISSING_FROM_CSV_COLUMNS",
    ]
    assert "FILE_NOT_CHECKED notes.txt" in verdict.hints


def test_a_second_export_replaces_ours_and_leaves_what_others_put_there(heard: Path, study: Study) -> None:
    (heard / "data/description-old_data.csv").write_text("old\n")
    (heard / "paper.docx").write_text("mine")
    export(study)
    assert not (heard / "data/description-old_data.csv").exists()
    assert (heard / "paper.docx").read_text() == "mine"
    assert not list(heard.parent.glob(".export.*"))


def test_the_frozen_plan_stands_beside_the_tables(heard: Path, study: Study) -> None:
    (protocol,) = json.loads((heard / "protocol.json").read_text())["protocols"]
    assert protocol["protocol_sha256"] == study.protocol.sha256
    assert protocol["config"]["analysis"] == study.config.analysis.model_dump(mode="json")


def test_a_changed_protocol_is_told_key_by_key(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with study.store.write() as db:
        first = db.scalars(select(Protocol)).one()
        later = {**first.config, "seed": 7, "version": "2"}
        used = {"first_used_at": "2999-01-01T00:00:00.000Z", "stimuli": first.stimuli, "study_version": "2"}
        db.add(Protocol(protocol_sha256="f" * 64, config=later, **used))
        db.flush()
        db.add(StudySession(study_version="2", protocol_sha256="f" * 64))
    changes = (export(study) / "CHANGES.md").read_text()
    assert changes.index("## v1") < changes.index("## v2, from 2999-01-01")
    assert f"* seed: was {study.config.seed}, is 7" in changes


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with study.store.write() as db:
        protocol = db.query(Protocol).one()
        protocol.stimuli = [it | {"corpus": "=HYPERLINK(1)", "piece_id": "007"} for it in protocol.stimuli]
        db.execute(update(StudySession).values(language="@SUM(A1)"))
    folder = export(study)
    row = read_table(folder, "stimuli")[0]
    assert (row["corpus"], row["piece_id"], float(row["gain_db"])) == ("'=HYPERLINK(1)", "'007", -1.25)
    assert read_table(folder, "participants")[0]["session_language"] == "'@SUM(A1)"


def test_pandas_reads_it_with_the_right_types(heard: Path) -> None:
    script = heard / "analysis/load.py"
    shown = "print(len(judged), trials.judged_human.dtype, trials.heard_s.dtype, trials.participant_id.dtype)"
    script.write_text(f"{script.read_text()}\n{shown}\n")
    printed = subprocess.run(
        [sys.executable, script], cwd=heard, capture_output=True, text=True, check=True
    ).stdout
    assert re.fullmatch(r"9 int64 float64 (str|object|string)\n", printed)
    stimuli = pd.read_csv(heard / "data/description-stimuli_data.csv")
    assert pd.api.types.is_string_dtype(stimuli["seed"])
    assert stimuli["n_notes"].dtype == "int64"


@NEEDS_R
def test_r_reads_it_with_the_right_types(heard: Path) -> None:
    shown = """
    source("analysis/load.R")
    cat(nrow(judged), sapply(trials[c("judged_human", "heard_s", "participant_id", "study_version")], class),
        class(stimuli$seed), class(stimuli$n_notes))
    """
    printed = subprocess.run(
        ["Rscript", "-e", shown], cwd=heard, capture_output=True, text=True, check=True
    ).stdout
    assert printed == "9 integer numeric character character character integer"


def test_the_scripts_are_those_of_the_readme(heard: Path) -> None:
    readme = (heard / "README.md").read_text()
    for name, fence in (("load.py", "python"), ("load.R", "r")):
        block = re.search(rf"```{fence}\n(.*?)\n```", readme, re.DOTALL)
        assert block is not None
        assert block[1] in (heard / "analysis" / name).read_text()


def test_parquet_holds_the_same_rows_typed(heard: Path) -> None:
    from pyarrow import parquet

    for name in ("trials", "participants", "stimuli", "events"):
        typed = parquet.read_table(heard / f"parquet/{name}.parquet")
        text = read_table(heard, name)
        assert typed.column_names == list(text[0])
        for cells, values in zip(text, typed.to_pylist(), strict=True):
            for column, value in values.items():
                shown = "" if value is None else str(int(value) if isinstance(value, bool) else value)
                assert cells[column].removeprefix("'") == shown
    assert str(parquet.read_schema(heard / "parquet/trials.parquet").field("judged_human").type) == "bool"


def test_repeats_and_catch_trials_are_told_from_first_judgments(data_folder: Path) -> None:
    app = create_app(make_config(data_folder, trials={"repeats": 1, "catch": ["gan"]}))
    Participant(app).finish("computer")
    folder = export(app.extensions["study"])
    app.extensions["study"].store.close()
    found = read_table(folder, "trials")
    kinds = [row["trial_kind"] for row in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {"main": 6, "catch": 2, "repeat": 1}
    assert all((row["system"] == "gan") == (row["trial_kind"] == "catch") for row in found)
    assert {row["passed_checks"] for row in found} == {"1"}


def test_a_pair_with_a_clip_that_checks_attention_is_a_check(data_folder: Path) -> None:
    app = create_app(make_config(data_folder, trials={"paradigm": "two_afc", "catch": ["gan"]}))
    for _ in range(3):  # on either side
        Participant(app).finish()
    folder = export(app.extensions["study"])
    app.extensions["study"].store.close()
    found = read_table(folder, "trials")
    is_check = ["gan" in (row["system"], row["second_system"]) for row in found]
    assert [row["trial_kind"] == "catch" for row in found] == is_check
    assert is_check.count(True) == 6


def test_a_failed_check_is_told_where_the_rule_reads_it(data_folder: Path) -> None:
    app = create_app(make_config(data_folder, trials={"catch": ["gan"]}))
    study = app.extensions["study"]
    Participant(app).finish("human")
    folder = export(study)
    assert {row["passed_checks"] for row in read_table(folder, "trials")} == {"0"}
    assert "failed attention" in read_table(folder, "participants")[0]["flags"]
    for flags, passed in (("was away;failed headphones", "0"), ("was away", "1")):
        with study.store.write() as db:
            db.execute(update(StudySession).values(flags=flags))
        assert {row["passed_checks"] for row in read_table(export(study), "trials")} == {passed}
    study.store.close()
