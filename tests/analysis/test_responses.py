"""Reading judgments: what is understood, and every message for what is not."""

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.account import STAGES, Look
from analysis.responses import read_responses
from study_core.errors import ResponsesError
from tests.analysis.reading import message, read

HEADER = "participant_id,clip_id,system,judged_human\n"
SOUND = HEADER + "a,h1,human,1\na,g1,gan,0\nb,h1,human,1\nb,g1,gan,1\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trials.csv"


def test_our_export_is_read_whole(path: Path, export: pd.DataFrame) -> None:
    table = read(path, export.to_csv(index=False)).table
    assert len(table) == 96
    assert table["judged_human"].tolist() == export["judged_human"].tolist()
    assert table["heard_s"].dtype == "float64"
    assert "soundfont" not in table


@pytest.mark.parametrize(
    ("human", "computer"),
    [("1", "0"), ("true", "false"), ("TRUE", "False"), ("yes", "no"), ("human", "Computer"), (" 1 ", "0.0")],
)
def test_answers_may_be_written_in_many_ways(path: Path, human: str, computer: str) -> None:
    text = HEADER + f"a,h1,human,{human}\na,g1,gan,{computer}\nb,h1,human,{human}\nb,g1,gan,{human}\n"
    assert read(path, text).table["judged_human"].tolist() == [1, 0, 1, 1]


def test_a_column_may_hold_the_opposite_question(path: Path) -> None:
    text = "who,what,is_fake,said_fake\na,h1,0,0\na,g1,1,1\nb,h1,0,computer\nb,g1,1,human\n"
    names = {"participant_id": "who", "clip_id": "what", "system": "is_fake", "judged_generated": "said_fake"}
    table = read(path, text, names=names, human_system="0").table
    assert table["judged_human"].tolist() == [1, 0, 0, 1]
    assert table["system"].tolist() == ["human", "1", "human", "1"]


def test_ids_stay_text(path: Path) -> None:
    text = HEADER + "007,01,human,1\n007,02,gan,0\n7,01,human,1\n7,02,gan,1\n"
    assert read(path, text).table["participant_id"].tolist() == ["007", "007", "7", "7"]


def test_semicolons_and_a_byte_order_mark_are_understood(path: Path) -> None:
    assert len(read(path, "\ufeff" + SOUND.replace(",", ";")).table) == 4


def test_people_per_stage_are_read_beside_the_table(path: Path) -> None:
    people = {"arrived": 5, "consented": 4, "started": 3, "finished": 2, "withdrawn": 0}
    flow = {"is_simulated": False, **people, "by_study_version": {"1": people}}
    (path.parent / "flow.json").write_text(json.dumps(flow), encoding="utf-8")
    found = read(path, SOUND)
    assert (found.flow, found.looks) == (people, None)


def test_looks_before_the_end_are_read_with_their_reasons(path: Path) -> None:
    people = dict.fromkeys(STAGES, 5)
    look = {"study_version": "1", "looked_on": "2026-03-02", "n_finished": 2, "reason": "a talk"}
    for looks, found in (([], ()), ([look], (Look("1", "2026-03-02", 2, "a talk"),))):
        (path.parent / "flow.json").write_text(json.dumps({**people, "early_looks": looks}), encoding="utf-8")
        assert read(path, SOUND).looks == found


@pytest.mark.parametrize(
    "flow",
    [
        "{",
        '["arrived"]',
        '{"arrived": 5}',
        "null",
        json.dumps(dict.fromkeys(STAGES, 5) | {"early_looks": [1]}),
    ],
)
def test_a_broken_flow_file_is_named(path: Path, flow: str) -> None:
    (path.parent / "flow.json").write_text(flow, encoding="utf-8")
    assert message(path, SOUND).endswith(
        "flow.json is not a count of people per stage. Write it again with `study export`."
    )


def test_a_missing_file_says_who_writes_it(path: Path) -> None:
    with pytest.raises(ResponsesError, match=r"does not exist\. `study export` writes it"):
        read_responses(path)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ResponsesError, match="cannot be read: Is a directory"):
        read_responses(tmp_path)


def test_an_empty_file_says_so(path: Path) -> None:
    assert message(path, "") == "trials.csv is empty; it needs a header and a row per judgment."


def test_a_header_alone_has_no_judgments(path: Path) -> None:
    assert message(path, HEADER) == "trials.csv cannot be analyzed:\n  there are no judgments"


def test_bytes_that_are_no_text_say_so(path: Path) -> None:
    path.write_bytes(HEADER.encode() + b"a,h1,human,1\n\xff\xfe,g1,gan,0\n")
    with pytest.raises(ResponsesError, match="is not a CSV table in UTF-8"):
        read_responses(path)


@pytest.mark.parametrize("text", [SOUND + "a,b,c,1,5,6\n", HEADER + "a,h1,human,1,5\nb,h1,human,1,6\n"])
def test_rows_longer_than_the_header_say_so(path: Path, text: str) -> None:
    assert message(path, text).startswith("trials.csv is not a CSV table in UTF-8: ")


def test_missing_columns_are_named_with_what_there_is(path: Path) -> None:
    text = "subject,clip_id,system\na,h1,human\n"
    assert message(path, text, names={"system": "origin"}) == (
        "trials.csv cannot be analyzed:\n"
        "  column 'origin' is not in the file\n"
        "  column 'participant_id' is missing; rename one, or `study analyze --columns participant_id=NAME`\n"
        "  column 'judged_human' is missing; rename one, or `study analyze --columns judged_human=NAME`\n"
        "  the file has: subject, clip_id, system"
    )


def test_both_questions_at_once_are_refused(path: Path) -> None:
    names = {"judged_human": "judged_human", "judged_generated": "judged_human"}
    assert "give judged_human or judged_generated, not both" in message(path, SOUND, names=names)


def test_all_impossible_values_are_named_at_once_with_their_rows(path: Path) -> None:
    text = (
        "participant_id,clip_id,system,judged_human,confidence,heard_s,session_status,knows_tune\n"
        "a,h1,human,1,3,5,finished,0\n"
        ",g1,gan,maybe,-1,soon,dropped,perhaps\n"
        "b,h1,human,,nan,,,\n"
        "b,g1\n"
    )
    assert message(path, text) == (
        "trials.csv cannot be analyzed:\n"
        "  participant_id: '' in row 3; must be an id\n"
        "  system: '' in row 5; must be a name\n"
        "  judged_human: 'maybe' in row 3, '' in row 4, '' in row 5; "
        'must be 1/0, true/false, yes/no or human/computer, or "not sure" or "I know it"\n'
        "  confidence: '-1' in row 3, 'nan' in row 4; must be a number, 0 or more\n"
        "  knows_tune: 'perhaps' in row 3; must be 1/0, true/false or yes/no\n"
        "  heard_s: 'soon' in row 3; must be seconds, 0 or more\n"
        "  session_status: 'dropped' in row 3; must be finished or unfinished"
    )


def test_many_impossible_values_are_counted(path: Path) -> None:
    text = HEADER + "".join(f"a,h{i},human,x\n" for i in range(9))
    assert "'x' in row 6 and 4 more; must be 1/0" in message(path, text)


def test_repeated_judgments_are_named_by_row(path: Path) -> None:
    assert message(path, SOUND + "a,g1,gan,1\n") == (
        "trials.csv cannot be analyzed:\n"
        "  rows 6 repeat an earlier judgment (same participant_id, clip_id); remove them"
    )


def test_a_planned_repeat_has_a_trial_of_its_own(path: Path) -> None:
    text = (
        HEADER.replace("\n", ",trial_index\n")
        + "a,h1,human,1,0\na,g1,gan,0,1\na,g1,gan,1,2\nb,h1,human,1,0\n"
    )
    assert len(read(path, text).table) == 4


def test_a_clip_belongs_to_one_system(path: Path) -> None:
    assert "clip_id: 'h1' (1 in all) stand for clips of several systems" in message(
        path, SOUND + "c,h1,gan,1\n"
    )


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ("participant_id,passed_checks\na,1\nb,perhaps\n", "passed_checks: 'perhaps' in row 3; must be 1/0"),
        ("participant_id,passed_checks\na,1\n ,0\n", "participant_id: ' ' in row 3; must be an id"),
        ("participant_id,passed_checks\na,1\na ,0\n", "needs a column participant_id and a row per listener"),
        ("who,passed_checks\na,1\n", "needs a column participant_id and a row per listener"),
    ],
)
def test_a_wrong_file_of_listeners_is_named_with_what_is_wrong(path: Path, people: str, words: str) -> None:
    (path.parent / "participants.csv").write_text(people, encoding="utf-8")
    said = message(path, SOUND, factors=("passed_checks",))
    assert words in said
    assert "participants.csv" in said


def test_one_system_or_no_human_or_one_listener_is_too_few(path: Path) -> None:
    assert message(path, HEADER + "a,g1,gan,1\na,g2,gan,0\n") == (
        "trials.csv cannot be analyzed:\n"
        "  no clip is of the system 'human' (there are: gan). "
        "Call the human clips so, or `study analyze --human-system NAME`\n"
        "  there is only one system, 'gan': there is nothing to tell apart\n"
        "  there is only one listener; one cannot stand for listeners"
    )


@pytest.mark.parametrize("name", ["intercept", "gen_c"])
def test_a_system_named_as_a_term_of_the_models_is_refused(path: Path, name: str) -> None:
    said = message(path, SOUND.replace("gan", name))
    assert f"system: {name!r} is what the models call a term of their own; name the system otherwise" in said


def test_two_names_for_human_clips_are_refused(path: Path) -> None:
    text = SOUND + "a,r1,real,1\n"
    assert "system: both 'human' and 'real' stand for human clips" in message(path, text, human_system="real")
