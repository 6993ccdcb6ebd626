"""`study compare`: the inference of the report, over two studies."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.clusters import measure_rates
from analysis.detection import estimate_detection
from analysis.fooling import estimate_difference
from analysis.pairs import estimate_pairs
from analysis.ratings import estimate_ratings
from analysis.replication import (
    CORRECT,
    D_PRIME,
    GAP,
    MEAN,
    MEAN_GAP,
    RATE,
    SUPERIORITY,
    Replication,
    compare_studies,
)
from analysis.replication_pairs import compare_pairs
from analysis.replication_ratings import compare_ratings
from analysis.simulation import Design, Population
from analysis.simulation_pairs import PairPopulation, simulate_pairs
from analysis.simulation_ratings import simulate_ratings
from study_core.cli import main
from study_core.errors import ResponsesError
from study_core.folders import name_table
from tests.analysis.made import make_judgments, simulate_study

TRIALS = {"human": 10, "lstm": 5, "gan": 5}
BOUND, LEVEL = 0.1, 0.95


def simulate(seed: int, lstm: float = 0.4, listeners: int = 40) -> pd.DataFrame:
    shares = {"human": 0.7, "lstm": lstm, "gan": 0.3}
    return simulate_study(np.random.default_rng(seed), shares, listeners=listeners, trials=TRIALS)


def compare(first: pd.DataFrame, second: pd.DataFrame, *, same_clips: bool = False) -> Replication:
    return compare_studies(first, second, same_clips=same_clips, bound=BOUND, level=LEVEL)


def test_each_study_keeps_the_estimates_of_its_own_report() -> None:
    tables = simulate(1), simulate(2, lstm=0.6)
    found = {(one.system, one.quantity): one for one in compare(*tables).pairings}
    for table, side in zip(tables, ("first", "second"), strict=True):
        rates = measure_rates(table)
        gap = getattr(found["lstm", GAP], side)
        alone = estimate_difference(rates, "lstm", "human", LEVEL)
        assert (gap.value, gap.low) == pytest.approx((alone.value, alone.low))
        d_prime = getattr(found["lstm", D_PRIME], side)
        alone = estimate_detection(rates, "lstm", LEVEL).d_prime
        assert (d_prime.value, d_prime.high) == pytest.approx((alone.value, alone.high))


def test_of_studies_with_nothing_in_common_the_variances_add_up() -> None:
    found = compare(simulate(1), simulate(2, lstm=0.6))
    for one in (pairing for pairing in found.pairings if pairing.quantity != RATE):
        errors = [one.first.standard_error, one.second.standard_error, one.difference.standard_error]
        assert errors[2] == pytest.approx(np.hypot(errors[0], errors[1]), rel=0.03)  # each has a floor
        assert one.difference.value == pytest.approx(one.second.value - one.first.value)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    hits = []
    for seed in range(150):
        found = compare(simulate(2 * seed, listeners=25), simulate(2 * seed + 1, 0.55, listeners=25))
        one = next(p for p in found.pairings if (p.system, p.quantity) == ("lstm", RATE))
        hits.append(one.difference.low <= 0.15 <= one.difference.high)
    assert 0.90 <= np.mean(hits) <= 0.99


def test_clips_heard_in_both_studies_do_not_count_twice() -> None:
    table = simulate(3, listeners=60)
    early = table[table["participant_id"].isin(table["participant_id"].unique()[:30])]
    late = table.drop(early.index)
    same, others = compare(early, late, same_clips=True), compare(early, late)
    assert same.n_shared_clips == len(set(early["clip_id"]) & set(late["clip_id"]))
    assert others.n_shared_clips is None
    narrower = [
        a.difference.standard_error < b.difference.standard_error
        for a, b in zip(same.pairings, others.pairings, strict=True)
    ]
    assert np.mean(narrower) > 0.7


def test_a_generator_of_one_study_alone_is_named_and_no_common_one_is_refused() -> None:
    first, second = simulate(1), simulate(2)
    found = compare(first, second[second["system"] != "gan"])
    assert (found.only_first, found.only_second) == (("gan",), ())
    other = second.replace({"system": {"lstm": "suno", "gan": "udio"}})
    with pytest.raises(ResponsesError, match="no generator in common: A has gan, lstm, B has suno, udio"):
        compare(first, other)


def test_answers_that_were_all_alike_have_a_difference_without_an_interval() -> None:
    alike = make_judgments({"human": [[1, 1], [1, 1]], "lstm": [[0, 1], [1, 0]]})
    found = compare(alike, alike)
    d_prime = next(one for one in found.pairings if one.quantity == D_PRIME)
    assert np.isfinite(d_prime.first.value)
    assert d_prime.difference.low is None
    assert 'judgments of A/human clips were "human"' in d_prime.difference.because


def write_study(folder: Path, table: pd.DataFrame) -> Path:
    path = folder / name_table("trials")
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False)
    return folder


def test_two_exports_become_a_page_numbers_and_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    first = write_study(tmp_path / "pilot/data/export", simulate(1))
    write_study(tmp_path / "main/data/export", simulate(2, lstm=0.7))
    second = tmp_path / "main.csv"
    simulate(2, lstm=0.7).to_csv(second, index=False)
    main(["--config", str(tmp_path / "config.yaml"), "compare", str(first), str(second)])
    said = capsys.readouterr().out
    assert "lstm, judged human: " in said
    assert "points (95% interval +" in said
    assert ": different." in said
    numbers = json.loads((tmp_path / "data/compare/compare.json").read_text())
    assert [study["name"] for study in numbers["studies"]] == ["pilot", "main"]
    page = (tmp_path / "data/compare/compare.html").read_text()
    assert "<h1>pilot and main</h1>" in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert (tmp_path / "data/compare/figure-compare.png").stat().st_size > 10_000


DESIGN = Design(n_listeners=30, n_clips={"human": 30, "gan": 30}, trials={"human": 10, "gan": 10})
SDS = {"sd_lean": 0.3, "sd_sensitivity": 0.6, "sd_clip": 0.4}


def draw_pairs(seed: int, correct: float) -> pd.DataFrame:
    population = PairPopulation(correct=correct, **SDS)
    return simulate_pairs(np.random.default_rng(seed), population, DESIGN, "gan")


def draw_ratings(seed: int, share: float) -> pd.DataFrame:
    population = Population(shares={"human": 0.5, "gan": share}, **SDS)
    cuts = np.array([-1.5, -0.5, 0.5, 1.5])
    return simulate_ratings(np.random.default_rng(seed), population, DESIGN, cuts)


def test_of_pairs_shares_found_and_d_prime_are_compared_and_each_study_keeps_its_own() -> None:
    tables = draw_pairs(1, 0.55), draw_pairs(2, 0.8)
    found = compare_pairs(*tables, same_clips=False, bound=BOUND, level=LEVEL)
    assert [one.quantity for one in found.pairings] == [CORRECT, D_PRIME]
    correct, d_prime = found.pairings
    for table, side in zip(tables, ("first", "second"), strict=True):
        (alone,) = estimate_pairs(table, LEVEL)
        own = getattr(correct, side)
        assert (own.value, own.low) == pytest.approx((alone.correct.value, alone.correct.low))
        assert getattr(d_prime, side).high == pytest.approx(alone.d_prime.high)
    for one in found.pairings:
        errors = [one.first.standard_error, one.second.standard_error]
        assert one.difference.standard_error == pytest.approx(np.hypot(*errors), rel=1e-6)
        assert one.difference.value == pytest.approx(one.second.value - one.first.value)
        assert one.difference.excludes_zero
        assert one.difference.degrees_of_freedom > max(
            one.first.degrees_of_freedom, one.second.degrees_of_freedom
        )
    assert correct.equivalence is not None
    assert correct.equivalence.bound == BOUND / 2


def test_pairs_of_the_same_clips_are_not_independent() -> None:
    """One study cut in two: what its clips share is no difference between the halves."""
    table = draw_pairs(3, 0.7)
    early = table[table["participant_id"] < 15]
    late = table.drop(early.index)
    options = {"bound": BOUND, "level": LEVEL}
    same, others = (compare_pairs(early, late, same_clips=is_same, **options) for is_same in (True, False))
    assert same.n_shared_clips == sum(
        len(set(early[name]) & set(late[name])) for name in ("clip_id", "human_clip_id")
    )
    for a, b in zip(same.pairings, others.pairings, strict=True):
        assert a.difference.standard_error < b.difference.standard_error


def test_pairs_that_were_all_right_leave_the_difference_without_an_interval() -> None:
    table = draw_pairs(4, 0.6)
    first = (table["chose_first"] != table["judged_human"]).astype("int64")
    right = table.assign(judged_human=0, chose_first=first)
    found = compare_pairs(table, right, same_clips=False, bound=BOUND, level=LEVEL).pairings
    assert [one.difference.low for one in found] == [None, None]
    assert found[0].difference.because == "in B all pairs were judged alike"
    assert found[1].difference.because == "in B all answers on one side were alike"


def test_of_ratings_means_and_the_chance_to_be_rated_higher_are_compared() -> None:
    tables = draw_ratings(1, 0.5), draw_ratings(2, 0.2)
    found = compare_ratings(*tables, same_clips=False, bound=BOUND, level=LEVEL)
    names = [(one.system, one.quantity) for one in found.pairings]
    assert names == [("human", MEAN), ("gan", MEAN), ("gan", MEAN_GAP), ("gan", SUPERIORITY)]
    for table, side in zip(tables, ("first", "second"), strict=True):
        _, alone = estimate_ratings(table, LEVEL, "no model")
        own = [alone.mean, alone.difference, alone.superiority]
        assert [getattr(one, side) for one in found.pairings[1:]] == own
    for one in found.pairings:
        errors = [one.first.standard_error, one.second.standard_error]
        assert one.difference.standard_error == pytest.approx(np.hypot(*errors), rel=0.03)
        assert one.difference.value == pytest.approx(one.second.value - one.first.value)
    assert [one.difference.excludes_zero for one in found.pairings] == [False, True, True, True]
    assert found.caution == ""


def test_scales_that_may_not_be_the_same_are_a_caution() -> None:
    wide = draw_ratings(2, 0.3)
    wide["rating"] += 2
    found = compare_ratings(draw_ratings(1, 0.3), wide, same_clips=False, bound=BOUND, level=LEVEL)
    assert found.caution.startswith("Ratings go up to 5 in A and to 7 in B: if the scales were not the same")


def test_ratings_that_were_all_alike_have_no_interval() -> None:
    flat = draw_ratings(2, 0.3)
    flat.loc[flat["system"] == "gan", "rating"] = 1.0
    found = compare_ratings(draw_ratings(1, 0.3), flat, same_clips=False, bound=BOUND, level=LEVEL).pairings
    assert [one.difference.low is None for one in found] == [False, True, True, False]
    assert found[2].difference.because == "in B the ratings of gan are all alike or cancel out"


def write_pairs(folder: Path, table: pd.DataFrame) -> Path:
    """Write a table of pairs as `study export` has it."""
    human_first = table["chose_first"] != table["judged_human"]
    ids = {
        of: of + "-" + table[name].astype(str)
        for of, name in (("gan", "clip_id"), ("human", "human_clip_id"))
    }
    rows = pd.DataFrame(
        {
            "participant_id": table["participant_id"],
            "clip_id": ids["human"].where(human_first, ids["gan"]),
            "system": np.where(human_first, "human", "gan"),
            "second_clip_id": ids["gan"].where(human_first, ids["human"]),
            "second_system": np.where(human_first, "gan", "human"),
            "chose_first": table["chose_first"],
        }
    )
    return write_study(folder, rows)


def test_exports_of_pairs_and_of_ratings_become_pages_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    pairs = [write_pairs(tmp_path / f"pairs{i}", draw_pairs(i, share)) for i, share in ((1, 0.55), (2, 0.8))]
    ratings = [
        write_study(tmp_path / f"rated{i}", draw_ratings(i, share)) for i, share in ((1, 0.4), (2, 0.4))
    ]
    pages = {}
    for name, (first, second) in (("pairs", pairs), ("ratings", ratings)):
        output = ["--output", str(tmp_path / name)]
        main(["--config", str(tmp_path / "config.yaml"), "compare", str(first), str(second), *output])
        pages[name] = " ".join((tmp_path / name / "compare.html").read_text().split())
    said = capsys.readouterr().out
    assert (
        "gan, human clip found: 60% in A, 80% in B; +20 points (95% interval +8 to +32): different." in said
    )
    assert "gan, mean rating less human's: " in said
    assert "A: pairs1, 30 listeners, 300 pairs, 60 clips" in pages["pairs"]
    assert "A: rated1, 30 listeners, 600 ratings, 60 clips" in pages["ratings"]
    assert "listener, generated and human clip" in pages["pairs"]


def test_two_questions_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    first = write_pairs(tmp_path / "pairs", draw_pairs(1, 0.6))
    second = write_study(tmp_path / "rated", draw_ratings(1, 0.5))
    with pytest.raises(SystemExit) as stop:
        main(["--config", str(tmp_path / "config.yaml"), "compare", str(first), str(second)])
    assert stop.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "The studies asked different questions and cannot be compared: A, the first" in said
    assert "asked which clip of a pair is the human one, B how good clips are. The way of asking" in said


def test_a_folder_without_judgments_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    with pytest.raises(SystemExit) as stop:
        main(["--config", str(tmp_path / "config.yaml"), "compare", str(tmp_path), str(tmp_path)])
    assert stop.value.code == 2
    assert "holds no table of judgments: there is neither data/descript" in capsys.readouterr().err


def test_advice_about_a_table_names_the_command_that_has_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    table = tmp_path / "graded.csv"
    table.write_text("participant_id,clip_id,system,graded_answer\na,h1,human,5\nb,g1,gan,1\n")
    for command in (["compare", str(table), str(table)], ["power", "--pilot", str(table)]):
        with pytest.raises(SystemExit):
            main(["--config", str(tmp_path / "config.yaml"), *command])
        said = " ".join(capsys.readouterr().err.split())
        assert "`study analyze --grades NUMBER`; other commands want judged_human in its place" in said
