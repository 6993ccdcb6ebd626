"""`study compare`: the inference of the report, over two studies."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.clusters import measure_rates
from analysis.detection import estimate_detection
from analysis.fooling import estimate_difference
from analysis.replication import D_PRIME, GAP, RATE, Replication, compare_studies
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


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("empty", "holds no table of judgments: there is neither data/description-trials_data.csv nor"),
        ("pairs", "asked otherwise than `human or computer\\?`: it cannot be compared"),
    ],
)
def test_what_cannot_be_compared_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made: str, message: str
) -> None:
    (tmp_path / "config.yaml").write_text("title: x\n")
    other = tmp_path / made
    other.mkdir()
    if made == "pairs":
        rows = [
            {"participant_id": p, "clip_id": f"h{c}", "system": "human", "second_clip_id": f"l{c}",
             "second_system": "lstm", "chose_first": (p + c) % 2}
            for p in range(3) for c in range(3)
        ]  # fmt: skip
        pd.DataFrame(rows).to_csv(other / "responses.csv", index=False)
    with pytest.raises(SystemExit) as stop:
        main(["--config", str(tmp_path / "config.yaml"), "compare", str(other), str(other)])
    assert stop.value.code == 2
    assert message.replace("\\", "") in capsys.readouterr().err
