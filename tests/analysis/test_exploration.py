"""What is looked at beside the declared estimates: against brute force, planted effects and none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis.clusters import measure_rates
from analysis.cues import find_cues, read_features
from analysis.exclusions import apply_rules
from analysis.fooling import adjust_holm
from analysis.influence import measure_influence
from analysis.learning import measure_learning
from analysis.moderators import measure_moderator, measure_moderators
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.plan import Plan, list_deviations, read_plan
from analysis.precision import plan_precision
from analysis.reasons import count_reasons
from analysis.regression import Regression, regress
from analysis.responses import read_responses
from analysis.sensitivity import check_sensitivity
from analysis.shrinkage import measure_likeness, shrink_shares
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError
from tests.analysis.made import simulate_study
from tests.analysis.rich import make_features, make_rich, write_rich

CONFIG = AnalysisConfig()


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = write_rich(tmp_path_factory.mktemp("rich"), make_rich())
    return read_responses(path, moderators=CONFIG.moderators).table


def test_leaving_one_out_in_closed_form_is_leaving_one_out(rich: pd.DataFrame) -> None:
    for unit, column in (("clip", "clip_id"), ("listener", "participant_id")):
        for found in measure_influence(rich, rich["judged_human"].astype(float), unit, column):
            slow = {}
            for name in rich.loc[rich["system"].isin(["human", found.system]), column].unique():
                shares = rich[rich[column] != name].groupby("system")["judged_human"].mean()
                slow[name] = shares[found.system] - shares["human"]
            assert found.low == pytest.approx(min(slow.values()))
            assert found.high == pytest.approx(max(slow.values()))
            assert abs(slow[found.most] - found.value) == pytest.approx(
                max(abs(value - found.value) for value in slow.values())
            )
            assert found.n_units == len(slow)


def test_least_squares_agree_with_statsmodels(rich: pd.DataFrame) -> None:
    terms = pd.DataFrame({"one": 1.0, "place": rich["trial_index"]}, index=rich.index)
    mine = regress(rich["judged_human"], terms, rich)
    assert isinstance(mine, Regression)
    codes = pd.factorize(rich["participant_id"])[0]
    theirs = OLS(rich["judged_human"], terms).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    clusters = codes.max() + 1
    np.testing.assert_allclose(mine.coefficients, theirs.params)
    np.testing.assert_allclose(
        mine.by_factor["participant_id"], theirs.cov_params() * clusters / (clusters - 1)
    )


def test_slopes_of_nothing_are_rarely_found() -> None:
    """60 studies without effect: a share near 5 % has p below .05."""
    rng = np.random.default_rng(4)
    n_found = 0
    for _ in range(60):
        table = simulate_study(
            rng, {"human": 0.6, "gan": 0.4}, listeners=40, clips=20, trials={"human": 8, "gan": 8}
        )
        people = dict.fromkeys(table["participant_id"])
        training = pd.Series(rng.normal(size=len(people)), index=list(people))
        found = measure_moderator(
            table.assign(training=table["participant_id"].map(training)), "training", 0.95
        )
        n_found += (found.p or 1) < 0.05
    assert n_found <= 8


def test_training_that_helps_is_found_and_games_are_not(rich: pd.DataFrame) -> None:
    found = {
        one.name: one for one in measure_moderators(rich, ("musical_training", "games_played"), rich, 0.95)
    }
    training = found["musical_training"]
    assert training.slope is not None
    assert training.slope.value > 0
    assert training.p_adjusted is not None
    assert training.p_adjusted < 0.05 < (found["games_played"].p_adjusted or 0)
    assert training.groups is not None
    assert training.groups["n_listeners"].sum() == 80


@pytest.mark.parametrize(
    ("values", "because"),
    [
        (lambda n: [""] * n, "nobody answered"),
        (lambda n: ["same"] * n, "all listeners gave the same answer"),
        (lambda n: [f"word {i}" for i in range(n)], "it has 13 different answers, too many to compare"),
    ],
)
def test_a_moderator_that_tells_nothing_says_why(values: object, because: str, rich: pd.DataFrame) -> None:
    people = list(dict.fromkeys(rich["participant_id"]))[:13]
    cells = dict(zip(people, values(13), strict=True))  # type: ignore[operator]
    table = rich[rich["participant_id"].isin(people)]
    table = table.assign(fact=table["participant_id"].map(cells).replace({"": None}))
    assert measure_moderator(table, "fact", 0.95).because == because


def test_planted_cues_are_found_and_the_others_are_not(rich: pd.DataFrame, tmp_path: Path) -> None:
    make_features(rich).to_csv(tmp_path / "features.csv", index=False)
    cues = find_cues(rich, read_features(tmp_path / "features.csv"), 0.95)
    assert cues.table is not None
    clear = cues.table[cues.table["p_adjusted"] < 0.05]
    assert set(clear["feature"]) == {"repetition", "share_of_rests"}
    effects = clear.set_index("feature")["effect"]
    assert effects["repetition"] < 0 < effects["share_of_rests"]
    assert cues.left_out == (("always_the_same", "it is the same in all clips"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,a\nx,1\n", "needs a column clip_id and a row per clip"),
        ("clip_id,a\nx,1\nx,2\n", "needs a column clip_id and a row per clip"),
        ("clip_id,a\nx,loud\n", "has no column of numbers beside clip_id"),
        ("", "is empty"),
    ],
)
def test_features_that_cannot_be_used_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "features.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ResponsesError, match=words):
        read_features(tmp_path / "features.csv")


def test_a_missing_file_of_features_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ResponsesError, match=r"cannot be read: No such file.*Name another file with --features"
    ):
        read_features(tmp_path / "features.csv")


def test_columns_of_words_are_no_features(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("clip_id,a,b,c\n01,1,x,\n02,,y,\n", encoding="utf-8")
    features = read_features(tmp_path / "f.csv")
    assert list(features) == ["clip_id", "a"]
    assert features["clip_id"].tolist() == ["01", "02"]


def test_shares_of_few_answers_are_pulled_further() -> None:
    hits, trials = np.array([3, 66, 20, 30, 45, 10]), np.array([3, 80, 60, 60, 60, 40])
    shrunk = shrink_shares(hits, trials, 0.95)
    mean = hits.sum() / trials.sum()
    pulled = 1 - (shrunk.share - mean) / (hits / trials - mean)
    assert pulled.argmax() == 0
    assert shrunk.share.argmax() != 0
    assert (shrunk.low < shrunk.share).all()
    assert (shrunk.share < shrunk.high).all()


def test_likeness_recovers_what_was_simulated() -> None:
    rng = np.random.default_rng(8)
    trials = rng.integers(5, 60, 4000)
    hits = rng.binomial(trials, rng.beta(3, 5, 4000))
    assert measure_likeness(hits, trials) == pytest.approx(1 / 9, abs=0.01)
    assert measure_likeness(rng.binomial(trials, 0.4), trials) == pytest.approx(0, abs=0.01)


def test_heads_are_counted_by_beginnings_of_words_and_in_any_script() -> None:
    texts = ["The rhythmic feel", "arrhythmia", "メロディーがいい", None, "nothing"]
    table = pd.DataFrame({"participant_id": list("abcde"), "reason": texts, "judged_human": [1, 0, 1, 1, 0]})
    reasons = count_reasons(table, {"rhythm": ("rhythm",), "melody": ("メロディー",), "empty": ()})
    assert reasons.table is not None
    counts = reasons.table.set_index("head")
    assert counts["n_texts"].to_dict() == {"rhythm": 1, "melody": 1, "empty": 0, "none of these": 2}
    assert counts.loc["rhythm", "n_human"] == 1
    assert reasons.n_texts == 4


def test_one_reason_for_a_whole_session_is_one_text(rich: pd.DataFrame) -> None:
    said = {who: "rhythm" if i % 2 else "melody" for i, who in enumerate(sorted(set(rich["participant_id"])))}
    reasons = count_reasons(rich.assign(reason=rich["participant_id"].map(said)), CONFIG.reasons)
    assert reasons.by_listener
    assert reasons.n_texts == 80
    assert reasons.table is not None
    counts = reasons.table.set_index("head")
    assert (counts.loc["rhythm", "n_texts"], counts.loc["melody", "n_texts"]) == (40, 40)
    assert counts["n_human"].isna().all()


def test_reasons_that_nobody_gave_are_said_to_be_missing() -> None:
    assert count_reasons(pd.DataFrame({"judged_human": [1]}), {"a": ("a",)}).because.startswith("no reasons")
    table = pd.DataFrame({"reason": [None], "judged_human": [1]})
    assert count_reasons(table, {"a": ("a",)}).because == "nobody wrote a reason"


def test_learning_is_seen_where_it_is() -> None:
    rng = np.random.default_rng(5)
    place = np.tile(np.arange(1, 21), 60)
    people = np.repeat([f"p{i}" for i in range(60)], 20)
    clips = [f"h{i}" for i in rng.integers(0, 30, 1200)]
    table = pd.DataFrame(
        {"participant_id": people, "clip_id": clips, "system": "human", "trial_index": place}
    )
    table["judged_human"] = (rng.random(1200) < 0.4 + 0.02 * place).astype(int)
    found = measure_learning(table, 0.95)
    assert found.trend is not None
    assert found.trend.excludes_zero
    assert found.trend.value == pytest.approx(0.2, abs=0.06)
    assert found.curve is not None
    assert found.curve["n_trials"].sum() == 1200
    assert (found.curve["first"].iloc[0], found.curve["last"].iloc[-1]) == (1, 20)


def test_the_interval_of_24_clips_lies_between_those_planned_for_20_and_40(rich: pd.DataFrame) -> None:
    plan = plan_precision(measure_rates(rich), "lstm", 0.95)
    assert plan.table is not None
    planned = plan.table.set_index(["clips", "listeners"])["half_width"]
    assert planned[40, 80] < (plan.half_width or 0) < planned[20, 80]
    widths = plan.table["half_width"].to_numpy().reshape(5, -1).T
    assert (np.diff(widths, axis=0) < 0).all()
    assert (np.diff(widths, axis=1) < 0).all()


def test_each_rule_is_relaxed_and_each_choice_combined(rich: pd.DataFrame) -> None:
    exclusions = apply_rules(rich, CONFIG)
    found = check_sensitivity(rich, exclusions, CONFIG)
    names = list(dict.fromkeys(one.name for one in found.variants))
    assert names == [
        "as planned",
        "without any exclusion",
        "unfinished sessions kept",
        "failed checks kept",
        "short listening kept",
        "known tunes kept",
        "first half of each session",
        "second half of each session",
    ]
    assert len(found.specifications) == 2 * 2 ** len(found.options) == 32
    planned = {one.system: one.difference.value for one in found.variants if one.name == "as planned"}
    assert planned == {one.system: one.difference.value for one in found.specifications if not one.choices}


def test_answers_not_given_are_counted_either_way(tmp_path: Path) -> None:
    table = make_rich(listeners=20)
    table["judged_human"] = np.where(
        np.arange(len(table)) % 7 == 0, "not sure", table["judged_human"].astype(str)
    )
    responses = read_responses(write_rich(tmp_path, table))
    exclusions = apply_rules(responses.table, CONFIG)
    names = {one.name for one in check_sensitivity(responses.table, exclusions, CONFIG).variants}
    assert {'without an answer counted as "human"', 'without an answer counted as "computer"'} <= names


def test_benjamini_and_hochberg_and_holm_agree_with_r() -> None:
    """`p.adjust` of R 4.2.2, method BH and holm."""
    p = [0.01, 0.04, 0.03, 0.005, 0.2]
    assert adjust_benjamini_hochberg(p) == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.2])
    assert adjust_holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])


def test_deviations_from_the_frozen_plan_are_listed() -> None:
    planned = CONFIG.model_dump(mode="json") | {"minimum_listening_s": 5.0, "outliers": "none"}
    del planned["equivalence_bound"]
    rows = pd.DataFrame({"protocol_sha256": ["ab", None]})
    found = list_deviations(Plan({"ab": planned}), CONFIG, rows)
    assert [(one.key, one.planned, one.used) for one in found or ()] == [
        ("minimum_listening_s", "5", "3"),
        ("equivalence_bound", "not in the plan", "0.1"),
        ("outliers", "none", "no longer a key"),
    ]
    assert list_deviations(Plan({"ab": CONFIG.model_dump(mode="json")}), CONFIG, rows) == ()
    assert list_deviations(None, CONFIG, rows) is None


def test_judgments_are_held_against_the_plan_of_their_own_protocol_and_no_other() -> None:
    as_used = CONFIG.model_dump(mode="json")
    plan = Plan({"ab": as_used | {"minimum_listening_s": 5.0}, "cd": as_used})
    assert list_deviations(plan, CONFIG, pd.DataFrame({"protocol_sha256": ["cd"]})) == ()
    elsewhere = list_deviations(plan, CONFIG, pd.DataFrame({"protocol_sha256": ["cd", "ef" * 32]}))
    assert [(one.key, one.planned, one.used) for one in elsewhere or ()] == [
        ("protocol efefefefefef", "not in protocol.json, so unknown", "1 of 2 judgments"),
    ]
    unnamed = list_deviations(plan, CONFIG, pd.DataFrame({"clip_id": ["c1"]}))
    assert [one.key for one in unnamed or ()] == ["minimum_listening_s"]


def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path) -> None:
    assert read_plan(tmp_path / "protocol.json") is None
    (tmp_path / "protocol.json").write_text('{"protocol_sha256": "ab"}', encoding="utf-8")
    with pytest.raises(ResponsesError, match="holds no analysis plan"):
        read_plan(tmp_path / "protocol.json")
