"""A data set of `study export` is read as a whole: its trials, its listeners, its plan and its account."""

import json
from pathlib import Path

import pandas as pd

from analysis.responses import read_responses
from study_core.folders import DataFolders, name_table

N_LISTENERS, N_CLIPS = 3, 4


def write_data_set(folder: Path) -> Path:
    """Write the files of a data set that the analysis reads; return its trials."""
    trials = [
        {"participant_id": f"p{i}", "clip_id": f"{system}-{j}", "system": system, "judged_human": (i + j) % 2}
        for i in range(N_LISTENERS)
        for system in ("human", "lstm")
        for j in range(N_CLIPS)
    ]
    people = [
        {"participant_id": f"p{i}", "age_band": "25_34", "reason": f"why {i}"} for i in range(N_LISTENERS)
    ]
    for name, rows in (("trials", trials), ("participants", people)):
        path = folder / name_table(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(path, index=False)
    protocol = {"protocol_sha256": "a" * 64, "config": {"analysis": {"confidence_level": 0.9}}}
    flow = dict.fromkeys(("arrived", "consented", "started", "finished", "withdrawn"), N_LISTENERS)
    (folder / "protocol.json").write_text(json.dumps({"protocols": [protocol]}))
    (folder / "flow.json").write_text(json.dumps(flow | {"removed": []}))
    return folder / name_table("trials")


def test_listeners_plan_and_account_stand_where_the_data_set_has_them(tmp_path: Path) -> None:
    folders = DataFolders(tmp_path)
    assert write_data_set(folders.export) == folders.responses
    responses = read_responses(folders.responses, moderators=("age_band",))
    assert responses.table.groupby("participant_id")["reason"].first().tolist() == ["why 0", "why 1", "why 2"]
    assert responses.moderators == ("age_band",)
    assert responses.flow["finished"] == N_LISTENERS
    assert responses.plan is not None
    assert responses.plan.protocols["a" * 64]["confidence_level"] == 0.9
