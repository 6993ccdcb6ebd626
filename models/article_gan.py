"""The article's GAN: a thousand random numbers become a hundred tokens at once.

The generator is an MLP of 256, 512 and 1024 units, the discriminator an LSTM and a BiLSTM of 512 units, after
Nguyen et al. 2018; the article also tries a discriminator that first learns real music from random tokens.
Tokens are numbers from -1 to 1 in the order of the sorted vocabulary.

Known faults of the published code, kept only where `article.faults` asks for them:

* `untrained_discriminator`: in Keras 3, a discriminator frozen for the generator's sake stays frozen for its
  own, so it never learns;
* `reads_242`, in `models.article_generators`: numbers are read back as `x * 242 + 242`, so a vocabulary of
  another size is read wrongly, and what lies behind place 484 can never be written.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from models.arrays import Arrays
from models.article_facts import ArticleFacts, add_facts
from models.article_generators import LATENT
from models.article_lstm import name_weights
from models.article_networks import LEAK
from models.article_windows import WINDOW, Windows
from models.checkpoints import name_part, take_part
from models.history import Progress
from models.training import NEEDS_XLA, collect_model, restore_model, set_up_backend
from models.weights import Weights
from study_core.production import ArticleConfig
from study_core.seeds import child_seed, random_generator

LAYERS = (256, 512, 1024)
UNITS = 512
BATCH = 32
_MOMENTUM = 0.8


def build_generator(scale: float = 1.0) -> keras.Model:
    """Return the generator: noise of shape (n, 1000) -> numbers from -1 to 1 of shape (n, 100, 1)."""
    model = keras.Sequential([keras.Input((LATENT,))], name="article_generator")
    for i, units in enumerate(LAYERS):
        model.add(layers.Dense(_scale(units, scale), name=f"dense_{i}"))
        model.add(layers.LeakyReLU(negative_slope=LEAK))
        model.add(layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm_{i}"))
    model.add(layers.Dense(WINDOW, activation="tanh", name="out"))
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
            layers.LeakyReLU(negative_slope=LEAK),
            layers.Dense(max(units // 2, 1)),
            layers.LeakyReLU(negative_slope=LEAK),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="article_discriminator",
    )


class ArticleGANTraining:
    """Trains generator and discriminator in turn, each step on one batch of both kinds."""

    def __init__(self, windows: Windows, how: ArticleConfig, seed: int) -> None:
        set_up_backend(child_seed(seed, "training", "article_gan"))
        self.history: list[Progress] = []
        self.validation_bits = math.inf  # it has no likelihood
        self.generator, self.discriminator = build_generator(how.scale), build_discriminator(how.scale)
        self.discriminator.compile(
            _make_optimizer(), "binary_crossentropy", metrics=["accuracy"], jit_compile=NEEDS_XLA
        )
        self.discriminator.trainable = False
        self._both = keras.Sequential([keras.Input((LATENT,)), self.generator, self.discriminator])
        self._both.compile(_make_optimizer(), "binary_crossentropy", jit_compile=NEEDS_XLA)
        self._windows, self._steps, self._first_steps = windows, how.gan_steps, how.pretraining_steps
        self._facts = ArticleFacts(windows.vocabulary, how.faults)
        self._rng = random_generator(seed, "training", "article_gan", "noise")

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes, those of the discriminator alone included."""
        return self._first_steps + self._steps

    @property
    def weights(self) -> Weights:
        """The generator's weights by name, and what composing needs beside them."""
        return add_facts(name_weights(self.generator), self._facts)

    def run(self) -> Iterator[Progress]:
        """Train the discriminator on random tokens, then both in turn; yield the progress of each step.

        `training_bits` is the generator's loss: how surprised it is not to be believed.
        """
        while len(self.history) < self._first_steps:
            yield self._record(math.nan, *self._train_discriminator(self._draw_random()))
        while len(self.history) < self.n_steps:
            composed = self.generator.predict_on_batch(self._draw_noise())
            loss, accuracy = self._train_discriminator(composed)
            nats = float(self._both.train_on_batch(self._draw_noise(), np.ones((BATCH, 1), np.float32)))
            yield self._record(nats, loss, accuracy)

    def collect_state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the next step depends on."""
        self._build_optimizers()
        arrays = name_part("both", collect_model(self._both))
        arrays |= name_part("discriminator", collect_model(self.discriminator))
        return arrays, {"rng": self._rng.bit_generator.state}

    def restore_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Take back what `collect_state` returned."""
        self._build_optimizers()
        restore_model(self._both, take_part(arrays, "both"))
        self.discriminator.trainable = True
        restore_model(self.discriminator, take_part(arrays, "discriminator"))
        self.discriminator.trainable = False
        self._rng.bit_generator.state = facts["rng"]

    def _build_optimizers(self) -> None:
        """Make what the optimizers remember, where no step has made it yet."""
        self._both.optimizer.build(self._both.trainable_variables)
        self.discriminator.trainable = True
        self.discriminator.optimizer.build(self.discriminator.trainable_variables)
        self.discriminator.trainable = False

    def _train_discriminator(self, made: NDArray[np.float32]) -> tuple[float, float]:
        """Take one step of the discriminator's optimizer; return its loss and its accuracy."""
        features = np.concatenate([self._draw_real(), made])
        labels = np.repeat(np.array([1, 0], np.float32), BATCH)[:, np.newaxis]
        if "untrained_discriminator" in self._facts.faults:
            loss, accuracy = self.discriminator.test_on_batch(features, labels)
            return float(loss), float(accuracy)
        self.discriminator.trainable = True
        loss, accuracy = self.discriminator.train_on_batch(features, labels)
        self.discriminator.trainable = False
        return float(loss), float(accuracy)

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

    def _record(self, nats: float, discriminator_nats: float, accuracy: float) -> Progress:
        bits, discriminator_bits = nats / math.log(2), discriminator_nats / math.log(2)
        self.history.append(Progress(len(self.history) + 1, bits, math.nan, accuracy, discriminator_bits))
        return self.history[-1]


def _make_optimizer() -> Any:
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _scale(units: int, scale: float) -> int:
    return max(round(units * scale), 1)
