from collections import Counter
from itertools import groupby

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from study_core.errors import StimulusError
from study_core.types import HUMAN, Stimulus
from study_server.playlist import draw
from tests.study_server.made_study import make_stimulus

Design = tuple[list[Stimulus], dict[str, int], dict[str, int]]
SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def designs(draw_value: st.DrawFn) -> Design:
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


def draw_or_discard(design: Design, longest_run: int, seed: int) -> list[Stimulus]:
    """Return the drawn stimuli; a design that cannot be met is another test's."""
    stimuli, per_participant, counts = design
    by_id = {s.stimulus_id: s for s in stimuli}
    try:
        return [by_id[i] for i in draw(stimuli, counts, per_participant, longest_run, seed)]
    except StimulusError:
        assume(False)
        raise


@given(designs(), SEEDS)
def test_each_system_is_heard_as_often_as_configured(design: Design, seed: int) -> None:
    heard = draw_or_discard(design, 15, seed)
    assert Counter(s.system for s in heard) == design[1]


@given(designs(), SEEDS)
def test_no_clip_and_no_song_cluster_is_heard_twice(design: Design, seed: int) -> None:
    heard = draw_or_discard(design, 15, seed)
    clusters = [s.song_cluster for s in heard if s.song_cluster]
    assert len({s.stimulus_id for s in heard}) == len(heard)
    assert len(set(clusters)) == len(clusters)


@given(designs(), SEEDS, st.integers(1, 6))
def test_runs_of_human_or_generated_clips_stay_short(design: Design, seed: int, longest_run: int) -> None:
    heard = draw_or_discard(design, longest_run, seed)
    runs = [len(list(run)) for _, run in groupby(heard, key=lambda s: s.system == HUMAN)]
    assert max(runs) <= longest_run


@given(designs(), SEEDS)
def test_the_least_judged_clips_come_first(design: Design, seed: int) -> None:
    stimuli, _, counts = design
    heard = {s.stimulus_id for s in draw_or_discard(design, 15, seed)}
    for system in (HUMAN,):  # clusters of their own: nothing stands in the way of the least judged
        own = [s.stimulus_id for s in stimuli if s.system == system]
        left_out = [counts[i] for i in own if i not in heard]
        assert max(counts[i] for i in own if i in heard) <= min(left_out, default=99)


@given(designs(), SEEDS)
def test_the_same_seed_and_counts_rebuild_the_draw_from_rows_in_any_order(design: Design, seed: int) -> None:
    stimuli, per_participant, counts = design
    first = [s.stimulus_id for s in draw_or_discard(design, 15, seed)]
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
