"""The article's networks have its layers, learn with TensorFlow, and keep its faults only where asked to."""

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models import article_generators, checkpoints
from models.article_generators import LATENT, lay_out, read_values, write_on
from models.article_networks import foretell, write_values
from models.article_plots import draw_losses, list_lines
from models.article_windows import WINDOW, Windows, make_windows
from models.batches import Song
from models.checkpoints import Checkpoints, Training
from models.features import Setting
from models.generator import Request
from models.history import Progress
from models.weights import Weights
from study_core.errors import CorpusError
from study_core.production import ArticleConfig

SONG = ["C4", "0.4.7", "E4", "9"] * 60


@pytest.fixture(scope="module")
def lstm() -> ModuleType:
    from models.backend import load_backend

    load_backend()
    from models import article_lstm

    return article_lstm


@pytest.fixture(scope="module")
def gan(lstm: ModuleType) -> ModuleType:
    assert lstm
    from models import article_gan

    return article_gan


def test_tokens_are_numbered_in_sorted_order_over_all_songs() -> None:
    windows = make_windows([["D4"] * 60, ["C4"] * 60])
    assert windows.vocabulary == ["C4", "D4"]
    assert windows.numbers.tolist() == [1] * 60 + [0] * 60


def test_a_window_and_the_token_behind_it() -> None:
    windows = make_windows([SONG])
    inputs, targets = windows.cut(np.array([0, 1]))
    assert inputs.shape == (2, WINDOW, 1)
    assert inputs[1, :3, 0].tolist() == [v / 4 for v in windows.numbers[1:4]]
    assert targets.tolist() == windows.numbers[[WINDOW, WINDOW + 1]].tolist()


def test_tokens_that_a_vocabulary_lacks_are_left_out() -> None:
    windows = make_windows([[*SONG, "F9"]], ["0.4.7", "9", "C4", "E4"])
    assert len(windows.numbers) == len(SONG)


def test_too_few_tokens_are_counted() -> None:
    with pytest.raises(CorpusError, match=r"The songs have 100 article tokens, but .* take 101"):
        make_windows([["C4"] * 100])


@pytest.mark.parametrize(("is_bidirectional", "n_parameters"), [(True, 11_970_163), (False, 5_543_539)])
def test_the_lstm_has_the_articles_size_at_its_vocabulary(
    lstm: ModuleType, n_parameters: int, *, is_bidirectional: bool
) -> None:
    model = lstm.build_article_lstm(627, is_bidirectional=is_bidirectional)
    assert model.count_params() == n_parameters


def test_the_gan_has_the_articles_size(gan: ModuleType) -> None:
    assert gan.build_generator().count_params() == 1_022_820
    assert gan.build_discriminator().count_params() == 5_907_457


@pytest.fixture(scope="module")
def windows() -> Windows:
    return make_windows([SONG])


def test_the_lstm_learns_and_says_how_well(lstm: ModuleType) -> None:
    windows = make_windows([["C4", "C4", "C4", "C4", "C4", "E4", "9"] * 30])
    training = lstm.ArticleLSTMTraining(windows, windows, ArticleConfig(scale=1 / 32, lstm_steps=100), 1)
    before, _ = training.measure()
    history = list(training.run())
    assert len(history) == training.n_steps == 100
    after, accuracy = training.measure()
    assert after < before - 0.3
    assert training.validation_bits == pytest.approx(after, rel=1e-4)
    assert accuracy > 0.5


TINY = ArticleConfig(scale=1 / 128, lstm_steps=3, gan_steps=3)


def test_an_interrupted_lstm_goes_on_to_the_same_bits(
    lstm: ModuleType, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_resuming(lambda: lstm.ArticleLSTMTraining(windows, windows, TINY, 1), tmp_path, monkeypatch)


def test_an_interrupted_gan_goes_on_to_the_same_bits(
    gan: ModuleType, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = TINY.model_copy(update={"scale": 1 / 64, "pretraining_steps": 1})
    check_resuming(lambda: gan.ArticleGANTraining(windows, how, 1), tmp_path, monkeypatch)


def check_resuming(begin: Callable[[], Training], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "STEPS_PER_CHECKPOINT", 2)
    whole = begin()
    for progress in whole.run():
        if progress.step <= 2:
            Checkpoints(folder, "inputs").keep(whole, progress)
    resumed = begin()
    assert Checkpoints(folder, "inputs").restore(resumed) == 2
    assert len(list(resumed.run())) == len(whole.history) - 2
    np.testing.assert_equal(*([asdict(row) for row in run.history] for run in (resumed, whole)))
    assert not differ(list(resumed.weights.values()), list(whole.weights.values()))


@pytest.mark.parametrize("is_bidirectional", [True, False])
def test_composing_without_tensorflow_foretells_what_keras_does(
    lstm: ModuleType, windows: Windows, *, is_bidirectional: bool
) -> None:
    model = lstm.build_article_lstm(4, 8, is_bidirectional=is_bidirectional)
    inputs, _ = windows.cut(np.arange(5))
    ours = foretell(lstm.name_weights(model), inputs)
    assert np.abs(ours - model.predict(inputs, verbose=0)).max() < 1e-6


def test_composing_without_tensorflow_writes_what_keras_does(gan: ModuleType, windows: Windows) -> None:
    training = gan.ArticleGANTraining(windows, TINY, 1)
    list(training.run())  # so that the normalizations have met something
    noise = np.random.default_rng(1).normal(size=(6, LATENT)).astype(np.float32)
    theirs = training.generator.predict_on_batch(noise)[..., 0]
    assert np.abs(write_values(training.weights, noise) - theirs).max() < 1e-5


@pytest.fixture(scope="module")
def weights(lstm: ModuleType) -> Weights:
    named: Weights = lstm.name_weights(lstm.build_article_lstm(4, 8))
    return named


def test_the_articles_loop_takes_the_likeliest_token_and_reads_it_back(
    weights: Weights, windows: Windows
) -> None:
    primer = windows.numbers[:WINDOW]
    written = write_on(weights, primer[None], np.zeros((1, 5), np.float32), None)[0]
    shares = foretell(weights, windows.cut(np.array([0]))[0])
    assert written[0] == shares[0].argmax()
    row = np.append(primer, written)[1 : WINDOW + 1]
    shares = foretell(weights, (row.reshape(1, WINDOW, 1) / 4).astype(np.float32))
    assert written[1] == shares[0].argmax()


def test_what_is_drawn_follows_the_numbers_that_it_is_drawn_by(weights: Weights, windows: Windows) -> None:
    primers = windows.numbers[None, :WINDOW].repeat(3, axis=0)
    uniform = np.random.default_rng(1).random((3, 20), dtype=np.float32)
    uniform[1] = uniform[0]
    one, same, other = write_on(weights, primers, uniform, (1.0, 1.0)).tolist()
    assert one == same != other
    assert len(set(one)) > 1


def test_dividing_twice_makes_the_network_hear_something_else(
    weights: Weights, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def listen(own: Weights, inputs: np.ndarray) -> np.ndarray:
        heard.append(inputs.ravel())
        return foretell(own, inputs)

    monkeypatch.setattr(article_generators, "foretell", listen)
    primer, uniform = windows.numbers[:WINDOW], np.zeros((1, 1), np.float32)
    write_on(weights, primer[None], uniform, None)
    write_on(weights, primer[None], uniform, None, divides_twice=True)
    assert heard[0] == pytest.approx(primer / 4)
    assert heard[1] == pytest.approx(primer / 16)


def copy_weights(model: object) -> list[np.ndarray]:
    return [np.array(weight) for weight in model.get_weights()]  # type: ignore[attr-defined]


def differ(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_both_sides_of_the_gan_learn(gan: ModuleType, windows: Windows) -> None:
    training = gan.ArticleGANTraining(windows, TINY, 1)
    before = copy_weights(training.generator), copy_weights(training.discriminator)
    history = list(training.run())
    assert len(history) == 3
    assert all(progress.discriminator_bits > 0 for progress in history)
    assert differ(before[0], copy_weights(training.generator))
    assert differ(before[1], copy_weights(training.discriminator))


def test_first_steps_teach_the_discriminator_alone(gan: ModuleType, windows: Windows) -> None:
    how = ArticleConfig(scale=1 / 16, gan_steps=1, pretraining_steps=120)
    training = gan.ArticleGANTraining(windows, how, 1)
    before = copy_weights(training.generator)
    history = list(itertools.islice(training.run(), 120))
    assert not differ(before, copy_weights(training.generator))
    assert np.mean([progress.discriminator_accuracy for progress in history[-20:]]) > 0.7


def test_the_published_discriminator_never_learns(gan: ModuleType, windows: Windows) -> None:
    how = TINY.model_copy(update={"faults": ("untrained_discriminator",)})
    training = gan.ArticleGANTraining(windows, how, 1)
    before = copy_weights(training.generator), copy_weights(training.discriminator)
    list(training.run())
    assert differ(before[0], copy_weights(training.generator))
    assert not differ(before[1], copy_weights(training.discriminator))


def test_every_token_can_be_written_but_not_by_the_published_numbers() -> None:
    values = np.array([-1, 0.9999], np.float32)
    assert read_values(values, 627).tolist() == [0, 626]
    assert read_values(values, 627, reads_242=True).tolist() == [0, 483]


def test_tokens_are_played_half_a_beat_apart_and_no_key_twice_at_once() -> None:
    primer = Song(np.zeros((1, 4), np.int64), Setting(36, 90.0), 0)
    score = lay_out(["C4", "C4", "0.4.7", "A0", "G9"], Request(primer, 0, 30, 1))
    assert score.notes.tolist() == [
        [0, 60, 6, 90], [6, 60, 6, 90],
        [12, 60, 12, 90], [12, 64, 12, 90], [12, 67, 12, 90],
        [18, 21, 12, 90], [24, 103, 12, 90],
    ]  # fmt: skip
    assert (score.bar_ticks, score.bpm) == (36, pytest.approx(90))


def test_the_losses_are_drawn_as_the_article_draws_them(tmp_path: Path) -> None:
    history = [Progress(1, 1.0, math.nan, 0.5, 1.1), Progress(2, 2.0, 3.0, 0.6, 0.9)]
    for system in ("article_lstm", "article_gan"):
        draw_losses(tmp_path / "loss.png", system, history)
        assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    both = list_lines("article_gan", history)
    assert [(name, color) for name, color, _ in both] == [("Discriminator", "red"), ("Generator", "blue")]
    assert [steps for _, _, steps in both] == [[(1, 1.1), (2, 0.9)], [(1, 1.0), (2, 2.0)]]
    assert list_lines("article_lstm", history)[1][2] == [(2, 3.0)]
