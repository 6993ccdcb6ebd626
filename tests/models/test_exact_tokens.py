"""Tokens that lose nothing: any music on the grid comes back note for note."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.exact_tokens import EXACT_VOCABULARY, decode_exact, encode_exact
from models.tokens import LOWEST_PITCH, N_PITCHES, Score
from study_core.errors import CorpusError
from tests.models.conftest import make_score

TEMPO = np.array([[0.0, 120.0]])
keys = st.tuples(st.integers(0, 3000), st.integers(LOWEST_PITCH, LOWEST_PITCH + N_PITCHES - 1))
lengths = st.tuples(st.integers(1, 1000), st.integers(1, 127))
pieces = st.dictionaries(keys, lengths, min_size=1, max_size=40).map(
    lambda made: np.array(sorted((*key, *length) for key, length in made.items()))
)


def spell(notes: list[tuple[int, int, int, int]], bar_ticks: int = 48) -> str:
    numbers = encode_exact(Score(np.array(notes), bar_ticks, TEMPO))
    return " ".join(f"{kind}{value}" for kind, value in (EXACT_VOCABULARY[number] for number in numbers))


def number_of(*meanings: tuple[str, int]) -> np.ndarray:
    return np.array([EXACT_VOCABULARY.index(meaning) for meaning in meanings])


@given(pieces, st.sampled_from([12, 18, 36, 42, 48, 132, 768]))
@settings(max_examples=150, deadline=None)
def test_any_notes_on_the_grid_come_back_unchanged(notes: np.ndarray, bar_ticks: int) -> None:
    again = decode_exact(encode_exact(Score(notes, bar_ticks, TEMPO)), bar_ticks)
    assert (again == notes).all()


def test_the_tokens_of_a_piece_all_lie_in_the_vocabulary() -> None:
    tokens = encode_exact(make_score(1))
    assert tokens.min() >= 0
    assert tokens.max() < len(EXACT_VOCABULARY) == len(set(EXACT_VOCABULARY)) == 676


def test_bars_beats_and_rests_stand_where_they_sound() -> None:
    spelled = spell([(0, 60, 12, 80), (0, 64, 6, 70), (50, 62, 200, 80)])
    assert spelled == (
        "BAR0 BEAT0 TICK0 PITCH60 DURATION12 VELOCITY80 PITCH64 DURATION6 VELOCITY70 "
        "REST38 BAR0 BEAT0 TICK2 PITCH62 DURATION192 DURATION8 VELOCITY80"
    )


def test_a_bar_too_long_for_the_vocabulary_is_refused() -> None:
    with pytest.raises(CorpusError, match="has bars of 65 beats, more than the 64"):
        spell([(0, 60, 12, 80)], bar_ticks=65 * 12)


@pytest.mark.parametrize(
    ("meanings", "fault"),
    [
        ([("DURATION", 3)], "token DURATION 3 follows pitch 0 and duration 0"),
        ([("BAR", 0), ("VELOCITY", 9)], "token VELOCITY 9 follows pitch 0"),
        ([("PITCH", 60), ("PITCH", 61)], "token PITCH 61 follows pitch 60 and duration 0"),
        ([("PITCH", 60), ("VELOCITY", 9)], "token VELOCITY 9 follows pitch 60 and duration 0"),
        ([("PITCH", 60), ("DURATION", 9), ("BAR", 0)], "token BAR 0 comes before the note of pitch 60"),
        ([("PITCH", 60), ("DURATION", 9)], "the tokens end before the note of pitch 60 is complete"),
    ],
)
def test_tokens_that_make_no_note_are_refused(meanings: list[tuple[str, int]], fault: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(fault)):
        decode_exact(number_of(*meanings), 48)
