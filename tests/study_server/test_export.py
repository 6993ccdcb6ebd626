"""The data set: a documented row per judgment, the same bytes each time, safe in a spreadsheet."""

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from study_core.errors import ResponsesError
from study_core.types import Stimulus
from study_server.app import create_app
from study_server.dictionary import COLUMNS, list_undescribed_fields
from study_server.export import BlindError, export_data_set, write_data_set
from study_server.study import Study
from study_server.tables import Protocol, StudySession, Unblinding
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

FIRST_COLUMNS = [
    "study_version",
    "protocol_sha256",
    "participant_id",
    "is_simulated",
    "session_status",
    "trial_index",
    "stimulus_id",
    "clip_id",
    "system",
    "judged_human",
    "confidence",
    "knows_tune",
    "heard_s",
    "n_plays",
    "stalls",
    "answer_time_s",
    "judged_at",
]
REASON = "because this is a test"


def export_rows(study: Study, **options: Any) -> list[dict[str, str]]:
    """Return the rows of an export."""
    options = {"is_simulated": False, "reason": REASON} | options
    data_set = export_data_set(study.store, study.config, **options)
    return list(csv.DictReader(io.StringIO(data_set.responses.decode())))


def test_columns_stand_in_the_declared_order_and_all_are_described(app: Flask, study: Study) -> None:
    Participant(app).finish()
    columns = list(export_rows(study)[0])
    provenance = [f.name for f in dataclasses.fields(Stimulus) if f.name not in FIRST_COLUMNS]
    assert columns[:17] == FIRST_COLUMNS
    assert set(columns[17:]) >= set(provenance)
    assert columns == list(COLUMNS)
    assert not list_undescribed_fields()
    assert all(column["description"] for column in COLUMNS.values())


def test_a_row_says_what_was_heard_and_answered(app: Flask, study: Study) -> None:
    Participant(app).begin().answer("computer", 2, knows_tune="1")
    (row,) = export_rows(study)
    stimulus = study.protocol.by_id[row["stimulus_id"]]
    assert (row["clip_id"], row["system"], row["seed"]) == (
        stimulus.clip_id,
        stimulus.system,
        str(stimulus.seed),
    )
    assert (row["judged_human"], row["confidence"], row["knows_tune"]) == ("0", "2", "1")
    assert (row["heard_s"], row["n_plays"], row["stalls"], row["answer_time_s"]) == ("6.0", "1", "0", "7.5")
    assert (row["session_status"], row["trial_index"], row["is_simulated"]) == ("unfinished", "1", "0")
    assert (row["study_version"], row["protocol_sha256"]) == ("1", study.protocol.sha256)
    assert row["judged_at"].endswith("Z")


def test_a_row_carries_every_field_of_its_stimulus(app: Flask, study: Study) -> None:
    Participant(app).finish()
    for row in export_rows(study):
        for name, value in dataclasses.asdict(study.protocol.by_id[row["stimulus_id"]]).items():
            assert row[name] == (repr(value) if isinstance(value, float) else str(value))


def test_the_same_store_gives_the_same_bytes(app: Flask, study: Study) -> None:
    for _ in range(3):
        Participant(app).finish()
    exports = [export_data_set(study.store, study.config, is_simulated=False) for _ in range(2)]
    assert exports[0] == exports[1]
    rows = export_rows(study)
    assert [int(row["trial_index"]) for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8] * 3


def test_real_and_simulated_participants_are_exported_apart(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    Participant(app, is_simulated=True).finish()
    assert [row["is_simulated"] for row in export_rows(study)] == ["0"]
    assert [row["is_simulated"] for row in export_rows(study, is_simulated=True)] == ["1"] * 8


def test_before_the_stop_rule_a_reason_is_needed_and_kept(app: Flask, study: Study) -> None:
    Participant(app).finish()
    with pytest.raises(BlindError, match=r"1 of 2 participants have finished.*--unblind"):
        export_data_set(study.store, study.config, is_simulated=False, reason="  too short ")
    export_data_set(study.store, study.config, is_simulated=False, reason=REASON)
    with study.store.read() as db:
        (look,) = db.query(Unblinding).all()
    assert (look.reason, look.n_finished, look.study_version) == (REASON, 1, "1")


def test_after_the_stop_rule_nothing_is_logged(app: Flask, study: Study) -> None:
    for _ in range(2):
        Participant(app).finish()
    export_data_set(study.store, study.config, is_simulated=False)
    with study.store.read() as db:
        assert db.query(Unblinding).count() == 0


def test_an_empty_export_says_what_there_is_instead(app: Flask, study: Study) -> None:
    Participant(app, is_simulated=True).begin().answer()
    with pytest.raises(
        ResponsesError, match=r"real participants; there are 1 by simulated.*with --simulated"
    ):
        export_data_set(study.store, study.config, is_simulated=False)


def test_an_export_of_no_bots_points_to_the_people(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with pytest.raises(
        ResponsesError, match=r"simulated participants; there are 1 by real.*without --simulated"
    ):
        export_data_set(study.store, study.config, is_simulated=True)


def test_who_withdrew_is_in_no_later_export_but_in_the_flow(app: Flask, study: Study) -> None:
    Participant(app).finish()
    Participant(app).finish().withdraw()
    Participant(app).send()
    data_set = export_data_set(study.store, study.config, is_simulated=False, reason=REASON)
    assert data_set.n_judgments == 8
    stages = {"arrived": 3, "consented": 2, "started": 2, "finished": 2, "withdrawn": 1}
    assert data_set.flow == {"is_simulated": False, **stages, "by_study_version": {"1": stages}}


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    with study.store.write() as db:
        protocol = db.query(Protocol).one()
        protocol.stimuli = [stimulus | {"corpus": "=HYPERLINK(1)"} for stimulus in protocol.stimuli]
        db.execute(update(StudySession).values(study_version="@2"))
    (row,) = export_rows(study)
    assert (row["corpus"], row["study_version"]) == ("'=HYPERLINK(1)", "'@2")
    assert float(row["gain_db"]) == -1.25  # a number stays one


def test_the_three_files_are_written(app: Flask, study: Study) -> None:
    Participant(app).begin().answer()
    data_set = export_data_set(study.store, study.config, is_simulated=False, reason=REASON)
    path = write_data_set(data_set, study.config.folders.export)
    assert path == study.config.folders.export / "responses.csv"
    assert path.read_bytes() == data_set.responses
    dictionary = json.loads(path.with_suffix(".json").read_text())
    assert list(dictionary["columns"]) == path.read_text().split("\n")[0].split(",")
    assert json.loads((path.parent / "flow.json").read_text())["started"] == 1


def test_repeats_and_catch_trials_are_told_from_first_judgments(data_folder: Path) -> None:
    trials = {"repeats": 1, "catch": ["gan"]}
    app = create_app(make_config(data_folder, trials=trials))
    Participant(app).finish()
    rows = export_rows(app.extensions["study"])
    app.extensions["study"].store.close()
    kinds = [row["trial_kind"] for row in rows]
    assert {kind: kinds.count(kind) for kind in kinds} == {"main": 6, "catch": 2, "repeat": 1}
    assert all((row["system"] == "gan") == (row["trial_kind"] == "catch") for row in rows)
    first = [row["clip_id"] for row in rows if row["trial_kind"] == "main"]
    assert [row["clip_id"] in first for row in rows if row["trial_kind"] == "repeat"] == [True]
