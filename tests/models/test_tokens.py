"""The grid: what is on it comes back exactly, what is off it comes close."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrangement import arrange
from models.exact_tokens import decode_exact, encode_exact
from models.midi import midi_bytes, read_performance
from models.sources import list_midi
from models.tokens import (
    DURATION_TICKS,
    LATENESS_BEATS,
    MAX_DELTA,
    N_CLASSES,
    Score,
    decode,
    encode,
    find_key_shift,
    find_lateness,
    fit_vocabulary,
    place_on_grid,
    quantize,
)
from tests.models.conftest import make_score

tokens = st.lists(st.tuples(*(st.integers(0, n - 1) for n in N_CLASSES)), min_size=1, max_size=60).map(
    np.array
)


@dataclass(frozen=True)
class Played:
    notes: np.ndarray
    tempi: np.ndarray
    meters: np.ndarray


def play(rows: list[tuple[float, float, int, int]], bar_beats: float = 4) -> Played:
    return Played(np.array(rows, float), np.array([[0.0, 120.0]]), np.array([[0.0, bar_beats]]))


@given(tokens)
@settings(max_examples=200, deadline=None)
def test_tokens_come_back_from_a_score_unchanged(made: np.ndarray) -> None:
    assert (encode(decode(made, 48, 120)) == made).all()


def test_a_score_comes_back_from_tokens_unchanged() -> None:
    score = make_score(1)
    again = decode(encode(score), score.bar_ticks, score.bpm)
    assert (again.notes // (1, 1, 1, 4) == score.notes // (1, 1, 1, 4)).all()


def test_every_pokemon_file_is_read_and_comes_back_from_both_kinds_of_tokens_unchanged(
    pokemon_dir: Path,
) -> None:
    files = list_midi(pokemon_dir)
    n_notes = 0
    for file in files:
        exact = quantize(arrange(read_performance(file)))
        assert (decode_exact(encode_exact(exact), exact.bar_ticks) == exact.notes).all(), file
        score = fit_vocabulary(exact)
        made = encode(score)
        assert (made >= 0).all(), file
        assert (made < N_CLASSES).all(), file
        assert (decode(made, score.bar_ticks, score.bpm).notes == score.notes).all(), file
        n_notes += len(score.notes)
    assert len(files) == 307
    assert n_notes == pytest.approx(232_275, abs=50)


def test_most_pokemon_files_are_late_and_those_that_lie_on_the_grid_are_not_moved(pokemon_dir: Path) -> None:
    late = []
    for file in list_midi(pokemon_dir):
        notes = arrange(read_performance(file)).notes
        lateness = find_lateness(notes[:, 0])
        late.append(lateness > 0)
        onset, _ = place_on_grid(notes)
        if np.abs(notes[:, 0] * 12 - np.rint(notes[:, 0] * 12)).max() < 0.01:
            assert lateness == 0, file
        assert np.abs(notes[:, 0] - lateness - onset / 12).max() <= 0.5 / 12 + 1e-9, file
    assert (sum(late), len(late)) == (287, 307)


def test_the_notation_programs_lateness_is_taken_away() -> None:
    beats = np.arange(20) / 4 + LATENESS_BEATS + 0.02  # 0.43 of a tick: would round up half of the time
    score = quantize(play([(b, 0.25, 60, 80) for b in beats]))
    assert (score.notes[:, 0] == np.arange(20) * 3).all()


def test_a_unison_keeps_its_longer_note() -> None:
    score = quantize(play([(0, 0.5, 60, 80), (0.001, 2, 60, 70), (1, 1, 64, 70)]))
    assert score.notes[:, :3].tolist() == [[0, 60, 24], [12, 64, 12]]


def test_a_note_ends_where_its_key_is_struck_again() -> None:
    score = quantize(play([(0, 2, 60, 80), (0, 2, 62, 80), (1, 1, 60, 70)]))
    assert score.notes[:, :3].tolist() == [[0, 60, 12], [0, 62, 24], [12, 60, 12]]


def test_the_grid_keeps_every_duration_and_velocity_and_the_vocabulary_rounds_them() -> None:
    exact = quantize(play([(0, 19 / 12, 60, 81), (3, 0, 62, 127), (4, 30, 64, 1)]))
    assert exact.notes[:, 2:].tolist() == [[19, 81], [1, 127], [360, 1]]
    assert fit_vocabulary(exact).notes[:, 2:].tolist() == [[18, 82], [1, 126], [192, 2]]


def test_what_fits_the_vocabulary_already_is_not_changed() -> None:
    once = fit_vocabulary(quantize(play([(i * 1.37, 0.3 + i / 5, 50 + i, 3 * i + 1) for i in range(40)])))
    twice = fit_vocabulary(once)
    assert (once.notes == twice.notes).all()
    assert (once.tempi == twice.tempi).all()


def test_a_long_rest_is_cut_by_whole_bars() -> None:
    exact = quantize(play([(0, 1, 60, 80), (41, 1, 62, 80)]))
    assert exact.notes[1, 0] == 41 * 12
    score = fit_vocabulary(exact)
    assert np.diff(score.notes[:, 0]) <= MAX_DELTA
    assert score.notes[1, 0] % 48 == 41 * 12 % 48


def test_silence_before_the_music_is_cut_by_whole_bars() -> None:
    score = fit_vocabulary(quantize(play([(13, 1, 60, 80), (14, 1, 62, 80)])))
    assert score.notes[:, 0].tolist() == [12, 24]


def test_a_tempo_that_is_set_in_a_silence_that_is_cut_holds_from_the_next_note_on() -> None:
    rows = [(8, 1, 60, 80), (9, 1, 62, 80), (50, 1, 64, 80), (51, 1, 65, 80)]
    tempi = [(0, 120), (2, 100), (6, 90), (11, 60), (20, 200), (48, 80), (51, 40)]
    played = Played(np.array(rows, float), np.array(tempi, float), np.array([[0.0, 4.0]]))
    score = fit_vocabulary(quantize(played))
    assert score.notes[:, 0].tolist() == [0, 12, 72, 84]  # two bars of silence are cut, and nine
    assert score.tempi[[2, 3, 5, 6]].tolist() == [[0, 90], [36, 60], [72, 80], [84, 40]]
    beats_s = np.diff([score.seconds_at(tick) for tick in (0, 12, 24, 36, 48, 72, 84, 96)])
    assert beats_s == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1, 2, 3 / 4, 3 / 2])


def test_bar_lines_stand_where_the_longest_meter_begins() -> None:
    notes = [(b, 1, 60, 80) for b in range(30)]
    played = Played(np.array(notes, float), np.array([[0.0, 90.0]]), np.array([[0.0, 1.0], [1.0, 3.0]]))
    score = quantize(played)
    assert score.bar_ticks == 36
    assert score.notes[1, 0] % 36 == 0


def test_a_clips_file_holds_the_notes_and_nothing_that_tells_its_origin(tmp_path: Path) -> None:
    score = make_score(3, n_bars=4)
    path = tmp_path / "clip.mid"
    path.write_bytes(midi_bytes(score))
    again = quantize(arrange(read_performance(path)))
    assert (again.notes[:, :2] == score.notes[:, :2]).all()
    assert again.bpm == pytest.approx(score.bpm, rel=1e-4)
    assert b"made" not in path.read_bytes()
    assert path.read_bytes()[:14] == b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0"


def test_overlapping_notes_of_one_pitch_are_trimmed_in_the_file(tmp_path: Path) -> None:
    notes = np.array([[0, 60, 48, 80], [12, 60, 12, 80]])
    path = tmp_path / "clip.mid"
    path.write_bytes(midi_bytes(Score(notes, 48, np.array([[0.0, 120.0]]))))
    assert arrange(read_performance(path)).notes[:, :2].tolist() == [[0, 1], [1, 1]]


def test_seconds_and_ticks_agree_over_a_change_of_tempo() -> None:
    score = Score(np.array([[0, 60, 96, 80]]), 48, np.array([[0.0, 60.0], [48.0, 120.0]]))
    assert score.seconds_at(48) == pytest.approx(4)
    assert score.seconds_at(96) == pytest.approx(6)
    assert score.tick_at(6) == pytest.approx(96)


@pytest.mark.parametrize("semitones", [-5, -2, 0, 1, 6])
def test_the_key_shift_leads_back_to_c_major(semitones: int) -> None:
    score = make_score(5)
    moved = Score(score.notes - (0, semitones, 0, 0), 48, score.tempi)
    assert find_key_shift(moved) == semitones


def test_duration_classes_grow_and_hold_the_common_note_lengths() -> None:
    assert (np.diff(DURATION_TICKS) > 0).all()
    assert {3, 4, 6, 8, 9, 12, 16, 18, 24, 36, 48} <= set(DURATION_TICKS.tolist())
