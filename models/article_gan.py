"""The article's GAN: a thousand random numbers become a hundred tokens at once.

The generator is an MLP of 256, 512 and 1024 units, the discriminator an LSTM and a BiLSTM of 512 units, after
Nguyen et al. 2018; the article also tries a discriminator that first learns real music from random tokens.
Tokens are numbers from -1 to 1 in the order of the sorted vocabulary.

Known faults of the published code, kept only where a faithful run asks for them:

* `is_untrained`: in Keras 3, a discriminator frozen for the generator's sake stays frozen for its own, so it
  never learns;
* `reads_242`: numbers are read back as `x * 242 + 242`, so a vocabulary of another size is read wrongly, and
  what lies behind place 484 can never be written.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from models.article_windows import WINDOW, Windows
from models.history import Progress
from models.tokens import IntArray
from models.training import set_up_backend
from models.weights import Weights
from study_core.seeds import child_seed, random_generator

LATENT = 1000
LAYERS = (256, 512, 1024)
UNITS = 512
BATCH = 32
PUBLISHED_HALF = 242
"""Half the size of the vocabulary for which the published code was written."""
_LEAK, _MOMENTUM = 0.2, 0.8


def build_generator(scale: float = 1.0) -> keras.Model:
    """Return the generator: noise of shape (n, 1000) -> numbers from -1 to 1 of shape (n, 100, 1)."""
    model = keras.Sequential([keras.Input((LATENT,))], name="article_generator")
    for units in LAYERS:
        model.add(layers.Dense(_scale(units, scale)))
        model.add(layers.LeakyReLU(negative_slope=_LEAK))
        model.add(layers.BatchNormalization(momentum=_MOMENTUM))
    model.add(layers.Dense(WINDOW, activation="tanh"))
    model.add(layers.Reshape((WINDOW, 1)))
    return model


def build_discriminator(scale: float = 1.0) -> keras.Model:
    """Return the discriminator: numbers of shape (n, 100, 1) -> how real, from 0 to 1, of shape (n, 1)."""
    units = _scale(UNITS, scale)
    return keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            layers.LSTM(units, return_sequences=True),
            layers.Bidirectional(layers.LSTM(units)),
            layers.Dense(units),
            layers.LeakyReLU(negative_slope=_LEAK),
            layers.Dense(max(units // 2, 1)),
            layers.LeakyReLU(negative_slope=_LEAK),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="article_discriminator",
    )


class ArticleGANTraining:
    """Trains generator and discriminator in turn, each step on one batch of both kinds."""

    def __init__(
        self,
        windows: Windows,
        steps: int,
        seed: int,
        *,
        scale: float = 1.0,
        first_steps: int = 0,
        is_untrained: bool = False,
    ) -> None:
        set_up_backend(child_seed(seed, "training", "article_gan"))
        self.history: list[Progress] = []
        self.generator, self.discriminator = build_generator(scale), build_discriminator(scale)
        self.discriminator.compile(
            _make_optimizer(), "binary_crossentropy", metrics=["accuracy"], jit_compile=False
        )
        self.discriminator.trainable = False
        self._both = keras.Sequential([keras.Input((LATENT,)), self.generator, self.discriminator])
        self._both.compile(_make_optimizer(), "binary_crossentropy", jit_compile=False)
        self._windows, self._steps, self._first_steps = windows, steps, first_steps
        self._is_untrained = is_untrained
        self._rng = random_generator(seed, "training", "article_gan", "noise")

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes, those of the discriminator alone included."""
        return self._first_steps + self._steps

    @property
    def weights(self) -> Weights:
        """The generator's weights by name."""
        return {str(variable.path): variable.numpy() for variable in self.generator.weights}

    def run(self) -> Iterator[Progress]:
        """Train the discriminator on random tokens, then both in turn; yield the progress of each step.

        `training_bits` is the generator's loss: how surprised it is not to be believed.
        """
        for _ in range(self._first_steps):
            yield self._record(math.nan, self._train_discriminator(self._draw_random()))
        for _ in range(self._steps):
            noise = self._draw_noise()
            composed = self.generator.predict_on_batch(noise)
            accuracy = self._train_discriminator(composed)
            nats = float(self._both.train_on_batch(self._draw_noise(), np.ones((BATCH, 1), np.float32)))
            yield self._record(nats / math.log(2), accuracy)

    def _train_discriminator(self, made: NDArray[np.float32]) -> float:
        """Take one step of the discriminator's optimizer; return its accuracy."""
        features = np.concatenate([self._draw_real(), made])
        labels = np.repeat(np.array([1, 0], np.float32), BATCH)[:, np.newaxis]
        if self._is_untrained:
            shares = self.discriminator.predict_on_batch(features)
            return float(((shares > 0.5) == (labels > 0.5)).mean())  # noqa: PLR2004 (half)
        self.discriminator.trainable = True
        _, accuracy = self.discriminator.train_on_batch(features, labels)
        self.discriminator.trainable = False
        return float(accuracy)

    def _draw_real(self) -> NDArray[np.float32]:
        """Return windows of real music, from -1 to 1."""
        windows, _ = self._windows.cut(self._rng.integers(self._windows.n_windows, size=BATCH))
        return windows * 2 - 1

    def _draw_random(self) -> NDArray[np.float32]:
        """Return windows of tokens drawn one by one: random discrete noise."""
        n_tokens = len(self._windows.vocabulary)
        numbers = self._rng.integers(n_tokens, size=(BATCH, WINDOW, 1))
        return (numbers / n_tokens * 2 - 1).astype(np.float32)

    def _draw_noise(self) -> NDArray[np.float32]:
        return self._rng.normal(size=(BATCH, LATENT)).astype(np.float32)

    def _record(self, bits: float, accuracy: float) -> Progress:
        self.history.append(Progress(len(self.history) + 1, bits, math.nan, accuracy))
        return self.history[-1]


def write_windows(
    generator: keras.Model,
    vocabulary: Sequence[str],
    n_windows: int,
    rng: np.random.Generator,
    *,
    reads_242: bool = False,
) -> IntArray:
    """Return token numbers that the generator writes, shape (n_windows, 100)."""
    noise = rng.normal(size=(n_windows, LATENT)).astype(np.float32)
    values = generator.predict_on_batch(noise)[..., 0].astype(np.float64)
    half = PUBLISHED_HALF if reads_242 else len(vocabulary) / 2
    numbers: IntArray = (values * half + half).astype(np.int64)
    return numbers.clip(0, len(vocabulary) - 1)


def _make_optimizer() -> Any:
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _scale(units: int, scale: float) -> int:
    return max(round(units * scale), 1)
