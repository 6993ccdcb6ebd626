from collections import Counter
from itertools import groupby

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from study_core.errors import StimulusError
from study_core.types import HUMAN, HUMAN_ORIGINAL, Stimulus
from study_server.arrangement import PlannedTrial
from study_server.playlist import Design
from tests.study_server.made_study import make_stimulus

Made = tuple[list[Stimulus], dict[str, int], dict[str, int]]
SEEDS = st.integers(0, 2**63 - 1)


def draw(
    stimuli: list[Stimulus],
    counts: dict[str, int],
    per_participant: dict[str, int],
    longest_run: int,
    seed: int,
) -> list[str]:
    """Return the stimulus ids of one session."""
    return [trial.stimulus_id for trial in Design(stimuli, per_participant, longest_run).draw(counts, seed)]


@st.composite
def designs(draw_value: st.DrawFn) -> Made:
    """Draw stimuli with shared clusters, trials per system that can be met, and counts."""
    per_participant = {system: draw_value(st.integers(1, 5)) for system in (HUMAN, "lstm", "gan")}
    stimuli = []
    for system, n in per_participant.items():
        for index in range(n + draw_value(st.integers(0, 4))):
            cluster = (
                f"{system} {index}" if system == HUMAN else draw_value(st.sampled_from(["", "", "shared"]))
            )
            stimuli.append(make_stimulus(system, index, cluster=cluster))
    counts = {s.stimulus_id: draw_value(st.integers(0, 3)) for s in stimuli}
    return stimuli, per_participant, counts


def draw_or_discard(made: Made, longest_run: int, seed: int) -> list[Stimulus]:
    """Return the drawn stimuli; a design that cannot be met is another test's."""
    stimuli, per_participant, counts = made
    by_id = {s.stimulus_id: s for s in stimuli}
    try:
        return [by_id[i] for i in draw(stimuli, counts, per_participant, longest_run, seed)]
    except StimulusError:
        assume(False)
        raise


@given(designs(), SEEDS)
def test_each_system_is_heard_as_often_as_configured(made: Made, seed: int) -> None:
    heard = draw_or_discard(made, 15, seed)
    assert Counter(s.system for s in heard) == made[1]


@given(designs(), SEEDS)
def test_no_clip_and_no_song_cluster_is_heard_twice(made: Made, seed: int) -> None:
    heard = draw_or_discard(made, 15, seed)
    clusters = [s.song_cluster for s in heard if s.song_cluster]
    assert len({s.stimulus_id for s in heard}) == len(heard)
    assert len(set(clusters)) == len(clusters)


@given(designs(), SEEDS, st.integers(1, 6))
def test_runs_of_human_or_generated_clips_stay_short(made: Made, seed: int, longest_run: int) -> None:
    heard = draw_or_discard(made, longest_run, seed)
    runs = [len(list(run)) for _, run in groupby(heard, key=lambda s: s.system == HUMAN)]
    assert max(runs) <= longest_run


@given(designs(), SEEDS)
def test_the_least_judged_clips_come_first(made: Made, seed: int) -> None:
    stimuli, _, counts = made
    heard = {s.stimulus_id for s in draw_or_discard(made, 15, seed)}
    for system in (HUMAN,):  # clusters of their own: nothing stands in the way of the least judged
        own = [s.stimulus_id for s in stimuli if s.system == system]
        left_out = [counts[i] for i in own if i not in heard]
        assert max(counts[i] for i in own if i in heard) <= min(left_out, default=99)


@given(designs(), SEEDS)
def test_the_same_seed_and_counts_rebuild_the_draw_from_rows_in_any_order(made: Made, seed: int) -> None:
    stimuli, per_participant, counts = made
    first = [s.stimulus_id for s in draw_or_discard(made, 15, seed)]
    assert draw(stimuli[::-1], counts, per_participant, 15, seed) == first


def test_every_clip_and_every_place_is_used_about_equally_often() -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "lstm") for i in range(8)]
    draws = [draw(stimuli, {}, {HUMAN: 4, "lstm": 4}, 3, seed) for seed in range(600)]
    heard = Counter(i for ids in draws for i in ids)
    assert min(heard.values()) > 240  # 300 expected, SD 12
    assert max(heard.values()) < 360
    first_human = sum(ids[0] in {s.stimulus_id for s in stimuli if s.system == HUMAN} for ids in draws)
    assert 240 < first_human < 360


def test_shared_clusters_are_spread_where_a_greedy_choice_would_fail() -> None:
    human = [make_stimulus(HUMAN, 0, cluster="a"), make_stimulus(HUMAN, 1, cluster="b")]
    lstm = [make_stimulus("lstm", 0, cluster="a")]
    counts = {human[1].stimulus_id: 9}
    heard = draw([*human, *lstm], counts, {HUMAN: 1, "lstm": 1}, 2, 1)
    assert set(heard) == {human[1].stimulus_id, lstm[0].stimulus_id}


def test_of_two_clips_of_one_song_the_less_taken_is_heard() -> None:
    pair = [make_stimulus(HUMAN, i, cluster="one song") for i in range(2)]
    for taken, other in (pair, pair[::-1]):
        for seed in range(20):  # a clip without a count was never taken
            assert draw(pair, {taken.stimulus_id: 1}, {HUMAN: 1}, 1, seed) == [other.stimulus_id]


def test_a_system_that_no_trial_asks_for_is_never_heard() -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, HUMAN_ORIGINAL, "lstm") for i in range(2)]
    heard = draw(stimuli, {}, {HUMAN: 2, "lstm": 2}, 4, 1)
    assert set(heard) == {s.stimulus_id for s in stimuli if s.system != HUMAN_ORIGINAL}


def test_a_seed_gives_the_same_draw_for_good() -> None:
    # Literal places: a change here means that the draws of stored sessions cannot be rebuilt any more.
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "gan", "lstm") for i in range(4)]
    place = {s.stimulus_id: f"{s.system[0]}{i % 4}" for i, s in enumerate(stimuli)}
    per_participant = {HUMAN: 4, "gan": 2, "lstm": 2}
    one_by_one = Design(stimuli, per_participant, 3, 2).draw({stimuli[4].stimulus_id: 1}, 2018)
    in_pairs = Design(stimuli, per_participant, 3, 2, in_pairs=True).draw({}, 2018)
    assert " ".join(place[trial.stimulus_id] for trial in one_by_one) == "l3 h2 h1 h3 l0 g3 g1 h0 h1 l3"
    assert " ".join(place[trial.stimulus_id] for trial in in_pairs) == "l3 h2 h1 l0 h3 g0 g1 h0 l0 h1 h2 l3"


def test_too_few_clusters_are_refused_with_the_numbers() -> None:
    stimuli = [make_stimulus(HUMAN, i, cluster="one song") for i in range(4)]
    with pytest.raises(StimulusError, match=r"human 2 of 1.*trials\.per_participant"):
        draw(stimuli, {}, {HUMAN: 2}, 5, 1)


def test_a_system_without_clips_is_refused_with_the_numbers() -> None:
    with pytest.raises(StimulusError, match="gan 1 of 0"):
        draw([make_stimulus(HUMAN, 0)], {}, {HUMAN: 1, "gan": 1}, 5, 1)


def test_runs_that_no_order_can_keep_short_are_refused() -> None:
    stimuli = [make_stimulus(HUMAN, i) for i in range(5)] + [make_stimulus("gan", 0)]
    with pytest.raises(StimulusError, match="No order of 5 human and 1 generated clips"):
        draw(stimuli, {}, {HUMAN: 5, "gan": 1}, 2, 1)


def list_kinds(trials: list[PlannedTrial], kind: str) -> list[str]:
    """Return the stimulus ids of a session's trials of one kind."""
    return [trial.stimulus_id for trial in trials if trial.kind == kind]


@given(SEEDS, st.integers(0, 5), st.integers(2, 4))
def test_clips_of_the_first_half_come_again_at_the_end(seed: int, n: int, longest_run: int) -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "lstm", "gan") for i in range(8)]
    by_id = {s.stimulus_id: s for s in stimuli}
    trials = Design(stimuli, {HUMAN: 6, "lstm": 3, "gan": 3}, longest_run, n).draw({}, seed)
    first, again = list_kinds(trials, "main"), list_kinds(trials, "repeat")
    assert (len(first), len(again), len(set(again))) == (12, n, n)
    assert abs(sum(by_id[i].system == HUMAN for i in again) - n / 2) <= 0.5
    for is_human in (True, False):
        heard = [i for i in first if (by_id[i].system == HUMAN) is is_human]
        assert {i for i in again if (by_id[i].system == HUMAN) is is_human} <= set(heard[:3])
    runs = [len(list(run)) for _, run in groupby(trials, key=lambda t: by_id[t.stimulus_id].system == HUMAN)]
    assert max(runs) <= longest_run


@given(SEEDS)
def test_clips_that_check_attention_are_marked_and_never_come_again(seed: int) -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "lstm", "beeps") for i in range(4)]
    by_id = {s.stimulus_id: s for s in stimuli}
    design = Design(stimuli, {HUMAN: 3, "lstm": 2, "beeps": 2}, 4, 2, ("beeps",))
    trials = design.draw({}, seed)
    assert {by_id[i].system for i in list_kinds(trials, "catch")} == {"beeps"}
    assert len(list_kinds(trials, "catch")) == 2
    assert "beeps" not in {by_id[i].system for i in list_kinds(trials, "repeat")}


def test_more_repeats_than_a_first_half_holds_are_refused_with_the_numbers() -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "gan") for i in range(4)]
    with pytest.raises(StimulusError, match=r"trials\.repeats is 5.*2 human and 2 generated"):
        Design(stimuli, {HUMAN: 4, "gan": 4}, 4, 5)


def test_clips_with_their_original_timing_are_human_ones_in_the_runs() -> None:
    per_participant = {HUMAN: 2, HUMAN_ORIGINAL: 2, "lstm": 4}
    stimuli = [make_stimulus(s, i, cluster=f"{s} {i}") for s, n in per_participant.items() for i in range(n)]
    by_id = {s.stimulus_id: s for s in stimuli}
    for seed in range(20):
        heard = [by_id[i].system != "lstm" for i in draw(stimuli, {}, per_participant, 1, seed)]
        assert heard in ([True, False] * 4, [False, True] * 4)


@given(SEEDS, st.integers(0, 3), st.integers(1, 4))
def test_a_pair_is_a_human_and_a_generated_clip_and_sides_are_balanced_in_short_runs(
    seed: int, n_repeats: int, longest_run: int
) -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "lstm", "gan") for i in range(8)]
    is_human = {s.stimulus_id: s.system == HUMAN for s in stimuli}
    design = Design(stimuli, {HUMAN: 6, "lstm": 3, "gan": 3}, longest_run, n_repeats, in_pairs=True)
    trials = design.draw({}, seed)
    pairs = list(zip(trials[::2], trials[1::2], strict=True))
    sides = [is_human[first.stimulus_id] for first, _ in pairs]
    assert len(pairs) == 6 + n_repeats
    assert all(is_human[first.stimulus_id] != is_human[second.stimulus_id] for first, second in pairs)
    assert all(first.kind == second.kind for first, second in pairs)
    assert abs(sum(sides) - len(pairs) / 2) <= 0.5
    assert max(len(list(run)) for _, run in groupby(sides)) <= longest_run
    heard = [frozenset((first.stimulus_id, second.stimulus_id)) for first, second in pairs]
    assert len(set().union(*heard[:6])) == 12
    assert set(heard[6:]) <= set(heard[:3])
    assert len(set(heard[6:])) == n_repeats
    assert [first.kind for first, _ in pairs] == ["main"] * 6 + ["repeat"] * n_repeats
    assert design.draw({}, seed) == trials


def test_the_clips_of_a_pair_never_share_a_song() -> None:
    stimuli = [make_stimulus(system, i, cluster=f"song {i}") for system in (HUMAN, "gan") for i in range(4)]
    cluster = {s.stimulus_id: s.song_cluster for s in stimuli}
    for seed in range(50):
        trials = Design(stimuli, {HUMAN: 2, "gan": 2}, 2, in_pairs=True).draw({}, seed)
        assert len({cluster[trial.stimulus_id] for trial in trials}) == 4


def test_every_clip_meets_about_every_other_one_on_either_side() -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "gan") for i in range(4)]
    design = Design(stimuli, {HUMAN: 3, "gan": 3}, 3, in_pairs=True)
    pairs: Counter[tuple[str, str]] = Counter()
    for seed in range(640):
        ids = [trial.stimulus_id for trial in design.draw({}, seed)]
        pairs.update(zip(ids[::2], ids[1::2], strict=True))
    assert len(pairs) == 2 * 16
    assert min(pairs.values()) > 30  # 60 expected, SD 7.7
    assert max(pairs.values()) < 90


@given(SEEDS)
def test_of_a_pair_that_checks_attention_only_the_clip_that_does_is_marked_and_none_is_repeated(
    seed: int,
) -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "gan", "beeps") for i in range(4)]
    by_id = {s.stimulus_id: s for s in stimuli}
    design = Design(stimuli, {HUMAN: 4, "gan": 3, "beeps": 1}, 4, 2, ("beeps",), in_pairs=True)
    trials = design.draw({}, seed)
    assert Counter(trial.kind for trial in trials) == {"main": 7, "catch": 1, "repeat": 4}
    (checked,) = (place for place, trial in enumerate(trials) if trial.kind == "catch")
    assert by_id[trials[checked].stimulus_id].system == "beeps"
    partner = trials[checked ^ 1]
    assert partner.kind == "main"
    assert by_id[partner.stimulus_id].system == HUMAN
    assert partner.stimulus_id not in {trial.stimulus_id for trial in trials if trial.kind == "repeat"}


def test_more_repeated_pairs_than_a_first_half_holds_are_refused_with_the_numbers() -> None:
    stimuli = [make_stimulus(system, i) for system in (HUMAN, "gan") for i in range(4)]
    with pytest.raises(StimulusError, match=r"trials\.repeats is 3, but a session's first half has 2 pairs"):
        Design(stimuli, {HUMAN: 4, "gan": 4}, 4, 3, in_pairs=True)
