"""`study power`: known answers, boundaries of the literature, and what is refused."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

from analysis.planning import LITERATURE, Plan, read_plan
from analysis.power import run_batches, simulate_grid, simulate_looks
from analysis.power_page import write_power
from analysis.power_readings import answer
from analysis.sequential import find_boundaries, spend_obrien_fleming, spend_pocock
from study_core.cli import COMMANDS, main
from study_core.config import Config, load_config
from study_core.errors import StudyError
from tests.analysis.made import make_judgments, simulate_study

PLAN = Plan(
    listeners=40,
    clips=40,
    human_trials=10,
    generated_trials=5,
    effect=0.15,
    level=0.95,
    bound=0.10,
    seed=2018,
)

HERE = partial(run_batches, workers=1)


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    """Give designs from few to many listeners with few and many clips, a large effect."""
    plan = replace(PLAN, effect=0.35, human_trials=20, generated_trials=20)
    return simulate_grid(plan, [20, 160], [10, 80], 200).set_index(["listeners", "clips"])


def test_without_effect_a_difference_is_found_in_about_five_percent(grid: pd.DataFrame) -> None:
    assert grid["false_positives"].between(0.02, 0.085).all()
    assert grid["false_positives"].mean() == pytest.approx(0.05, abs=0.02)


def test_treating_judgments_as_independent_finds_differences_that_are_not_there(grid: pd.DataFrame) -> None:
    assert (grid["naive_false_positives"] > 0.15).all()
    assert grid.loc[(160, 10), "naive_false_positives"] > grid.loc[(20, 10), "naive_false_positives"]


def test_a_large_effect_is_nearly_always_found_in_a_large_study(grid: pd.DataFrame) -> None:
    assert grid.loc[(160, 80), "power"] > 0.99


def test_eight_times_the_listeners_buy_little_where_clips_are_few(grid: pd.DataFrame) -> None:
    width = grid["half_width"]
    assert width[160, 10] > 0.7 * width[20, 10]
    assert width[160, 80] < 0.5 * width[20, 80]
    assert grid.loc[(160, 80), "equivalence"] > 0.9
    assert grid.loc[(160, 10), "equivalence"] < 0.5


def test_the_half_width_is_that_of_the_variance_components() -> None:
    """With no variance but the answers' own, a difference of two binomial shares."""
    plan = replace(PLAN, sd_lean=0, sd_sensitivity=0, sd_clip=0, generated_trials=10, clips=200, effect=0.2)
    found = simulate_grid(plan, [200], [200], 60, HERE).iloc[0]
    by_hand = 1.96 * np.sqrt((0.7 * 0.3 + 0.5 * 0.5) / 2000)
    assert found["half_width"] == pytest.approx(by_hand, rel=0.05)


def test_the_same_seed_gives_the_same_numbers_with_one_worker_or_two() -> None:
    found = [simulate_grid(PLAN, [10], [10], 30, partial(run_batches, workers=n)) for n in (1, 2)]
    pd.testing.assert_frame_equal(*found)
    other = simulate_grid(replace(PLAN, seed=1), [10], [10], 30, HERE)
    assert not found[0].equals(other)


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        ("O'Brien-Fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("Pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_boundaries_of_five_looks_are_the_published_ones(spending: str, published: list[float]) -> None:
    """Lan & DeMets (1983) spending, alpha .05 two-sided, as in R's ldbounds."""
    boundaries = find_boundaries([0.2, 0.4, 0.6, 0.8, 1], 0.05, spending)
    assert boundaries == pytest.approx(np.array(published), abs=2e-4)


def test_a_single_look_spends_all_of_alpha() -> None:
    assert find_boundaries([1.0], 0.05, "Pocock") == pytest.approx([1.959964], abs=1e-6)
    assert spend_pocock(1, 0.05) == pytest.approx(0.05)
    assert spend_obrien_fleming(1, 0.05) == pytest.approx(0.05)


@pytest.mark.parametrize("spending", ["O'Brien-Fleming", "Pocock"])
def test_boundaries_keep_alpha_in_simulated_motion_with_unequal_steps(spending: str) -> None:
    shares = np.array([0.3, 0.75, 0.9, 1.0])
    steps = np.sqrt(np.diff([0, *shares])) * np.random.default_rng(3).normal(size=(200_000, 4))
    z = steps.cumsum(axis=1) / np.sqrt(shares)
    crossed = (np.abs(z) > find_boundaries(list(shares), 0.05, spending)).any(axis=1)
    assert crossed.mean() == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("shares", [[], [0.5, 0.5, 1], [0.5, 0.9]])
def test_shares_of_information_that_do_not_rise_to_one_are_refused(shares: list[float]) -> None:
    with pytest.raises(StudyError, match="do not rise to 1"):
        find_boundaries(shares, 0.05, "Pocock")


def test_looks_under_a_boundary_keep_alpha_and_looks_without_one_do_not() -> None:
    looks = simulate_looks(replace(PLAN, effect=0.3), 4, 300).set_index("boundary")
    for name in ("one look", "O'Brien-Fleming", "Pocock"):
        assert 0.02 <= looks.loc[name, "false_positives"] <= 0.085
    assert looks.loc["no boundary", "false_positives"] > 1.6 * looks.loc["one look", "false_positives"]
    assert looks.loc["one look", "mean_listeners"] == 40
    assert looks.loc["Pocock", "mean_listeners"] < 30
    assert looks.loc["O'Brien-Fleming", "power"] > 0.97 * looks.loc["one look", "power"]


def test_the_last_look_is_what_the_grid_says_of_the_same_design() -> None:
    small = PLAN.resize(12, 10)
    looks = simulate_looks(small, 3, 20, HERE).set_index("boundary").loc["one look"]
    cell = simulate_grid(small, [12], [10], 20, HERE).iloc[0]
    for what in ("power", "false_positives", "half_width", "equivalence"):
        assert looks[what] == pytest.approx(cell[what])


def test_more_looks_than_listeners_allow_are_refused() -> None:
    with pytest.raises(StudyError, match="4 looks at 4 listeners are too many: at the first there are 1"):
        simulate_looks(PLAN.resize(4, 40), 4, 10)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "config.yaml").write_text("{}\n", encoding="utf-8")
    return load_config(tmp_path / "config.yaml")


def test_the_plan_is_the_configs_study(config: Config) -> None:
    plan = read_plan(config, 0.2)
    assert (plan.listeners, plan.clips, plan.human_trials, plan.generated_trials) == (40, 40, 10, 5)
    assert (plan.level, plan.bound, plan.effect, plan.source) == (0.95, 0.10, 0.2, LITERATURE)
    assert (plan.resize(9, 3).human_trials, plan.resize(9, 3).generated_trials) == (3, 3)


@pytest.mark.parametrize("effect", [0.0, -0.1, 0.7, 15])
def test_an_effect_outside_the_possible_is_refused(config: Config, effect: float) -> None:
    with pytest.raises(StudyError, match=r"does not lie between 0 and 0\.70"):
        read_plan(config, effect)


def test_a_pilot_gives_its_own_share_and_sds(config: Config, tmp_path: Path) -> None:
    shares, trials = {"human": 0.8, "gan": 0.5}, {"human": 20, "gan": 20}
    options = {"listeners": 100, "clips": 60, "sd_listener": 0.0, "sd_sensitivity": 0.3, "sd_clip": 0.6}
    table = simulate_study(np.random.default_rng(4), shares, trials=trials, **options)
    table.to_csv(tmp_path / "pilot.csv", index=False)
    plan = read_plan(config, 0.2, tmp_path / "pilot.csv")
    assert plan.human_share == pytest.approx(table.loc[table["system"] == "human", "judged_human"].mean())
    assert plan.sd_clip == pytest.approx(0.6 * 1.7, rel=0.25)  # probit to logit
    assert plan.source == str(tmp_path / "pilot.csv")


def test_a_pilot_that_nothing_can_be_learned_from_is_refused(config: Config, tmp_path: Path) -> None:
    make_judgments({"human": [[1, 1]] * 2, "gan": [[0, 0]] * 2}).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(StudyError, match="too small a pilot to plan from: all answers about each system"):
        read_plan(config, 0.2, tmp_path / "p.csv")


def test_a_pilot_whose_human_clips_were_all_judged_alike_is_refused(config: Config, tmp_path: Path) -> None:
    shares = {"human": 0.5, "lstm": 0.5, "gan": 0.4}
    table = simulate_study(np.random.default_rng(4), shares, trials=dict.fromkeys(shares, 10))
    table.loc[table["system"] == "human", "judged_human"] = 1
    table.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(StudyError, match="needs human and generated clips, and both answers about each"):
        read_plan(config, 0.2, tmp_path / "p.csv")


def test_a_pilot_of_ratings_is_refused(config: Config, tmp_path: Path) -> None:
    table = simulate_study(
        np.random.default_rng(4), {"human": 0.5, "gan": 0.4}, trials={"human": 4, "gan": 4}
    )
    table["judged_human"] += 1
    table.rename(columns={"judged_human": "rating"}).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(StudyError, match="its judgments are not human or computer, as trials"):
        read_plan(config, 0.2, tmp_path / "p.csv")


def test_a_study_whose_only_generators_check_attention_is_refused(tmp_path: Path) -> None:
    text = "clips: {systems: [gan]}\ntrials: {per_participant: {human: 5, gan: 5}, catch: [gan]}\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="has no generator to plan for"):
        read_plan(load_config(tmp_path / "config.yaml"), 0.2)


def test_the_command_writes_table_numbers_figure_and_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("recruitment: {target_participants: 12}\n", encoding="utf-8")
    options = ["--listeners", "10,6", "--clips", "12", "--studies", "20", "--looks", "2", "--workers", "1"]
    main(["--config", str(tmp_path / "config.yaml"), "power", *options])
    folder = tmp_path / "data" / "power"
    *findings, last = capsys.readouterr().out.splitlines()
    numbers = json.loads((folder / "power.json").read_text(encoding="utf-8"))
    assert last == f"Power: {folder / 'power.html'}"
    assert numbers["findings"] == findings
    assert "to detect a difference of 15 points" in findings[0]
    assert "12 listeners with 40 clips" in findings[0]
    page = (folder / "power.html").read_text(encoding="utf-8")
    assert f"<strong>{findings[0]}</strong>" in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert pd.read_csv(folder / "power.csv")["listeners"].tolist() == [6, 10]
    assert [row["boundary"] for row in numbers["looks"]][2:] == ["O'Brien-Fleming", "Pocock"]
    assert (folder / "power.png").read_bytes().startswith(b"\x89PNG")


def test_a_dask_cluster_of_two_workers_finds_the_same() -> None:
    plan = PLAN.resize(6, 8)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        far = partial(run_batches, cluster=cluster.scheduler_address)
        pd.testing.assert_frame_equal(
            simulate_grid(plan, [6], [8], 30, far), simulate_grid(plan, [6], [8], 30, HERE)
        )


def test_a_precision_that_no_study_has_is_unknown_and_never_nan(tmp_path: Path) -> None:
    """A generator that nobody ever takes for human gives no interval."""
    plan = replace(PLAN, effect=PLAN.human_share - 1e-9).resize(8, 4)
    grid, looks = simulate_grid(plan, [4], [4], 5, HERE), simulate_looks(plan, 2, 5, HERE)
    findings = write_power(plan, grid, looks, 5, tmp_path)
    assert "to \u00b1unknown points" in findings[1]
    text = (tmp_path / "power.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert json.loads(text)["grid"][0]["half_width"] is None


@pytest.mark.parametrize("numbers", ["20;40", "1,20", "", "many"])
def test_numbers_that_are_none_are_refused_in_words(
    tmp_path: Path, numbers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("{}\n", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["--config", str(tmp_path / "config.yaml"), "power", "--listeners", numbers])
    assert stopped.value.code == 2
    assert "is not numbers from 2 up, such as 20,40,80" in capsys.readouterr().err


GRID = [(20, 20, 0.5), (20, 40, 0.7), (40, 20, 0.6), (40, 40, 0.85), (80, 20, 0.82), (80, 40, 0.9)]


def answer_from(cells: list[tuple[int, int, float]], planned: float) -> str:
    grid = pd.DataFrame(cells, columns=["listeners", "clips", "power"])
    return answer(PLAN, grid, planned)


def test_the_answer_names_the_smallest_designs_that_are_enough() -> None:
    assert answer_from(GRID, 0.7) == (
        "Take 40 listeners with 40 clips or 80 listeners with 20 clips of each system to detect a difference "
        "of 15 points in at least 80% of studies; as planned, 40 listeners with 40 clips do in 70%."
    )


def test_the_answer_says_that_a_plan_is_enough_and_what_smaller_one_would_do() -> None:
    cells = [*GRID[:3], (40, 30, 0.81)]
    assert answer_from(cells, 0.86) == (
        "The plan is enough: 40 listeners with 40 clips of each system detect a difference of 15 points in "
        "86% of studies; 40 listeners with 30 clips would do."
    )


def test_the_answer_says_where_nothing_that_was_tried_is_enough() -> None:
    said = answer_from(GRID[:3], 0.7)
    assert said.startswith("More than was tried is needed to detect a difference of 15 points in 80% of st")
    assert "20 listeners with 40 clips of each system do in 70%" in said


def test_the_list_of_commands_says_what_the_command_says() -> None:
    from analysis.power_cli import power

    assert COMMANDS["power"] == ("analysis.power_cli", "power", power.get_short_help_str(limit=80))
