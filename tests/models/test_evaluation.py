"""`study evaluate`: its figures are right for known sets, and its files say the same."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.cues import read_features
from models.evaluation import FEATURE_COLUMNS, evaluate
from models.evaluation_features import FEATURES, measure_features
from models.evaluation_figures import CEILING, FLOOR, HELD_OUT, ClipSet, measure
from models.evaluation_page import write_evaluation
from models.tokens import Score
from study_core.config import Config
from study_core.errors import StudyError
from tests.models.conftest import make_score
from tests.models.test_clips import config, make_config, run_stage

__all__ = ["config"]  # the fixture


def make_set(name: str, seeds: range, n_bars: int = 10) -> ClipSet:
    scores = [make_score(seed, n_bars) for seed in seeds]
    ids = [f"{name}-{seed}" for seed in seeds]
    return ClipSet(name, ids, scores, ids, [seed % 10 for seed in range(len(seeds))])


def test_the_features_of_two_chords_are_those_counted_by_hand() -> None:
    chord = [(0, 60, 12, 80), (0, 64, 12, 80), (12, 60, 6, 90), (12, 61, 6, 90)]
    score = Score(np.array(chord), 48, np.array([[0.0, 120.0]]))
    found = dict(zip(FEATURE_COLUMNS, measure_features(score).tolist(), strict=True))
    assert found["density"] == pytest.approx(4 / 0.75)
    assert (found["chord_size"], found["polyphony"], found["rests"]) == (2, 2, 0)
    assert found["range"] == 4
    assert found["dissonance"] == pytest.approx(1 / 2)
    assert found["leaps"] == 3
    assert found["on_the_beat"] == 1
    assert found["loudness"] == 85
    assert found["echo"] == pytest.approx(1 / 4)


def test_more_music_of_one_kind_is_near_and_other_music_is_far() -> None:
    real, same = make_set("real", range(60)), make_set("same", range(100, 140))
    spoiled = [
        replace(score, notes=np.column_stack([score.notes[:, :2], score.notes[:, 2:] // 2]))
        for score in same.scores
    ]
    _, near, far = measure([real, same, replace(same, name="far", scores=spoiled)], seed=1).figures
    assert near.separation is not None
    assert far.separation is not None
    assert near.frechet is not None
    assert far.frechet is not None
    assert near.separation.low < 0.5
    assert near.separation.auc < 0.6
    assert far.separation.auc > 0.99
    assert far.frechet > 5 * near.frechet


def test_one_clip_again_and_again_has_no_diversity_and_copied_runs_are_summed_up() -> None:
    real, repeated = make_set("real", range(30)), make_set("repeated", range(20))
    repeated = replace(repeated, scores=[repeated.scores[0]] * 20, copied_notes=[0] * 18 + [40, 40])
    figures = measure([real, repeated], seed=1).figures
    assert figures[0].diversity > 3
    assert figures[1].diversity == pytest.approx(0, abs=1e-5)
    assert (figures[1].copied_median, figures[1].copied_p95) == (0, 40)


def test_too_few_clips_are_described_but_not_compared() -> None:
    figures = measure([make_set("real", range(30)), make_set("few", range(4))], seed=1).figures[1]
    assert (figures.separation, figures.frechet) == (None, None)
    assert figures.note == "4 clips are too few to compare; 10 are the least"


def test_the_ceiling_is_the_mean_of_its_draws_and_says_how_far_they_lie_apart() -> None:
    real = make_set("real", range(30))
    draws = [make_set(CEILING, range(first, first + 20)) for first in (100, 120, 140)]
    apart = [measure([real, draw], seed=1).figures[1] for draw in draws]
    ceiling = measure([real], 1, draws).figures[1]
    aucs = [each.separation.auc for each in apart if each.separation]
    assert ceiling.separation is not None
    assert ceiling.separation.auc == pytest.approx(np.mean(aucs))
    assert ceiling.frechet == pytest.approx(np.mean([each.frechet for each in apart]))
    assert ceiling.note == f"mean of 3 draws, AUC from {min(aucs):.2f} to {max(aucs):.2f}"


def test_human_clips_are_compared_with_songs_that_they_are_not_from() -> None:
    real = make_set("real", range(30))
    human = replace(real, name="human", scores=real.scores[:15], songs=real.songs[:15])
    figures = measure([real, human], seed=1).figures[1]
    others = replace(real, scores=real.scores[15:], songs=real.songs[15:])
    assert figures.separation == measure([others, human], seed=1).figures[1].separation
    alone = measure([human, replace(real, name="human")], seed=1).figures[1]
    assert alone.note == "0 clips are too few to compare; 10 are the least"


def test_a_study_has_its_systems_between_ceiling_and_floor_and_its_files_agree(
    config: Config, tmp_path: Path
) -> None:
    config = config.model_copy(update={"clips": config.clips.model_copy(update={"max_copied_notes": 60})})
    clips = run_stage(config)
    evaluation = evaluate(config)
    folder = tmp_path / "evaluation"
    page = write_evaluation(evaluation, folder, config.seed).read_text()
    told = json.loads((folder / "evaluation.json").read_text())["sets"]
    assert [each["name"] for each in told] == [HELD_OUT, CEILING, "human", "lstm", "gan", FLOOR]
    assert all(each["n_clips"] == 6 for each in told[1:])
    features = read_features(folder / "features.csv")
    assert sorted(features["clip_id"]) == sorted(clip.clip_id for clip in clips)
    lstm = features[features["clip_id"].str.startswith("lstm")]
    for column in FEATURE_COLUMNS:
        assert told[3]["features"][column]["mean"] == pytest.approx(lstm[column].mean())
    assert page.count('<svg viewBox="0 -0.5') == sum(min(12, each["n_clips"]) for each in told)
    assert all(f"<b>{feature.name}</b>" in page for feature in FEATURES)
    assert "http" not in page


def test_the_same_study_has_the_same_figures(config: Config) -> None:
    config = config.model_copy(update={"clips": config.clips.model_copy(update={"max_copied_notes": 60})})
    run_stage(config)
    assert evaluate(config).figures == evaluate(config).figures


def test_a_study_without_clips_is_told_the_command(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"clips\.csv is missing: .* Run `study generate`"):
        evaluate(make_config(tmp_path / "data"))


def test_clips_that_are_gone_or_altered_are_all_named(config: Config) -> None:
    clips = run_stage(config)
    (config.folders.clips / clips[0].clip_file).unlink()
    (config.folders.clips / clips[1].clip_file).write_bytes(b"other")
    with pytest.raises(StudyError, match=r"2 of 18 clips are gone or altered(?s:.*)0001\.mid\n.*0002\.mid"):
        evaluate(config)


def test_pieces_too_short_to_compare_with_are_told(config: Config) -> None:
    run_stage(config)
    longer = config.model_copy(update={"clips": config.clips.model_copy(update={"duration_s": 120})})
    with pytest.raises(StudyError, match=r"none of \d+ pieces gives 120 s of unbroken music"):
        evaluate(longer)
