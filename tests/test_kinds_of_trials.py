"""Repeats and catch trials, from the server's export to the report's numbers."""

import csv
import json
from pathlib import Path

import pytest

from study_core.cli import main
from study_server import services
from study_server.app import create_app
from study_server.export import export_data_set
from study_server.services import Answer
from study_server.study import Study
from tests.study_server.made_study import make_config, make_stimuli

N_LISTENERS = 6


def take_part(study: Study, number: int) -> None:
    """Answer a whole session: some clips "human", a catch clip "computer", and every repeat otherwise."""
    with study.store.write() as db:
        session = services.arrive(db, study.protocol, is_simulated=False)
        services.consent(session)
        services.start(db, session, study.protocol)
        trials = [(trial.trial_id, trial.trial_kind, trial.stimulus_id) for trial in session.trials]
    for trial_id, kind, stimulus_id in trials:
        says_human = kind != "catch" and (number + int(stimulus_id, 36)) % 3 == 0
        answer = Answer(
            judged_human=says_human != (kind == "repeat"), confidence=2, knows_tune=False, heard_s=6.0
        )
        services.judge(study.store, session.session_id, trial_id, answer)


def test_only_first_judgments_are_estimated_and_repeats_tell_reliability(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make_stimuli(tmp_path / "data" / "stimuli")
    trials = {"repeats": 2, "catch": ["gan"]}
    study: Study = create_app(make_config(tmp_path / "data", trials=trials)).extensions["study"]
    for number in range(N_LISTENERS):
        take_part(study, number)
    export_data_set(study.store, study.config, study.config.folders.export, is_simulated=False)
    study.store.close()
    with study.config.folders.responses.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == N_LISTENERS * 10
    (tmp_path / "config.yaml").write_text("title: A made study\n", encoding="utf-8")
    main(["--config", str(tmp_path / "config.yaml"), "analyze"])
    numbers = json.loads((tmp_path / "data/report/numbers.json").read_text(encoding="utf-8"))
    found = numbers["with_exclusions"]
    lstm = [row for row in rows if row["system"] == "lstm" and row["trial_kind"] == "main"]
    fooled = sum(row["judged_human"] == "1" for row in lstm) / len(lstm)
    assert [it["fooling"]["system"] for it in found["generators"]] == ["lstm"]  # no catch clip among them
    assert found["generators"][0]["fooling"]["rate"]["value"] == pytest.approx(fooled)
    assert found["reliability"]["n_repeats"] == N_LISTENERS * 2
    assert found["reliability"]["agreement"]["value"] == 0.0  # every second answer was the other one
    left_out = {step["name"]: step["left_out"] for step in numbers["exclusions"]}
    assert left_out["catch trial"] == left_out["clip heard again"] == N_LISTENERS * 2
