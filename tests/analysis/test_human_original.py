"""Human clips with their original timing are human music: never a generator, and judged rightly as human."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.answers import HUMAN_CLIP
from analysis.exploration import Exploration, explore
from analysis.figures import DRAWINGS
from analysis.findings import study_responses
from analysis.hierarchical import GENERATED, contrast_generated
from analysis.page import render_page
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError
from tests.analysis.made import simulate_study
from tests.analysis.rich import make_pairs

SHARES = {"human": 0.6, "human_original": 0.75, "gan": 0.35, "lstm": 0.45}


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    """Give a study with both human systems and two generators."""
    trials = dict.fromkeys(SHARES, 5)
    table = simulate_study(np.random.default_rng(3), SHARES, listeners=30, clips=10, trials=trials)
    path = tmp_path_factory.mktemp("original") / "trials.csv"
    table.assign(trial_index=table.groupby("participant_id").cumcount()).to_csv(path, index=False)
    return explore(study_responses(read_responses(path), AnalysisConfig()))


def test_it_has_a_share_but_is_no_generator(explored: Exploration) -> None:
    found = explored.study.findings
    assert [one.system for one in found.systems] == ["human", "human_original", "gan", "lstm"]
    assert [generator.system for generator in found.generators] == ["gan", "lstm"]
    assert found.human_original is not None
    assert found.human_original.difference is not None
    assert [(one.first, one.second) for one in found.contrasts] == [("gan", "lstm")]
    assert {one.system for one in explored.sensitivity.variants} == {"gan", "lstm"}
    assert {one.system for one in explored.sensitivity.influences} == {"gan", "lstm"}
    rates = [one.system for one in found.comparisons if one.quantity == "rate"]
    assert rates == ["human", "human_original", "gan", "lstm"]
    assert {one.system for one in found.comparisons if one.quantity != "rate"} == {
        *("gan", "lstm", "gan minus lstm"),
    }


def test_a_bound_of_it_alone_has_its_footnote(tmp_path: Path) -> None:
    """And ids of clips and listeners are whole wherever they stand, to be looked up."""
    trials = dict.fromkeys(SHARES, 5)
    table = simulate_study(np.random.default_rng(3), SHARES, listeners=30, clips=10, trials=trials)
    table.loc[table["system"] == "human_original", "judged_human"] = 1
    table["participant_id"] = "participant-" + table["participant_id"]
    table.to_csv(tmp_path / "trials.csv", index=False)
    study = study_responses(read_responses(tmp_path / "trials.csv"), AnalysisConfig())
    explored = explore(study)
    page = render_page(explored, {}, "Bound")
    assert page.count("* All answers are equal") == 1
    for influence in explored.sensitivity.influences:
        assert f"<code>{influence.most}</code>" in page


def test_human_is_the_right_answer_to_it(explored: Exploration) -> None:
    found, table = explored.study.findings, explored.study.exclusions.kept
    is_human = table["system"].isin(["human", "human_original"])
    right = (table["judged_human"] == 1) == is_human
    assert found.accuracy.correct.value == pytest.approx(right.mean())
    assert found.accuracy.base_rate == pytest.approx(0.5)
    assert found.listeners["n_correct"].sum() == right.sum()
    assert explored.learning.curve is not None
    n_correct = explored.learning.curve["correct"] * explored.learning.curve["n_trials"]
    assert n_correct.sum() == pytest.approx(right.sum())
    assert (contrast_generated(table)[GENERATED] < 0).tolist() == is_human.tolist()


def test_the_report_shows_it_beside_the_human_clips(explored: Exploration, tmp_path: Path) -> None:
    page = write_report(explored.study, tmp_path, "Original", pdf=False).read_text(encoding="utf-8")
    assert "human_original are human clips too" in page
    assert "<small>human_original</small>" not in page
    assert "human_original was judged human in" in page
    numbers = json.loads((tmp_path / "numbers.json").read_text(encoding="utf-8"))
    assert numbers["with_exclusions"]["human_original"]["system"] == "human_original"
    systems = pd.read_csv(tmp_path / "table-systems.csv")
    assert systems["fooling_system"].tolist() == ["human", "human_original", "gan", "lstm"]
    assert systems["equivalence_bound"].isna().tolist() == [True, True, False, False]
    assert "human_original" not in DRAWINGS["equivalence"].read(explored)


def test_it_may_be_the_human_clip_of_a_pair_but_not_both(tmp_path: Path) -> None:
    pairs = make_pairs().replace({"human": "human_original"})
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    table = read_responses(tmp_path / "pairs.csv").table
    assert table["system"].unique().tolist() == ["gan"]
    assert table[HUMAN_CLIP].str.startswith("h").all()
    pairs.replace({"gan": "human"}).to_csv(tmp_path / "pairs.csv", index=False)
    with pytest.raises(
        ResponsesError, match="240 of 240 pairs are not of one 'human' and one generated clip"
    ):
        read_responses(tmp_path / "pairs.csv")


def test_human_music_alone_cannot_be_told_from_anything(tmp_path: Path) -> None:
    both = {name: SHARES[name] for name in ("human", "human_original")}
    table = simulate_study(
        np.random.default_rng(1), both, listeners=4, clips=4, trials=dict.fromkeys(both, 2)
    )
    table.to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(
        ResponsesError, match=r"no clip is of a generator \(there are: human, human_original\)"
    ):
        read_responses(tmp_path / "trials.csv")
