"""Composing: the NumPy network, what it looks back to, and how it draws."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import features as f
from models.batches import Song, normalize_key, transpose
from models.features import Setting, build_features, count_interval
from models.network import Network, is_complete
from models.past import Past
from models.sampling import PLAIN, Decoding, Prompt, compose, draw
from models.shapes import HEADS, find_shapes
from models.style import N_STYLES
from models.tokens import MAX_DELTA, N_CLASSES
from models.weights import Weights, load_weights, save_weights
from tests.models.conftest import make_score, run_python

UNITS = 16


def make_weights(seed: int = 0, scale: float = 0.3) -> Weights:
    """Return random weights of a small network."""
    rng = np.random.default_rng(seed)
    styles = {
        "style/bounds": np.linspace(0, 1, 5, dtype=np.float32) * np.ones((N_STYLES, 1), np.float32),
        "style/pool": rng.integers(1, 7, (8, N_STYLES)).astype(np.uint8),
    }
    drawn = {n: rng.normal(0, scale, shape).astype(np.float32) for n, shape in find_shapes(UNITS).items()}
    return {**drawn, **styles}


def make_prompt(song_seed: int, n_notes: int = 12, **changes: int) -> Prompt:
    song = normalize_key(make_score(song_seed))
    style = np.arange(N_STYLES) % 7
    prompt = Prompt(song.tokens[:n_notes], song.setting, 400, max_notes=300, seed=song_seed, style=style)
    return replace(prompt, **changes)


@given(st.integers(0, 10_000), st.sampled_from([36, 48, 72]))
@settings(max_examples=40, deadline=None)
def test_composing_looks_back_to_the_same_notes_as_training(seed: int, bar_ticks: int) -> None:
    rng = np.random.default_rng(seed)
    tokens = np.column_stack([rng.choice([0, 0, 6, 12, 90], 80), np.zeros((80, 3), int)])
    for i in range(80):
        low = tokens[i - 1, 1] + 1 if i and tokens[i, 0] == 0 else 40
        tokens[i, 1] = min(low + rng.integers(3), 87)
    tokens[:, 2:] = rng.integers(0, 30, (80, 2))
    rows = build_features(tokens, Setting(bar_ticks, 100))
    past = Past(Setting(bar_ticks, 100), tuple(tokens[0].tolist()))
    for row, token in zip(rows, tokens[1:].tolist(), strict=True):
        seen = past.find_notes(token[0], token[1])
        assert [count_interval(np.array(n)) for n in past.contour] == row[f.CONTOUR].tolist()
        assert past.references(token[0]) == row[f.REFERENCES].tolist()
        assert past.deltas() == row[f.DELTA_LOOKBACK].tolist()
        assert past.pitches(token[0]) == row[f.PITCH_LOOKBACK].tolist()
        assert [n[2] if n else -1 for n in seen] == row[f.DURATION_LOOKBACK].tolist()
        assert [n[3] if n else -1 for n in seen] == row[f.VELOCITY_LOOKBACK].tolist()
        past.add(tuple(token))


def test_features_never_see_the_note_they_predict() -> None:
    tokens = normalize_key(make_score(2)).tokens
    changed = tokens.copy()
    changed[50:, 1] = 87 - changed[50:, 1]
    before, after = (build_features(t, Setting(48, 100)) for t in (tokens, changed))
    assert (before[:49] == after[:49]).all()
    assert (before[49, : f.TARGET.start] == after[49, : f.TARGET.start]).all()


def test_features_of_a_crop_are_those_of_the_whole_piece() -> None:
    tokens = normalize_key(make_score(2)).tokens
    whole = build_features(tokens, Setting(48, 100))
    assert (build_features(tokens, Setting(48, 100), 30) == whole[30:]).all()


def test_a_transposed_song_keeps_its_order_and_stays_on_the_piano() -> None:
    tokens = np.array([[0, 2, 0, 0], [0, 80, 0, 0]])
    assert transpose(tokens, 5)[:, 1].tolist() == [7, 85]
    assert transpose(tokens, -5)[:, 1].tolist() == [9, 87]
    assert transpose(tokens, 12)[:, 1].tolist() == [2, 80]


def test_a_draw_keeps_to_the_nucleus() -> None:
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], dtype=np.float32)).repeat(1000, axis=0)
    uniform = np.linspace(0, 0.9999, 1000, dtype=np.float32)
    everything = np.bincount(draw(logits, uniform, 1.0, 1.0), minlength=4) / 1000
    assert everything == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.002)
    nucleus = np.bincount(draw(logits, uniform, 1.0, 0.7), minlength=4) / 1000
    assert nucleus == pytest.approx([0.625, 0.375, 0, 0], abs=0.002)


def test_a_cold_draw_takes_the_best() -> None:
    logits = np.array([[0.0, 1.0, 0.9]], dtype=np.float32)
    assert draw(logits, np.array([0.99], np.float32), 0.01, 1.0).tolist() == [1]


def test_every_part_has_its_temperature_and_only_pitches_are_cut() -> None:
    delta, pitch, duration, velocity = Decoding(0.5, 0.9).per_head
    assert pitch == (0.45, 0.9)
    assert [delta[0], duration[0], velocity[0]] == pytest.approx([0.525, 0.575, 0.55])
    assert delta[1] == duration[1] == velocity[1] == 1.0
    assert PLAIN.per_head == ((1.0, 1.0),) * 4


def test_a_composition_begins_with_its_prompt_and_ends_at_its_tick() -> None:
    prompts = [make_prompt(seed, n_notes=n) for seed, n in ((1, 5), (2, 20))]
    for prompt, tokens in zip(prompts, compose(make_weights(), prompts, PLAIN), strict=True):
        assert (tokens[: len(prompt.tokens)] == prompt.tokens).all()
        onset = np.cumsum(tokens[:, 0])
        assert onset[-1] >= prompt.end_tick > onset[-2]
        assert (tokens >= 0).all()
        assert (tokens < N_CLASSES).all()


def test_a_composition_stops_at_its_largest_number_of_notes() -> None:
    prompt = make_prompt(1, end_tick=10**9, max_notes=17)
    (tokens,) = compose(make_weights(), [prompt], PLAIN)
    assert len(tokens) == len(prompt.tokens) + 17


def test_chords_rise() -> None:
    prompt = make_prompt(3, end_tick=2000)
    (tokens,) = compose(make_weights(scale=1.0), [prompt], PLAIN)
    in_chord = tokens[1:, 0] == 0
    assert in_chord.any()
    assert (tokens[1:, 1] > tokens[:-1, 1])[in_chord & (tokens[:-1, 1] < 87)].all()


def test_a_composition_depends_on_its_own_seed_only() -> None:
    together = compose(make_weights(), [make_prompt(1), make_prompt(2)], PLAIN)
    (alone,) = compose(make_weights(), [make_prompt(2)], PLAIN)
    assert np.array_equal(together[1], alone)
    (other,) = compose(make_weights(), [make_prompt(2, seed=5)], PLAIN)
    assert not np.array_equal(other, alone)


def test_the_numpy_network_scores_as_the_keras_model_does(tmp_path: Path) -> None:
    song = normalize_key(make_score(4, n_bars=12))
    weights = make_weights()
    save_weights(tmp_path / "weights.npz", weights)
    weights = load_weights(tmp_path / "weights.npz")
    rows = build_features(song.tokens, song.setting, style=np.arange(N_STYLES) % 7)
    np.save(tmp_path / "features.npy", rows[None].astype(np.int32))
    run_python(
        "import sys, numpy as np",
        "from models.backend import load_backend; load_backend()",
        "from models.lstm import LookbackLSTM",
        "from models.training import compile_generator, load_into",
        "from pathlib import Path; from models.weights import load_weights",
        f"model = compile_generator(LookbackLSTM({UNITS}))",
        f"load_into(model, load_weights(Path({str(tmp_path / 'weights.npz')!r})))",
        f"losses = model(np.load({str(tmp_path / 'features.npy')!r}))",
        f"np.save({str(tmp_path / 'losses.npy')!r}, losses)",
    )
    expected = np.load(tmp_path / "losses.npy")[0]
    assert score_with_numpy(weights, rows) == pytest.approx(expected, abs=2e-4)


def score_with_numpy(weights: Weights, rows: np.ndarray) -> np.ndarray:
    network = Network(weights, rows[:1, f.STYLE])
    losses = []
    for row in rows[:, None, :]:
        read = (f.NOTE, f.PLACE, f.SETTING, f.DELTA_LOOKBACK, f.CONTOUR)
        state = network.read(*(row[:, part] for part in read))
        target = row[:, f.TARGET]
        context = [state, network.style]
        parts = []
        for i, head in enumerate(HEADS):
            around = row[:, f.REFERENCES] if head == "pitch" else None
            logits = network.score(head, context, row[:, f.LOOKBACKS[i]], around)[0].astype(float)
            if head == "pitch" and target[0, 0] == 0:
                logits[: row[0, 1] + 1] = -np.inf
            parts.append(np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[target[0, i]])
            context.append(network.embed(head, target[:, i]))
            if head == "delta":
                context += network.embed_place(row[:, f.TARGET_PLACE])
        losses.append(parts)
    return np.array(losses)


def test_only_whole_networks_of_this_shape_with_styles_are_complete() -> None:
    weights = make_weights()
    assert is_complete(weights)
    assert not is_complete({})
    for missing in ("style/pool", "intervals/bias", "lower/lstm_cell/recurrent_kernel"):
        assert not is_complete({name: array for name, array in weights.items() if name != missing})
    assert not is_complete({**weights, "gate_pitch/kernel": weights["gate_pitch/kernel"][:, :4]})


def test_composing_loads_no_tensorflow() -> None:
    run_python(
        "import sys, models.clips, models.cli", "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )


def test_a_song_knows_how_far_it_was_moved() -> None:
    score = make_score(6)
    song: Song = normalize_key(score)
    assert (song.tokens[:, 1] - song.key_shift == score.notes[:, 1] - 21).all()
    assert N_CLASSES[0] - 1 == MAX_DELTA
