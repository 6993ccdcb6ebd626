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

from analysis.asked import collect_asked
from analysis.asked_exploration import Asked, explore_pairs, explore_ratings
from analysis.canvas import set_style, tolerate_missing_glyphs
from analysis.estimates import CANCEL
from analysis.exclusions import apply_rules
from analysis.exploration import Exploration, explore
from analysis.figures import DRAWINGS, PAIR_DRAWINGS, RATING_DRAWINGS, Plate
from analysis.findings import study_responses
from analysis.numbers import collect_numbers
from analysis.page import render_asked, render_page
from analysis.paradigms import study_pairs, study_ratings
from analysis.readings import answer
from analysis.report import write_report
from analysis.responses import read_responses
from analysis.sensitivity import check_sensitivity, estimate_differences
from study_core.config import AnalysisConfig
from study_core.errors import StudyError
from tests.analysis.made import make_export
from tests.analysis.rich import make_rated, make_rich, make_told

NO_NUMBER = re.compile(r"\b(nan|NaN|inf|Infinity|None)\b")
CONFIG = AnalysisConfig()


def analyze(table: pd.DataFrame, folder: Path, **options: object) -> Exploration | Asked:
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "responses.csv", index=False)
    responses = read_responses(folder / "responses.csv", moderators=CONFIG.moderators, **options)
    if responses.paradigm == "yes_no":
        return explore(study_responses(responses, CONFIG))
    clips = pd.unique(
        table[[name for name in ("clip_id", "second_clip_id") if name in table]].to_numpy().ravel()
    )
    features = pd.DataFrame({"clip_id": clips, "leaps": np.arange(len(clips)) % 5, "same": 1.0})
    if responses.paradigm == "pairs":
        return explore_pairs(study_pairs(responses, CONFIG), features)
    return explore_ratings(study_ratings(responses, CONFIG), features)


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


def assert_sound(explored: Exploration | Asked, *, draw: bool) -> None:
    """Raise where a number is none, or a figure cannot be drawn and does not say so."""
    is_single = isinstance(explored, Exploration)
    numbers = collect_numbers(explored) if is_single else collect_asked(explored)
    texts, plates = [json.dumps(numbers, allow_nan=False)], {}
    asked = PAIR_DRAWINGS if explored.study.responses.paradigm == "pairs" else RATING_DRAWINGS
    with set_style(), tolerate_missing_glyphs():
        for name, drawing in (DRAWINGS if is_single else asked).items():
            because = drawing.explain_absence(explored)
            texts.append(because or drawing.read(explored))
            plates[name] = Plate(name, drawing.title, "", texts[-1])
            if draw and not because:
                drawing.draw(explored).draw_without_rendering()
    texts.append((render_page if is_single else render_asked)(explored, plates, "Poor"))
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


# Pairs and ratings: of either, five or six listeners with a few trials of two generators.
MAKERS = {
    "pairs": lambda: make_told(listeners=5, clips=5, each=3),
    "ratings": lambda: make_rated(listeners=6, clips=5, each=3).assign(confidence=2),
}
REFUSED_ASKED = {
    "no rows": (lambda t: t.iloc[:0], "there are no judgments"),
    "one listener": (lambda t: only(t, participant_id="p001"), "there is only one listener"),
    "a row twice": (lambda t: pd.concat([t, t.iloc[:1]]), "repeat an earlier judgment"),
    "no systems": (lambda t: t.drop(columns="system"), "column 'system' is missing"),
    "an empty id": (lambda t: t.assign(clip_id=""), "must be an id"),
    "no confidence": (lambda t: t.assign(confidence="-"), "confidence: '-' in row 2"),
    "all excluded": (lambda t: t.assign(knows_tune=1), "listener knew the tune"),
    "all unfinished": (lambda t: t.assign(session_status="unfinished"), "session not finished"),
    "only catch trials": (lambda t: t.assign(trial_kind="catch"), "catch trial"),
    "a clip of two systems": (lambda t: t.assign(clip_id="c1"), "stand for clips of several systems"),
}
REFUSED_PAIRS = {
    "two human clips": (
        lambda t: t.assign(system="human", second_system="human"),
        "30 of 30 pairs are not of one 'human' and one generated clip",
    ),
    "names of sides": (lambda t: t.assign(chose_first="left"), "chose_first: 'left' in row 2"),
    "half a side": (lambda t: t.assign(chose_first=0.5), "chose_first: '0.5' in row 2"),
    "no answers": (lambda t: t.drop(columns="chose_first"), "column 'chose_first' is missing"),
    "nobody was sure": (lambda t: t.assign(chose_first="not sure"), "listener was not sure: 30 left out"),
}
REFUSED_RATINGS = {
    "above the levels": (lambda t: t.assign(rating=[9] + [7] * (len(t) - 1)), "rating: 9 in row 2 is above"),
    "a fraction": (lambda t: t.assign(rating=2.5), "rating: '2.5' in row 2"),
    "nothing": (lambda t: t.assign(rating=0), "rating: '0' in row 2"),
    "a word": (lambda t: t.assign(rating="good"), "a rating from 1 up, a whole number"),
    "one system": (lambda t: only(t, system="human"), "there is only one system"),
    "no human clips": (lambda t: t[t["system"] != "human"], "no clip is of the system 'human'"),
    "no rating": (lambda t: t.assign(rating=""), "no answer in the table: 54 left out"),
}
POOR_ASKED = {
    "one trial each": lambda t: t.sample(frac=1, random_state=4).drop_duplicates("participant_id"),
    "empty cells": lambda t: t.assign(
        confidence="", trial_index="", heard_s="", session_status="", reason=""
    ),
}
POOR_PAIRS = {
    "all found": lambda t: t.assign(chose_first=(t["system"] == "human").astype(int)),
    "always the first": lambda t: t.assign(chose_first=1),
    "half not sure": lambda t: t.assign(
        chose_first=np.where(np.arange(len(t)) % 2, t["chose_first"].astype(str), "not sure")
    ),
}
POOR_RATINGS = {
    "all alike": lambda t: t.assign(rating=3),
    "told by the rating": lambda t: t.assign(rating=np.where(t["system"] == "human", 5, 1)),
    "half not given": lambda t: t.assign(rating=np.where(np.arange(len(t)) % 2, t["rating"].astype(str), "")),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, name) for kind in MAKERS for name in REFUSED_ASKED),
        *(("pairs", name) for name in REFUSED_PAIRS),
        *(("ratings", name) for name in REFUSED_RATINGS),
    ],
)
def test_pairs_and_ratings_that_cannot_be_analyzed_say_why(kind: str, name: str, tmp_path: Path) -> None:
    own = REFUSED_PAIRS if kind == "pairs" else REFUSED_RATINGS
    change, words = (REFUSED_ASKED | own)[name]
    with pytest.raises(StudyError) as raised:
        analyze(change(MAKERS[kind]()), tmp_path, grades=7)
    assert words in str(raised.value)
    assert not NO_NUMBER.search(str(raised.value))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, name) for kind in MAKERS for name in POOR_ASKED),
        *(("pairs", name) for name in POOR_PAIRS),
        *(("ratings", name) for name in POOR_RATINGS),
    ],
)
def test_poor_pairs_and_ratings_give_every_number_or_the_reason_why_not(
    kind: str, name: str, tmp_path: Path
) -> None:
    table = (POOR_ASKED | (POOR_PAIRS if kind == "pairs" else POOR_RATINGS))[name](MAKERS[kind]())
    drawn = name in ("all found", "all alike", "one trial each")
    assert_sound(analyze(table, tmp_path, factors=("participant_id",)), draw=drawn)


def test_answers_that_cancel_exactly_give_no_interval_of_width_zero(tmp_path: Path) -> None:
    """Everybody hears every clip twice and says "human" once."""
    once = make_export()[["participant_id", "clip_id", "system", "judged_human"]]
    table = pd.concat([once.assign(judged_human=said) for said in (0, 1)])
    explored = analyze(table.assign(trial_index=np.arange(len(table))), tmp_path)
    assert isinstance(explored, Exploration)
    for generator in explored.study.findings.generators:
        assert (generator.fooling.rate.low, generator.fooling.rate.because) == (None, CANCEL)
        assert CANCEL in answer(generator, explored.study)
    assert_sound(explored, draw=True)


def test_pairs_whose_answers_cancel_exactly_give_no_interval_of_width_zero(tmp_path: Path) -> None:
    once = MAKERS["pairs"]()
    table = pd.concat([once.assign(chose_first=said) for said in (0, 1)])
    explored = analyze(table.assign(trial_index=np.arange(len(table))), tmp_path)
    for pair in explored.study.findings.pairs:
        assert (pair.correct.low, pair.correct.because) == (None, CANCEL)
    assert_sound(explored, draw=True)


@pytest.mark.parametrize("kind", ["yes/no", "ratings"])
def test_clips_that_do_not_differ_beyond_chance_have_no_interval_each(kind: str, tmp_path: Path) -> None:
    """Every clip of a system has the same share, or mean."""
    table = make_export() if kind == "yes/no" else MAKERS["ratings"]()
    place = table.groupby("clip_id").cumcount()
    even = table[place < 2 * (table.groupby("clip_id")["clip_id"].transform("size") // 2)]
    said = {"judged_human": place % 2} if kind == "yes/no" else {"rating": 2 + place % 2}
    explored = analyze(even.assign(**said), tmp_path)
    assert explored.clips[["low", "high"]].isna().all(axis=None)
    page = (render_page if kind == "yes/no" else render_asked)(explored, {}, "Even")
    assert "50 to 50" not in page
    assert "2.50 to 2.50" not in page
    assert page.count("clips do not differ beyond chance") == 1
    assert_sound(explored, draw=True)


def test_a_judgment_without_a_confidence_is_no_guess() -> None:
    """One of three says nothing; the others, in turn, say 1 and 2, or all 2."""
    table = make_export()
    blank = np.arange(len(table)) % 3 == 0
    mixed = table.assign(confidence=np.where(blank, np.nan, 1 + np.arange(len(table)) % 2))
    for rows, left in ((mixed, mixed["confidence"].ne(1)), (mixed[mixed["confidence"].ne(1)], None)):
        found = check_sensitivity(rows, apply_rules(rows, CONFIG), CONFIG)
        sure = [one for one in found.specifications if one.choices == ("guesses left out",)]
        expected = [] if left is None else list(estimate_differences(rows[left], CONFIG.confidence_level))
        assert [one.difference for one in sure] == [difference for _, difference, _ in expected]
