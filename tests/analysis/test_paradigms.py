"""Studies of pairs and of ratings: what is found, beside brute force and planted effects, or why not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.answers import HUMAN_CLIP
from analysis.asked import collect_asked, write_asked
from analysis.asked_exploration import explore_pairs, explore_ratings
from analysis.asked_keys import ASKED_KEYS
from analysis.asked_readings import list_answers
from analysis.cues import FOUND_OUT, find_cues
from analysis.equivalence import Verdict
from analysis.factors import divide
from analysis.keys import KEYS
from analysis.moderators import measure_moderator
from analysis.outcomes import CORRECT, GAP, RATING
from analysis.pair_model import fit_pairs
from analysis.paradigms import PairStudy, RatingStudy, part_pairs, study_pairs, study_ratings
from analysis.reliability import estimate_reliability
from analysis.responses import read_responses
from analysis.shrinkage import shrink_means
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError
from tests.analysis.rich import make_rated, make_told

CONFIG = AnalysisConfig()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> PairStudy:
    path = tmp_path_factory.mktemp("pairs") / "trials.csv"
    make_told().to_csv(path, index=False)
    return study_pairs(read_responses(path, moderators=("musical_training",)), CONFIG)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> RatingStudy:
    path = tmp_path_factory.mktemp("ratings") / "trials.csv"
    make_rated().to_csv(path, index=False)
    return study_ratings(read_responses(path), CONFIG)


# Pairs.


def test_the_generator_that_is_told_better_comes_out_so(pairs: PairStudy) -> None:
    gan, lstm = pairs.findings.pairs
    assert pairs.generators == ("gan", "lstm")
    assert gan.correct.low > 0.5
    assert gan.correct.value > lstm.correct.value
    (contrast,) = pairs.findings.contrasts
    assert contrast.difference.value == pytest.approx(gan.correct.value - lstm.correct.value)
    assert contrast.difference.low > 0
    assert contrast.p_holm < 0.05


def test_the_error_of_a_contrast_counts_what_both_generators_share(pairs: PairStudy) -> None:
    """Brute force over all couples of pairs that have a listener, or a clip of either kind, in common."""
    kept = pairs.exclusions.kept
    correct = 1 - kept["judged_human"]
    left = (correct - correct.groupby(kept["system"]).transform("mean")).to_numpy()
    columns = [kept[name].to_numpy() for name in ("participant_id", "clip_id", HUMAN_CLIP)]
    related = np.any([column[:, None] == column for column in columns], axis=0)
    brute = 0.0
    for a, first in enumerate(pairs.generators):
        for b, second in enumerate(pairs.generators):
            block = np.ix_(kept["system"] == first, kept["system"] == second)
            products = (np.outer(left, left) * related)[block].mean()
            brute += (-1) ** (a + b) * products / (1 - related[block].mean())
    (contrast,) = pairs.findings.contrasts
    assert contrast.difference.standard_error**2 == pytest.approx(brute)


def test_the_model_of_pairs_finds_d_prime_and_lean(pairs: PairStudy) -> None:
    """Truth: d' 1.6 and .4, a lean of .2, SDs .5 of d' and .4 of clips."""
    gan, lstm = pairs.findings.models
    assert gan.d_prime.low < 1.6 < gan.d_prime.high
    assert lstm.d_prime.low < 0.4 < lstm.d_prime.high
    assert gan.lean.low < 0.2 < gan.lean.high
    assert 0.2 < gan.listeners_sd < 0.9
    assert 0.1 < gan.clips_sd < 0.7
    (test,) = gan.tests
    assert test.p == pytest.approx(stats.chi2.sf(test.statistic, [1, 2]).mean())


def test_every_clip_of_a_pair_was_taken_for_human_or_not(pairs: PairStudy) -> None:
    clips, kept = pairs.findings.clips, pairs.exclusions.kept
    both = part_pairs(kept)
    assert len(both) == 2 * len(kept)
    assert both["judged_human"].sum() == len(kept)
    assert clips["n_trials"].sum() == 2 * len(kept)
    assert clips["system"].unique().tolist() == ["human", "gan", "lstm"]


def test_equality_to_guessing_is_tested_with_half_the_declared_difference(pairs: PairStudy) -> None:
    declared = [claim for claim in pairs.findings.claims if claim.name == "declared"]
    assert [claim.test.bound for claim in declared] == [CONFIG.equivalence_bound / 2] * 2
    assert declared[0].test.verdict == Verdict.DIFFERENT


def test_finding_the_human_clip_less_often_than_guessing_is_not_said_to_be_telling(tmp_path: Path) -> None:
    table = make_told()
    turned = table["system"].eq("gan") | table["second_system"].eq("gan")
    table["chose_first"] = table["chose_first"].mask(turned, 1 - table["chose_first"])
    table.to_csv(tmp_path / "trials.csv", index=False)
    gan, lstm = list_answers(study_pairs(read_responses(tmp_path / "trials.csv"), CONFIG))
    assert "told the two apart" not in gan.sentence
    assert gan.sentence.endswith(
        "where guessing gives 50%: listeners confused the two: they took the generated clip for the human "
        "one more often than not."
    )
    assert "confused" not in lstm.sentence


def test_influence_is_that_of_leaving_one_out(pairs: PairStudy) -> None:
    explored = explore_pairs(pairs)
    kept = pairs.exclusions.kept[pairs.exclusions.kept["system"] == "gan"]
    units = {one.unit: one for one in explored.sensitivity.influences if one.system == "gan"}
    assert set(units) == {"listener", "generated clip", "human clip"}
    for unit, column in (("listener", "participant_id"), ("human clip", HUMAN_CLIP)):
        without = [
            (1 - kept[kept[column] != one]["judged_human"]).mean() - 0.5 for one in kept[column].unique()
        ]
        assert (units[unit].low, units[unit].high) == pytest.approx((min(without), max(without)))
    planned = [one for one in explored.sensitivity.variants if one.name == "as planned"]
    assert planned[0].difference.value == pytest.approx(pairs.findings.pairs[0].correct.value - 0.5)


def test_training_and_confidence_are_looked_at_in_pairs(pairs: PairStudy) -> None:
    explored = explore_pairs(pairs)
    assert explored.moderators[0].slope.low > 0  # planted
    levels = pairs.findings.confidence.levels
    assert levels["correct"].iloc[-1] > levels["correct"].iloc[0]
    assert explored.learning.trend is not None


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda t: t[t["participant_id"] == t["participant_id"].iloc[0]], "there is only one listener"),
        (lambda t: t.assign(clip_id="g"), "there is only one generated clip"),
        (lambda t: t.assign(human_clip_id="h"), "there is only one human clip"),
        (lambda t: t[t["chose_first"] != t["judged_human"]], "the human clip was always on the same side"),
        (
            lambda t: t.assign(judged_human=0, chose_first=np.arange(len(t)) % 2),
            "answers on one side were alike",
        ),
    ],
)
def test_pairs_that_cannot_give_a_model_say_why(pairs: PairStudy, change: object, because: str) -> None:
    found = fit_pairs(change(pairs.exclusions.kept), 0.95)
    assert because in found.because
    assert found.d_prime.low is None


# Ratings.


def test_the_lower_rated_generator_comes_out_lower(ratings: RatingStudy) -> None:
    human, gan, lstm = ratings.findings.ratings
    assert ratings.generators == ("gan", "lstm")
    assert human.difference is None
    assert gan.difference.value == pytest.approx(gan.mean.value - human.mean.value)
    assert gan.difference.high < 0
    assert gan.effect.high < 0
    (contrast,) = ratings.findings.contrasts
    assert contrast.difference.value == pytest.approx(gan.mean.value - lstm.mean.value)
    assert contrast.p_holm < 0.05


def test_listeners_and_clips_differ_in_the_model_of_ratings_as_planted(ratings: RatingStudy) -> None:
    spread = ratings.findings.spread
    components = spread.components.set_index("who")
    assert components["share"].sum() == pytest.approx(1)
    assert 0.5 < components.loc["listeners' lean", "sd"] < 1.7  # .6 on the probit scale
    assert 0.4 < components.loc["clips", "sd"] < 1.4  # .5
    systems, listeners = spread.tests
    assert systems.p < 0.01
    assert (systems.degrees_of_freedom, listeners.degrees_of_freedom) == (2, 2)


def test_clips_are_in_the_order_of_their_systems(ratings: RatingStudy) -> None:
    clips = explore_ratings(ratings).clips
    assert clips["system"].unique().tolist() == ["human", "gan", "lstm"]
    raw = clips.groupby("system")["mean"].std()
    assert (clips.groupby("system")["shrunk"].std() < raw).all()


def test_drift_is_seen_where_it_is(ratings: RatingStudy) -> None:
    drift = explore_ratings(ratings).drift
    assert drift.low < 0 < drift.high
    kept = ratings.exclusions.kept
    drifting = kept.assign(rating=kept["rating"] + kept["trial_index"] / 10)
    later = explore_ratings(
        RatingStudy(
            ratings.responses,
            CONFIG,
            type(ratings.exclusions)(drifting, drifting, ratings.exclusions.steps, False, drifting),
            ratings.findings,
            (),
            (),
        )
    ).drift
    assert later.value == pytest.approx(drift.value + 1)


def test_no_rating_at_all_is_refused(tmp_path: Path) -> None:
    table = make_rated().assign(rating="")
    table.to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(ResponsesError, match="no answer in the table: 720 left out"):
        study_ratings(read_responses(tmp_path / "trials.csv"), CONFIG)


@pytest.mark.parametrize("study", [study_pairs, study_ratings])
def test_exclusions_that_leave_nothing_are_refused(study: object, tmp_path: Path) -> None:
    make = make_told if study is study_pairs else make_rated
    make().assign(heard_s=0.5).to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(ResponsesError, match=r"heard for less than 3 s: \d+ left out"):
        study(read_responses(tmp_path / "trials.csv"), CONFIG)


def test_means_are_pulled_as_far_as_chance_makes_them_differ() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 0.5, 400)
    values = truth[:, None] + rng.normal(0, 1, (400, 5))
    squares = float(((values - values.mean(axis=1, keepdims=True)) ** 2).sum())
    found = shrink_means(values.mean(axis=1), np.full(400, 5), squares, 0.95)
    assert np.polyfit(found.share, truth, 1)[0] == pytest.approx(1, abs=0.1)
    assert np.mean((found.low <= truth) & (truth <= found.high)) == pytest.approx(0.95, abs=0.03)
    alike = shrink_means(np.array([3.0, 3.1]), np.array([5, 5]), 40.0, 0.95)
    assert alike.share.tolist() == pytest.approx([3.05, 3.05])


# What is looked at in both.


def test_answers_that_are_repeated_agree_beyond_chance(pairs: PairStudy, ratings: RatingStudy) -> None:
    """300 trials are heard again: of pairs a fourth turns round, ratings move by one or none."""
    kept = pairs.exclusions.kept
    turned = np.arange(300) % 4 == 0
    again = kept.head(300).assign(
        judged_human=lambda t: t["judged_human"].mask(turned, 1 - t["judged_human"])
    )
    found = estimate_reliability(pd.concat([kept, again.assign(trial_index=99)]), 0.95)
    assert found.n_repeats == 300
    assert found.agreement.value == pytest.approx(0.75)
    rated = ratings.exclusions.kept
    moved = rated.head(300).assign(rating=lambda t: (t["rating"] + np.arange(300) % 2).clip(upper=5))
    found = estimate_reliability(pd.concat([rated, moved.assign(trial_index=99)]), 0.95, "rating")
    first, second = rated["rating"].head(300).to_numpy(), moved["rating"].to_numpy()
    chance = np.subtract.outer(first, second) ** 2
    assert found.kappa.value == pytest.approx(1 - ((first - second) ** 2).mean() / chance.mean())
    assert found.kappa.low > 0.5


def test_who_tells_ratings_apart_is_found_beside_who_rates_high(ratings: RatingStudy) -> None:
    kept = ratings.exclusions.kept
    listener = pd.factorize(kept["participant_id"])[0] % 4
    side = np.where(kept["system"] == "human", 1, -1)
    apart = kept.assign(fact=listener, rating=kept["rating"] + 0.5 * side * listener)
    gap, level = (measure_moderator(apart, "fact", 0.95, outcome) for outcome in (GAP, RATING))
    assert gap.slope.low > 0.5
    assert gap.groups["gap"].is_monotonic_increasing
    assert gap.p < 0.001
    higher = kept.assign(fact=listener, rating=kept["rating"] + listener)
    assert measure_moderator(higher, "fact", 0.95, RATING).slope.low > 0.5
    assert abs(measure_moderator(higher, "fact", 0.95, GAP).slope.value) < 0.3
    assert level.outcome == "rating"


def test_a_feature_of_pairs_counts_as_the_generated_clips_less_the_human_ones(pairs: PairStudy) -> None:
    kept = pairs.exclusions.kept
    ids = sorted({*kept["clip_id"], *kept[HUMAN_CLIP]})
    features = pd.DataFrame({"clip_id": ids, "rests": np.random.default_rng(1).normal(size=len(ids))})
    measured = features.set_index("clip_id")["rests"]
    more = kept["clip_id"].map(measured) - kept[HUMAN_CLIP].map(measured)
    planted = kept.assign(judged_human=(more < 0).astype(int))
    cues = find_cues(planted, features, 0.95, outcome=FOUND_OUT)
    assert cues.table.loc[0, "low"] > 0.1
    assert cues.table.loc[0, "n_clips"] == len(ids)


def test_an_answer_by_a_factor_is_that_of_its_rows(pairs: PairStudy, ratings: RatingStudy) -> None:
    for study, outcome, column in ((pairs, CORRECT, "judged_human"), (ratings, RATING, "rating")):
        kept = study.exclusions.kept
        kept = kept.assign(font=np.where(np.arange(len(kept)) % 3, "a", "b"))
        found = divide(kept, "font", outcome, 0.95)
        for cell in found.cells:
            rows = kept[(kept["font"] == cell.group) & (kept["system"] == cell.system)]
            mean = rows[column].mean()
            assert cell.mean.value == pytest.approx(1 - mean if outcome is CORRECT else mean)
            assert cell.mean.low < cell.mean.value < cell.mean.high
        means = {(cell.system, cell.group): cell.mean.value for cell in found.cells}
        assert [one.system for one in found.changes] == ["gan", "lstm"]
        for one in found.changes:
            human = means.get(("human", "a"), 0) - means.get(("human", "b"), 0)
            change = means[one.system, "a"] - means[one.system, "b"] - human
            assert one.difference.value == pytest.approx(change)
            assert one.difference.low < change < one.difference.high
    assert divide(kept.assign(font="a"), "font", RATING, 0.95).because == "all rows have the same value"


def test_a_factor_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    make_rated().to_csv(tmp_path / "trials.csv", index=False)
    with pytest.raises(ResponsesError, match="column 'soundfont' of --by is not in the file"):
        read_responses(tmp_path / "trials.csv", factors=("soundfont",))


# Reports.


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_every_key_of_the_numbers_is_documented(kind: str, request: pytest.FixtureRequest) -> None:
    study = request.getfixturevalue(kind)
    numbers = collect_asked((explore_pairs if kind == "pairs" else explore_ratings)(study))
    assert numbers.pop("keys") == KEYS | ASKED_KEYS
    numbers.pop("declared")
    numbers.pop("people")
    assert keys_of(numbers) - {"keys"} <= set(KEYS | ASKED_KEYS)


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys_of(item) for item in value.values()))
    return set().union(*(keys_of(item) for item in value)) if isinstance(value, list) else set()


def test_the_pages_say_what_was_found(pairs: PairStudy, ratings: RatingStudy, tmp_path: Path) -> None:
    page = write_asked(pairs, tmp_path / "pairs", "Pairs", pdf=False).read_text(encoding="utf-8")
    assert "Beside gan, the human clip was found in" in page
    assert "where guessing gives 50%: listeners told the two apart" in page
    for name in ("matrix", "claims", "clips", "listeners", "learning", "moderators", "specifications"):
        assert f'id="figure-{name}"' in page
    page = write_asked(ratings, tmp_path / "ratings", "Ratings", pdf=False).read_text(encoding="utf-8")
    assert "the chance that it is rated above a human clip is" in page
    for name in ("ratings", "claims", "means", "scale", "variance", "learning", "specifications", "flow"):
        assert f'id="figure-{name}"' in page
    for folder in ("pairs", "ratings"):
        tables = {path.name for path in (tmp_path / folder).glob("table-*.csv")}
        assert {f"table-{folder}.csv", "table-contrasts.csv", "table-clips.csv", "table-claims.csv"} <= tables
        assert len(pd.read_csv(tmp_path / folder / f"table-{folder}.csv")) >= 2
