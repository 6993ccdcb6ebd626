"""What music is like: its values, its classes and the table beside the weights."""

from pathlib import Path

import numpy as np
import pytest

from models.batches import normalize_key
from models.features import Setting
from models.style import (
    N_CLASSES,
    N_STYLES,
    STRETCH_NOTES,
    STYLES,
    UNKNOWN,
    StyleTable,
    cut_stretch,
    fit_styles,
    measure_style,
    read_styles,
)
from models.weights import load_weights, save_weights
from tests.models.conftest import make_score

SETTING = Setting(48, 120)
SONGS = [normalize_key(make_score(seed)) for seed in range(6)]


def measure(*tokens: tuple[int, int, int, int]) -> dict[str, float]:
    values = measure_style(np.array(tokens), SETTING).tolist()
    return dict(zip(STYLES, values, strict=True))


def fit(n: int = 40) -> StyleTable:
    return fit_styles([(song.tokens, song.setting) for song in SONGS], np.random.default_rng(0), n)


def test_styles_are_what_they_say() -> None:
    """Two bars: C and G, D, D, E, then C again; a beat lasts half a second."""
    values = measure(
        (0, 27, 11, 15), (0, 34, 5, 15), (12, 29, 5, 16), (12, 29, 5, 16), (12, 31, 5, 17), (12, 27, 11, 17)
    )
    assert values["notes per second"] == pytest.approx(6 / 2)
    assert values["notes per onset"] == pytest.approx(6 / 5)
    assert values["mean pitch"] == pytest.approx(29.5)
    assert values["pitch classes, bits"] == pytest.approx(1.918, abs=0.001)
    assert values["notes off the scale"] == 0
    assert values["steps of the top line"] == pytest.approx(1 / 4)
    assert values["stays of the top line"] == pytest.approx(1 / 4)
    assert values["leaps of the top line"] == pytest.approx((5 + 0 + 2 + 4) / 4)
    assert values["mean length"] == pytest.approx((2 * np.log2(12) + 4 * np.log2(6)) / 6)
    assert values["spread of times between onsets"] == 0
    assert values["onsets on beats"] == 1
    assert values["mean velocity"] == pytest.approx(64)
    assert values["notes that stood a bar before"] == 1


def test_transposing_changes_only_the_mean_pitch() -> None:
    tokens = SONGS[0].tokens[:100]
    before, after = measure_style(tokens, SETTING), measure_style(np.add(tokens, (0, 3, 0, 0)), SETTING)
    assert np.flatnonzero(~np.isclose(before, after)).tolist() == [STYLES.index("mean pitch")]


def test_every_class_holds_as_much_real_music() -> None:
    table = fit(240)
    pitches = np.bincount(table.pool[:, STYLES.index("mean pitch")], minlength=N_CLASSES)
    assert pitches[UNKNOWN] == 0
    assert pitches[1:].min() >= 240 / 6 * 0.5
    assert pitches[1:].max() <= 240 / 6 * 1.6


def test_a_few_notes_have_no_style() -> None:
    assert fit().classify(SONGS[0].tokens[:10], SETTING).tolist() == N_STYLES * [UNKNOWN]


def test_a_stretch_keeps_its_place_in_the_bar() -> None:
    song = SONGS[1]
    stretch = cut_stretch(song.tokens, 48, 50)
    assert len(stretch) == STRETCH_NOTES
    assert stretch[0, 0] == song.tokens[:51, 0].sum() % 48
    assert (stretch[1:] == song.tokens[51 : 50 + STRETCH_NOTES]).all()
    assert (stretch[0, 1:] == song.tokens[50, 1:]).all()


def test_the_table_comes_back_as_it_was_from_the_file_of_the_weights(tmp_path: Path) -> None:
    table = fit()
    save_weights(tmp_path / "weights.npz", table.arrays)
    again = read_styles(load_weights(tmp_path / "weights.npz"))
    assert np.array_equal(again.pool, table.pool)
    assert np.array_equal(again.bounds, table.bounds)
    assert np.array_equal(again.draw(np.random.default_rng(3)), table.draw(np.random.default_rng(3)))


def test_songs_that_are_all_short_still_give_a_table() -> None:
    table = fit_styles([(SONGS[0].tokens[:8], SETTING)], np.random.default_rng(0), 4)
    assert (table.pool == UNKNOWN).all()
