"""Whatever data lack, the report is made or a StudyError says what to do; never NaN, never a traceback."""

import contextlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.canvas import set_style, tolerate_missing_glyphs
from analysis.exploration import Exploration, explore
from analysis.figures import DRAWINGS
from analysis.findings import study_responses
from analysis.numbers import collect_numbers
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from study_core.errors import StudyError
from tests.analysis.made import make_export
from tests.analysis.rich import make_rich

NO_NUMBER = re.compile(r"\b(nan|NaN|inf|Infinity|None)\b")
CONFIG = AnalysisConfig()


def analyze(table: pd.DataFrame, folder: Path) -> Exploration:
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "responses.csv", index=False)
    responses = read_responses(folder / "responses.csv", moderators=CONFIG.moderators)
    return explore(study_responses(responses, CONFIG))


def only(table: pd.DataFrame, **kept: object) -> pd.DataFrame:
    for name, value in kept.items():
        table = table[table[name] == value]
    return table


# What is wrong with the table: how it is made of a sound one, and what the message must say.
REFUSED = {
    "no rows": (lambda t: t.iloc[:0], "there are no judgments"),
    "one system": (lambda t: only(t, system="human"), "there is only one system"),
    "no human clips": (lambda t: t[t["system"] != "human"], "no clip is of the system 'human'"),
    "one listener": (lambda t: only(t, participant_id="p0"), "there is only one listener"),
    "a row twice": (lambda t: pd.concat([t, t.iloc[:1]]), "repeat an earlier judgment"),
    "no answers": (lambda t: t.drop(columns="judged_human"), "column 'judged_human' is missing"),
    "no systems": (lambda t: t.drop(columns="system"), "column 'system' is missing"),
    "an impossible answer": (lambda t: t.assign(judged_human=7), "'7' in row 2"),
    "an empty id": (lambda t: t.assign(clip_id=""), "must be an id"),
    "confidence below 0": (lambda t: t.assign(confidence=-1), "must be a number, 0 or more"),
    "all excluded": (lambda t: t.assign(knows_tune=1), "after the declared exclusions"),
    "all unfinished": (lambda t: t.assign(session_status="unfinished"), "session not finished"),
    "nobody was sure": (lambda t: t.assign(judged_human="not sure"), "listener was not sure"),
    "a clip of two systems": (lambda t: t.assign(clip_id="c1"), "stand for clips of several systems"),
}

# Tables that are poor but sound.
POOR = {
    "all said human": lambda t: t.assign(judged_human=1),
    "all said computer": lambda t: t.assign(judged_human=0),
    "all were right": lambda t: t.assign(judged_human=(t["system"] == "human").astype(int)),
    "all were wrong": lambda t: t.assign(judged_human=(t["system"] != "human").astype(int)),
    "two listeners": lambda t: t[t["participant_id"].isin(["p0", "p1"])],
    "one trial each": lambda t: t.sample(frac=1, random_state=4).drop_duplicates("participant_id"),
    "a clip per system": lambda t: t.drop_duplicates(["participant_id", "system"]).assign(
        clip_id=lambda x: x["system"]
    ),
    "one generator": lambda t: t[t["system"] != "lstm"],
    "bare columns": lambda t: t[["participant_id", "clip_id", "system", "judged_human"]],
    "one confidence": lambda t: t.assign(confidence=1),
    "empty cells": lambda t: t.assign(confidence="", knows_tune="", heard_s="", session_status=""),
    "half not sure": lambda t: t.assign(
        judged_human=np.where(np.arange(len(t)) % 2, t["judged_human"].astype(str), "not sure")
    ),
    "known tunes of one system": lambda t: t.assign(knows_tune=(t["system"] == "gan").astype(int)),
    "one reason for all": lambda t: t.assign(reason=t["participant_id"].map(lambda who: f"rhythm, {who}")),
    "names in many scripts": lambda t: t.replace({"system": {"gan": "森の音楽 <b>&"}}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_analyzed_says_what_to_do(name: str, tmp_path: Path) -> None:
    change, words = REFUSED[name]
    with pytest.raises(StudyError) as raised:
        analyze(change(make_export()), tmp_path)
    assert words in str(raised.value)
    assert not NO_NUMBER.search(str(raised.value))


@pytest.mark.parametrize("name", POOR)
def test_poor_data_give_every_number_or_the_reason_why_not(name: str, tmp_path: Path) -> None:
    assert_sound(analyze(POOR[name](make_export()), tmp_path), draw=True)


def assert_sound(explored: Exploration, *, draw: bool) -> None:
    """Raise where a number is none, or a figure cannot be drawn and does not say so."""
    texts = [json.dumps(collect_numbers(explored), allow_nan=False)]
    with set_style(), tolerate_missing_glyphs():
        for drawing in DRAWINGS.values():
            because = drawing.explain_absence(explored)
            texts.append(because or drawing.read(explored))
            if draw and not because:
                drawing.draw(explored).draw_without_rendering()
    for text in texts:
        assert not NO_NUMBER.search(text), text[:300]


def test_the_page_of_the_poorest_study_has_no_hole(tmp_path: Path) -> None:
    explored = analyze(POOR["one trial each"](make_export()), tmp_path)
    page = write_report(explored.study, tmp_path, "Poor", pdf=False).read_text(encoding="utf-8")
    assert not NO_NUMBER.search(page)
    assert "Figures that these data do not allow" in page


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    listeners=st.integers(1, 6),
    clips=st.integers(1, 4),
    said=st.sampled_from([0, 0.2, 0.5, 1]),
)
def test_any_small_table_is_analyzed_or_refused_in_words(
    seed: int, listeners: int, clips: int, said: float, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    table = make_rich(listeners=listeners, clips=max(10, clips), seed=seed)
    table = table[rng.random(len(table)) < rng.choice([0.1, 0.4, 1])]
    table = table.assign(judged_human=(rng.random(len(table)) < said).astype(int))
    dropped = rng.choice(["confidence", "trial_index", "heard_s", "reason", "rating", "games_played"], 2)
    with contextlib.suppress(StudyError):  # anything else is a bug
        assert_sound(analyze(table.drop(columns=dropped), tmp_path), draw=False)
