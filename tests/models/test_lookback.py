"""What composing and training look back to beside the bars: figures, voices and the notes around."""

import numpy as np

from models.features import N_SEEN, Setting
from models.lookback import NOTHING, VOICE_NOTES, find_matches, find_references, find_voices
from models.past import Past

MELODY = [(0, 40), (6, 42), (6, 44), (12, 40)]


def make_tokens(*notes: tuple[int, int]) -> np.ndarray:
    return np.array([(delta, pitch, 5, 16) for delta, pitch in notes])


def test_a_figure_is_found_again_a_fifth_higher() -> None:
    tokens = make_tokens(*MELODY, (48, 60), (6, 62), (6, 64), (12, 60))
    after_two, after_four = find_matches(tokens)
    assert after_two.tolist() == [NOTHING] * 6 + [3, 4]
    assert tokens[3, 1] - tokens[2, 1] == tokens[7, 1] - tokens[6, 1]
    assert (after_four == NOTHING).all()


def test_the_last_of_several_matches_counts() -> None:
    tokens = make_tokens(*(3 * [(6, 40), (6, 42)]), (6, 40))
    assert find_matches(tokens)[0].tolist() == [NOTHING] * 4 + [3, 4, 5]


def test_nothing_matches_where_the_rhythm_differs_or_too_little_was_heard() -> None:
    tokens = make_tokens(*MELODY, (48, 60), (6, 62), (7, 64), (12, 60))
    assert all((found == NOTHING).all() for found in find_matches(tokens))
    assert all((found == NOTHING).all() for found in find_matches(tokens[:2]))


def test_notes_are_heard_against_those_before_and_the_outer_voices() -> None:
    tokens = make_tokens((0, 20), (0, 40), (12, 22), (0, 30), (0, 42), (12, 24))
    assert find_references(tokens)[[0, 1, 4, 5]].tolist() == [
        [20, 20, 20, 20, 20, 20],  # nothing before
        [20, 20, 20, 20, 20, 20],
        [30, 22, 40, 40, 20, 30],  # within the second chord the onset before is the first
        [42, 30, 22, 42, 22, 40],
    ]


def test_a_voice_goes_on_from_its_nearest_note_of_an_earlier_onset() -> None:
    tokens = make_tokens((0, 20), (0, 40), (12, 22), (0, 41), (12, 39), (0, 60))
    assert find_voices(tokens).tolist() == [NOTHING, NOTHING, 0, 1, 1, 3]
    far = make_tokens((0, 40), *(VOICE_NOTES * [(6, 70)]), (6, 40))
    assert find_voices(far)[-1] == VOICE_NOTES


def play(*notes: tuple[int, int], breaks_loops: bool = True) -> list[int]:
    """Return the notes before which nothing is looked back to."""
    tokens = [(delta, pitch, 5, 16) for delta, pitch in notes]
    past = Past(Setting(48, 120), tokens[0], breaks_loops=breaks_loops)
    blind = []
    for i, token in enumerate(tokens[1:], start=1):
        if past.deltas() == N_SEEN * [NOTHING] and past.find_notes(token[0], 40)[:-1] == N_SEEN * [None]:
            blind.append(i)
        past.add(token)
    return blind


def test_a_loop_that_has_gone_round_thrice_is_followed_by_a_bar_without_looking_back() -> None:
    bar = [(12, 40), (12, 47), (12, 52), (12, 47)]
    heard_once = [1, 2, 3]
    assert play(*(12 * bar), breaks_loops=False) == heard_once
    broken = play(*(12 * bar))[len(heard_once) :]
    n_heard = 1 + 2 * 4  # the second time a figure of four steps comes to its end
    assert broken[:4] == [n_heard + 3 * 4 + i for i in range(4)]
    assert broken[4] == broken[0] + 3 * 4  # it is heard on meanwhile, and breaks again


def test_a_loop_that_climbs_is_one_too_and_a_tremolo_may_last_two_bars() -> None:
    climbing = [(6, 40 + i) for i in range(40)]
    assert any(i > 8 for i in play(*climbing))
    tremolo = [(3, 40 + 7 * (i % 2)) for i in range(40)]
    assert max(play(*tremolo[:30]), default=0) < 16
    assert any(i > 16 for i in play(*tremolo))
