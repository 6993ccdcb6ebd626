"""`study power` of pairs and of ratings: the truth that is simulated, the line that decides, the words."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimates import BOUND
from analysis.pairs import estimate_pairs
from analysis.planning import EFFECTS, PROBIT, SD_CLIP, SD_SENSITIVITY, Plan, read_plan
from analysis.power import run_batches, simulate_grid, simulate_looks
from analysis.power_lines import LINES, predict_mean_difference
from analysis.power_page import write_power
from analysis.power_readings import compute_d_prime, describe_effect
from analysis.ratings import estimate_ratings
from analysis.simulation import Design, Population
from analysis.simulation_pairs import PairPopulation, simulate_pairs
from analysis.simulation_ratings import compute_superiority, simulate_ratings
from study_core.config import Config, load_config
from study_core.errors import StudyError

ASKED = ("two_afc", "rating")
HERE = partial(run_batches, workers=1)
LARGE = Design(
    n_listeners=1500, n_clips={"human": 400, "generator": 400}, trials={"human": 20, "generator": 20}
)


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a folder with the config of a study of the paradigm that a test names."""
    trials = f"paradigm: {request.param}, per_participant: {{human: 10, lstm: 5, gan: 5}}"
    (tmp_path / "config.yaml").write_text(f"trials: {{{trials}}}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def config(folder: Path) -> Config:
    return load_config(folder / "config.yaml")


@pytest.fixture
def plan(config: Config) -> Plan:
    return read_plan(config)


of_each = pytest.mark.parametrize("folder", ASKED, indirect=True)
of_pairs = pytest.mark.parametrize("folder", ["two_afc"], indirect=True)
of_ratings = pytest.mark.parametrize("folder", ["rating"], indirect=True)


@of_each
def test_the_plan_has_the_paradigms_own_spreads_and_effect(plan: Plan) -> None:
    assert plan.effect == EFFECTS[plan.paradigm]
    assert plan.generated_trials == 5
    is_pairs = plan.paradigm == "two_afc"
    assert plan.sd_sensitivity == pytest.approx(SD_SENSITIVITY / (PROBIT if is_pairs else 1))
    assert plan.sd_clip == pytest.approx(SD_CLIP / (PROBIT if is_pairs else 1))
    assert plan.level_shares == (() if is_pairs else (0.2,) * 5)


@of_each
def test_the_default_effects_of_all_paradigms_are_the_same_d_prime(plan: Plan) -> None:
    words = replace(plan, paradigm="yes_no", effect=EFFECTS["yes_no"])
    assert compute_d_prime(plan) == pytest.approx(compute_d_prime(words), abs=0.01)


@of_each
@pytest.mark.parametrize("effect", [0.0, -0.2, 1.0, 22.0])
def test_an_effect_that_cannot_be_is_refused(config: Config, effect: float) -> None:
    with pytest.raises(StudyError, match=r"does not lie between 0 and 1\. Correct --effect: 0\.22 is 22 po"):
        read_plan(config, effect)


@pytest.mark.parametrize("correct", [0.5, 0.8])
def test_pairs_are_found_as_often_as_asked_for_with_the_spreads_asked_for(correct: float) -> None:
    population = PairPopulation(correct=correct, sd_lean=0.5, sd_sensitivity=1.0, sd_clip=0.6)
    table = simulate_pairs(np.random.default_rng(5), population, LARGE, "generator")
    (found,) = estimate_pairs(table, 0.95)
    assert found.correct.value == pytest.approx(correct, abs=0.02)
    assert found.first_bias.value == pytest.approx(0.5, abs=0.02)
    heard = table.groupby("participant_id")[["clip_id", "human_clip_id"]].nunique()
    assert (heard == 20).all().all()
    # Between listeners the share varies by the SD of delta and the binomial's part.
    own = 1 - table.groupby("participant_id")["judged_human"].mean()
    spread = np.linalg.norm([1, 0.5, 0.6])
    z = (population.delta + 2**-0.5 * np.random.default_rng(6).normal(size=200_000)) / spread
    share = stats.norm.cdf(z)
    assert own.var() == pytest.approx(share.var() + (share * (1 - share)).mean() / 20, rel=0.15)


@of_ratings
@pytest.mark.parametrize("levels", [(0.2,) * 5, (0.05, 0.15, 0.4, 0.3, 0.1)])
def test_ratings_take_the_levels_and_lie_above_one_another_as_often_as_asked_for(
    plan: Plan, levels: tuple[float, ...]
) -> None:
    plan = replace(plan, level_shares=levels, listeners=1500, clips=400, human_trials=20, generated_trials=20)
    table = LINES["rating"].prepare(plan, 0.3)(np.random.default_rng(3))
    human = table.loc[table["system"] == "human", "rating"].value_counts(normalize=True).sort_index()
    assert human.tolist() == pytest.approx(levels, abs=0.02)
    found = LINES["rating"].estimate(table, 0.95)
    assert found.value == pytest.approx(0.35, abs=0.02)
    _, generator = estimate_ratings(table, 0.95, "no model")
    assert generator.difference is not None
    predicted = predict_mean_difference(replace(plan, effect=0.3))
    assert -generator.difference.value == pytest.approx(predicted, abs=0.08)


def test_half_of_ties_count_as_above() -> None:
    assert compute_superiority(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == 0.75
    assert compute_superiority(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == pytest.approx(0.5)


@of_each
def test_false_positives_keep_their_rate_and_a_large_study_finds_a_large_effect(plan: Plan) -> None:
    small = replace(plan, human_trials=10, generated_trials=10).resize(20, 10)
    found = simulate_grid(replace(small, effect=0.7), [20], [10], 100, HERE).iloc[0]
    assert 0.01 <= found["false_positives"] <= 0.1
    assert found["naive_false_positives"] > 0.1
    assert found["power"] > 0.95


@of_each
@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_the_p_of_a_look_is_that_of_the_reports_interval(plan: Plan, effect: float) -> None:
    line, small = LINES[plan.paradigm], plan.resize(12, 12)
    draw = line.prepare(small, effect)
    for seed in range(20):
        table = draw(np.random.default_rng(seed))
        for level in (0.8, 0.95):
            found = line.estimate(table, level)
            is_outside = found.low is not None and not found.low <= line.center <= found.high
            assert is_outside == (line.measure_p(found, table) < 1 - level)


@of_pairs
def test_the_p_of_pairs_that_were_all_right_is_that_of_as_many_coins_as_listeners(plan: Plan) -> None:
    table = LINES["two_afc"].prepare(plan.resize(6, 9), 0.5)(np.random.default_rng(1)).assign(judged_human=0)
    found = LINES["two_afc"].estimate(table, 0.95)
    assert found.method == BOUND
    assert LINES["two_afc"].measure_p(found, table) == pytest.approx(2 * 0.5**6)


@of_ratings
def test_ratings_that_were_all_alike_find_nothing(plan: Plan) -> None:
    table = LINES["rating"].prepare(plan.resize(6, 9), 0.5)(np.random.default_rng(1)).assign(rating=3.0)
    assert LINES["rating"].measure_p(LINES["rating"].estimate(table, 0.95), table) == 1


@of_each
def test_the_page_answers_in_the_paradigms_words(plan: Plan, tmp_path: Path) -> None:
    small = plan.resize(8, 8)
    grid, looks = simulate_grid(small, [8], [8], 8, HERE), simulate_looks(small, 2, 8, HERE)
    findings = write_power(small, grid, looks, 8, tmp_path)
    page = (tmp_path / "power.html").read_text(encoding="utf-8")
    if plan.paradigm == "two_afc":
        assert "detect that 61% of pairs are judged right (guessing: 50%)" in findings[0]
        assert "8 listeners judge 5 pairs each, of 8 clips of each system" in findings[1]
        assert "the human clip is found in 61% of pairs, where guessing gives 50%" in page
    else:
        assert "detect that human clips are rated higher in 61% of cases (chance: 50%)" in findings[0]
        assert "8 listeners rate 8 human and 5 generated clips each" in findings[1]
        assert "0.55 of a level on average" in describe_effect(plan)
    assert "within \u00b15 points of 50%" in findings[2]


def write_pilot(path: Path, plan: Plan, **spreads: float) -> Path:
    """Write a pilot of a plan as a table that `study analyze` reads."""
    pilot = replace(plan, human_trials=20, generated_trials=20, **spreads).resize(100, 60)
    table = LINES[plan.paradigm].prepare(pilot, 0.2)(np.random.default_rng(2))
    if plan.paradigm == "two_afc":
        human_first = table["chose_first"] != table["judged_human"]
        human, gan = "h" + table["human_clip_id"].astype(str), "g" + table["clip_id"].astype(str)
        table = table[["participant_id", "chose_first"]].assign(
            clip_id=human.where(human_first, gan),
            system=np.where(human_first, "human", "gan"),
            second_clip_id=gan.where(human_first, human),
            second_system=np.where(human_first, "gan", "human"),
        )
    table.to_csv(path, index=False)
    return path


@of_pairs
def test_a_pilot_of_pairs_gives_its_own_spreads(config: Config, plan: Plan, folder: Path) -> None:
    path = write_pilot(folder / "pilot.csv", plan, sd_sensitivity=1.0, sd_clip=0.7)
    found = read_plan(config, pilot=path)
    assert found.sd_sensitivity == pytest.approx(1.0, rel=0.3)
    assert found.sd_clip == pytest.approx(0.7, rel=0.3)
    assert found.sd_lean == plan.sd_lean
    assert found.source == str(path)


@of_ratings
def test_a_pilot_of_ratings_gives_its_own_levels_and_spreads(
    config: Config, plan: Plan, folder: Path
) -> None:
    levels = (0.05, 0.15, 0.4, 0.3, 0.1)
    path = write_pilot(folder / "pilot.csv", replace(plan, level_shares=levels), sd_lean=0.8, sd_clip=0.7)
    found = read_plan(config, pilot=path)
    assert found.level_shares == pytest.approx(levels, abs=0.06)
    assert sum(found.level_shares) == pytest.approx(1)
    assert found.sd_lean == pytest.approx(0.8, rel=0.3)
    assert found.sd_clip == pytest.approx(0.7, rel=0.3)
    table = pd.read_csv(path)
    table.assign(rating=table["rating"] + 2).to_csv(path, index=False)
    with pytest.raises(StudyError, match=r"it was rated up to 7, and trials\.rating_levels is 5"):
        read_plan(config, pilot=path)


@of_each
def test_a_pilot_that_nothing_can_be_learned_from_is_refused(config: Config, folder: Path) -> None:
    rows = [
        {"participant_id": f"p{p}", "clip_id": f"h{c}", "system": "human", "second_clip_id": f"g{c}",
         "second_system": "gan", "chose_first": 1}
        for p in range(3) for c in range(3)
    ]  # fmt: skip
    if config.trials.paradigm == "rating":
        rows = [
            {"participant_id": f"p{p}", "clip_id": f"{s}{c}", "system": s, "rating": 3}
            for p in range(3) for c in range(3) for s in ("human", "gan")
        ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "p.csv", index=False)
    with pytest.raises(StudyError, match="is too small a pilot to plan from: "):
        read_plan(config, pilot=folder / "p.csv")
    words = pd.DataFrame(rows)[["participant_id", "clip_id"]].drop_duplicates().assign(judged_human=1)
    words["system"] = np.where(words["clip_id"].str.endswith("1"), "gan", "human")
    words.to_csv(folder / "p.csv", index=False)
    with pytest.raises(
        StudyError, match=r"is no pilot to plan from: its judgments are not (in pairs|ratings)"
    ):
        read_plan(config, pilot=folder / "p.csv")


def test_a_system_with_an_m_of_its_own_is_rated_so() -> None:
    population = Population(shares={"human": 0.5, "generator": 0.5}, sd_lean=0, sd_sensitivity=0, sd_clip=0)
    table = simulate_ratings(np.random.default_rng(1), population, LARGE, np.array([0.0]))
    assert table["rating"].mean() == pytest.approx(1.5, abs=0.01)
    assert set(table["rating"]) == {1.0, 2.0}
