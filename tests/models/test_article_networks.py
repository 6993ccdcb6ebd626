"""The article's networks have its layers, learn with TensorFlow, and keep its faults only where asked to."""

from types import ModuleType

import numpy as np
import pytest

from models.article_windows import WINDOW, Windows, make_windows
from study_core.errors import CorpusError

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
    training = lstm.ArticleLSTMTraining(windows, windows, 100, 1, units=16)
    before, _ = training.measure()
    history = list(training.run())
    assert len(history) == training.n_steps == 100
    after, accuracy = training.measure()
    assert after < before - 0.3
    assert training.validation_bits == pytest.approx(after, rel=1e-4)
    assert accuracy > 0.5


def test_the_same_seed_trains_the_same_lstm(lstm: ModuleType, windows: Windows) -> None:
    bits = [
        [
            progress.training_bits
            for progress in lstm.ArticleLSTMTraining(windows, windows, 3, s, units=4).run()
        ]
        for s in (1, 1)
    ]
    assert bits[0] == bits[1]


def test_the_articles_loop_takes_the_likeliest_token_and_reads_it_back(
    lstm: ModuleType, windows: Windows
) -> None:
    training = lstm.ArticleLSTMTraining(windows, windows, 3, 1, units=8)
    list(training.run())
    primer, rng = windows.numbers[:WINDOW], np.random.default_rng(1)
    written = lstm.write_on(training.model, primer, 5, rng)
    shares = training.model.predict(windows.cut(np.array([0]))[0], verbose=0)
    assert written[0] == shares[0].argmax()
    row = np.append(primer, written)[1 : WINDOW + 1]
    shares = training.model.predict(row.reshape(1, WINDOW, 1) / 4, verbose=0)
    assert written[1] == shares[0].argmax()


def test_temperature_draws_by_the_seed(lstm: ModuleType, windows: Windows) -> None:
    model = lstm.build_article_lstm(4, 4)
    primer = windows.numbers[:WINDOW]
    drawn = [
        lstm.write_on(model, primer, 20, np.random.default_rng(seed), temperature=1.0).tolist()
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) > 1


def test_dividing_twice_makes_the_network_hear_something_else(
    lstm: ModuleType, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []
    model = lstm.build_article_lstm(4, 4)
    predict = model.predict_on_batch

    def listen(inputs: np.ndarray) -> np.ndarray:
        heard.append(inputs.ravel())
        return predict(inputs)

    monkeypatch.setattr(model, "predict_on_batch", listen)
    primer, rng = windows.numbers[:WINDOW], np.random.default_rng(1)
    lstm.write_on(model, primer, 1, rng)
    lstm.write_on(model, primer, 1, rng, divides_twice=True)
    assert heard[0] == pytest.approx(primer / 4)
    assert heard[1] == pytest.approx(primer / 16)


def copy_weights(model: object) -> list[np.ndarray]:
    return [np.array(weight) for weight in model.get_weights()]  # type: ignore[attr-defined]


def differ(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_both_sides_of_the_gan_learn(gan: ModuleType, windows: Windows) -> None:
    training = gan.ArticleGANTraining(windows, 3, 1, scale=1 / 64)
    before = copy_weights(training.generator), copy_weights(training.discriminator)
    history = list(training.run())
    assert len(history) == 3
    assert differ(before[0], copy_weights(training.generator))
    assert differ(before[1], copy_weights(training.discriminator))


def test_first_steps_teach_the_discriminator_alone(gan: ModuleType, windows: Windows) -> None:
    training = gan.ArticleGANTraining(windows, 0, 1, scale=1 / 16, first_steps=120)
    before = copy_weights(training.generator)
    history = list(training.run())
    assert not differ(before, copy_weights(training.generator))
    assert np.mean([progress.discriminator_accuracy for progress in history[-20:]]) > 0.7


def test_the_published_discriminator_never_learns(gan: ModuleType, windows: Windows) -> None:
    training = gan.ArticleGANTraining(windows, 3, 1, scale=1 / 64, is_untrained=True)
    before = copy_weights(training.generator), copy_weights(training.discriminator)
    list(training.run())
    assert differ(before[0], copy_weights(training.generator))
    assert not differ(before[1], copy_weights(training.discriminator))


def test_every_token_can_be_written_but_not_by_the_published_numbers(gan: ModuleType) -> None:
    class Extremes:
        """Writes the lowest and the highest number there is."""

        def predict_on_batch(self, noise: np.ndarray) -> np.ndarray:
            return np.stack([np.full((WINDOW, 1), value) for value in (-1, 0.9999)])[: len(noise)]

    vocabulary, rng = [str(i) for i in range(627)], np.random.default_rng(1)
    ours = gan.write_windows(Extremes(), vocabulary, 2, rng)
    published = gan.write_windows(Extremes(), vocabulary, 2, rng, reads_242=True)
    assert (ours.min(), ours.max()) == (0, 626)
    assert (published.min(), published.max()) == (0, 483)
