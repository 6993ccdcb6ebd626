"""Declared rules leave judgments out, in order, counted, without seeing the answers."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.exclusions import OUTCOMES, Rule, apply_rules, list_rules
from analysis.exploration import explore
from analysis.figures import DRAWINGS, Plate
from analysis.findings import study_responses
from analysis.page import render_page
from analysis.responses import Responses, read_responses
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError

Read = Callable[[pd.DataFrame], Responses]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_table(table: pd.DataFrame) -> Responses:
        table.to_csv(tmp_path / "responses.csv", index=False)
        return read_responses(tmp_path / "responses.csv")

    return read_table


def test_each_rule_leaves_out_what_it_names_and_counts_it(export: pd.DataFrame, read: Read) -> None:
    export.loc[:1, "session_status"] = "unfinished"
    export.loc[2:4, "heard_s"] = 2.9
    export.loc[5, "heard_s"] = 3.0
    export.loc[6:9, "knows_tune"] = 1
    exclusions = apply_rules(read(export).table, AnalysisConfig())
    assert [(step.name, step.left_out, step.judgments) for step in exclusions.steps] == [
        ("in the file", None, 96),
        ("session not finished", 2, 94),
        ("listener failed an attention or headphone check", None, 94),
        ("heard for less than 3 s", 3, 91),
        ("listener knew the tune", 4, 87),
    ]
    assert exclusions.kept.index.tolist() == [5, *range(10, 96)]
    assert len(exclusions.before) == 96


def test_rules_that_are_not_declared_are_not_applied(export: pd.DataFrame, read: Read) -> None:
    export = export.assign(session_status="unfinished", heard_s=0.1, knows_tune=1)
    config = AnalysisConfig(minimum_listening_s=0, leave_out_known_tunes=False, leave_out_unfinished=False)
    assert len(apply_rules(read(export).table, config).kept) == len(export)


def test_a_rule_without_its_column_says_so(export: pd.DataFrame, read: Read) -> None:
    steps = apply_rules(read(export.drop(columns="heard_s")).table, AnalysisConfig()).steps
    assert [(step.left_out, step.note) for step in steps if "heard" in step.name] == [
        (None, "not applied: there is no column heard_s")
    ]


def test_an_empty_cell_is_no_reason(export: pd.DataFrame, read: Read) -> None:
    export = export.astype({"heard_s": object, "knows_tune": object})
    export.loc[0, ["heard_s", "knows_tune"]] = ""
    assert 0 in apply_rules(read(export).table, AnalysisConfig()).kept.index


def test_simulated_listeners_never_mix_with_people(export: pd.DataFrame, read: Read) -> None:
    assert apply_rules(read(export).table, AnalysisConfig()).simulated
    export.loc[export["participant_id"] != "p0", "is_simulated"] = 0
    exclusions = apply_rules(read(export).table, AnalysisConfig())
    assert not exclusions.simulated
    assert exclusions.steps[1].left_out == 8
    assert "p0" not in set(exclusions.before["participant_id"])


def test_whom_the_researcher_excluded_is_left_out_and_counted(export: pd.DataFrame, read: Read) -> None:
    export = export.assign(is_excluded=(export["participant_id"] == "p0").astype(int))
    exclusions = apply_rules(read(export).table, AnalysisConfig())
    assert [(step.name, step.left_out) for step in exclusions.steps][1:2] == [
        ("listener excluded by the researcher", 8)
    ]
    assert "p0" in set(exclusions.before["participant_id"])
    assert "p0" not in set(exclusions.kept["participant_id"])


def test_exclusion_by_hand_is_not_said_to_be_declared_or_blind(export: pd.DataFrame, read: Read) -> None:
    by_hand = "8 judgments went with listeners whom the researcher excluded by hand"
    assert by_hand not in text_of(read(export))
    assert by_hand in text_of(read(export.assign(is_excluded=(export["participant_id"] == "p0").astype(int))))


def test_the_methods_count_before_exclusions_and_after_them_apart(export: pd.DataFrame, read: Read) -> None:
    export.loc[export["system"] == "gan", "knows_tune"] = 1
    export = export.assign(trial_kind="main")
    catches = export.iloc[:1].assign(clip_id="c0", trial_kind="catch", trial_index=9)
    text = text_of(read(pd.concat([export, catches])))
    assert "Before anything was left out, 12 listeners gave 97 judgments of 19 clips" in text
    assert "1 (catch trial), 24 (listener knew the tune). Analyzed were 72 judgments" in text
    assert "by 12 listeners, of 12 clips from 2 systems (human, lstm)." in text


def text_of(responses: Responses) -> str:
    """Return what the report's page says, without its figures."""
    plates = {name: Plate(name, drawing.title, "", "") for name, drawing in DRAWINGS.items()}
    page = render_page(explore(study_responses(responses, AnalysisConfig())), plates, "Exclusions")
    return " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())


def test_who_failed_a_check_is_left_out_and_who_ended_before_it_stays(
    export: pd.DataFrame, read: Read
) -> None:
    passed = {"p0": "0", "p1": ""}
    export = export.assign(passed_checks=[passed.get(name, "1") for name in export["participant_id"]])
    exclusions = apply_rules(read(export).table, AnalysisConfig())
    kept = set(exclusions.kept["participant_id"])
    assert set(export["participant_id"]) - kept == {"p0"}
    assert [step.left_out for step in exclusions.steps if "headphone check" in step.name] == [8]
    everybody = apply_rules(read(export).table, AnalysisConfig(leave_out_failed_checks=False))
    assert len(everybody.kept) == len(export)


def test_rules_cannot_see_the_answers(
    export: pd.DataFrame,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_: object) -> "pd.Series[bool]":
        raise AssertionError

    for outcome in OUTCOMES:
        rules = [Rule("peek", outcome, never)]
        monkeypatch.setattr("analysis.exclusions.list_rules", lambda _, rules=rules: rules)
        assert apply_rules(read(export).table, AnalysisConfig()).steps[-1].note.startswith("not applied")


def test_rules_stand_in_the_order_of_the_session() -> None:
    names = [rule.name for rule in list_rules(AnalysisConfig(minimum_listening_s=2.5))]
    assert names == [
        "session not finished",
        "listener failed an attention or headphone check",
        "heard for less than 2.5 s",
        "listener knew the tune",
    ]


def test_exclusions_that_leave_nothing_name_the_rules_that_did_it(export: pd.DataFrame, read: Read) -> None:
    responses = read(export.assign(knows_tune=1))
    with pytest.raises(ResponsesError) as raised:
        study_responses(responses, AnalysisConfig())
    assert str(raised.value) == (
        "responses.csv cannot be analyzed: after the declared exclusions\n"
        "  there are no judgments\n"
        "  listener knew the tune: 96 left out\n"
        "  see `analysis:` in config.yaml"
    )


def test_findings_are_given_with_and_without_exclusions(export: pd.DataFrame, read: Read) -> None:
    first_gan = export.index[export["system"] == "gan"][:5]
    export.loc[first_gan, "knows_tune"] = 1
    study = study_responses(read(export), AnalysisConfig())
    assert study.findings.generators[0].fooling.n_trials == 19
    assert study.without_exclusions.generators[0].fooling.n_trials == 24


def test_a_generator_that_lost_all_judgments_is_named(export: pd.DataFrame, read: Read) -> None:
    export.loc[export["system"] == "gan", "knows_tune"] = 1
    assert study_responses(read(export), AnalysisConfig()).lost_systems == ("gan",)
