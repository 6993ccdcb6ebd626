"""The article's LSTM: from the last hundred tokens, as numbers, to the next one.

Its layers are those of Nguyen et al. 2018, who took the pipeline from Skúli's "Classical Piano Composer"
(2017): LSTM 512, dropout, BiLSTM 512, dropout, BiLSTM 512, dense 256, dropout, softmax, RMSprop, batches of
64. They compare it with the same without the bidirectional layers.

Its input is one number, as if token 12 lay between 11 and 13: that is the design. Known faults of how it
composes, in `models.article_generators`, are kept only where `article.faults` asks for them:

* `divides_twice`: the published loop divides a primer by the vocabulary's size that was divided before, and
  goes on with numbers that were not: the network hears nothing like what it was trained on;
* `likeliest_token`: it always takes the likeliest token, which soon is the same one again.
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
from models.article_windows import WINDOW, Windows
from models.checkpoints import name_part, take_part
from models.history import Progress
from models.training import NEEDS_XLA, collect_model, restore_model, set_up_backend
from models.weights import Weights
from study_core.production import ArticleConfig
from study_core.seeds import child_seed, random_generator

UNITS = 512
BATCH = 64
DROPOUT = 0.3
_STEPS_PER_VALIDATION = 50
_MOST_HELD_OUT = 2048  # windows; a full pass at full size takes minutes


def build_article_lstm(n_tokens: int, units: int = UNITS, *, is_bidirectional: bool = True) -> keras.Model:
    """Return the network: windows of shape (n, 100, 1) -> probabilities of shape (n, n_tokens)."""

    def read(name: str, *, return_sequences: bool) -> layers.Layer:
        if not is_bidirectional:
            return layers.LSTM(units, return_sequences=return_sequences, name=name)
        one_way = layers.LSTM(units, return_sequences=return_sequences, name="lstm")
        return layers.Bidirectional(one_way, name=name)

    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            layers.LSTM(units, return_sequences=True, name="lower"),
            layers.Dropout(DROPOUT),
            read("middle", return_sequences=True),
            layers.Dropout(DROPOUT),
            read("upper", return_sequences=False),
            layers.Dense(max(units // 2, 1), name="hidden"),
            layers.Dropout(DROPOUT),
            layers.Dense(n_tokens, activation="softmax", name="out"),
        ],
        name="article_lstm",
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(), loss="sparse_categorical_crossentropy", jit_compile=NEEDS_XLA
    )
    return model


class ArticleLSTMTraining:
    """Trains the article's LSTM on windows drawn at random; its history is in bits per token."""

    def __init__(self, windows: Windows, held_out: Windows, how: ArticleConfig, seed: int) -> None:
        set_up_backend(child_seed(seed, "training", "article_lstm"))
        self.history: list[Progress] = []
        self.validation_bits = math.inf
        units = max(round(UNITS * how.scale), 1)
        n_tokens = len(windows.vocabulary)
        self.model = build_article_lstm(n_tokens, units, is_bidirectional=how.bidirectional)
        self._windows, self._steps = windows, how.lstm_steps
        self._facts = ArticleFacts(windows.vocabulary, how.faults)
        self._rng = random_generator(seed, "training", "article_lstm", "windows")
        chosen = np.linspace(0, held_out.n_windows - 1, min(_MOST_HELD_OUT, held_out.n_windows))
        self._held_out = held_out.cut(chosen.astype(np.int64))

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes."""
        return self._steps

    @property
    def weights(self) -> Weights:
        """The weights by name, and what composing needs beside them."""
        return add_facts(name_weights(self.model), self._facts)

    def run(self) -> Iterator[Progress]:
        """Train and yield the progress of each step."""
        for step in range(len(self.history) + 1, self._steps + 1):
            starts = self._rng.integers(self._windows.n_windows, size=BATCH)
            nats = float(self.model.train_on_batch(*self._windows.cut(starts)))
            is_due = step % _STEPS_PER_VALIDATION == 0 or step == self._steps
            if is_due:
                self.validation_bits, _ = self.measure()
            held_out_bits = self.validation_bits if is_due else math.nan
            self.history.append(Progress(step, nats / math.log(2), held_out_bits))
            yield self.history[-1]

    def measure(self) -> tuple[float, float]:
        """Return bits per held-out token, and the share of them that were the likeliest."""
        inputs, targets = self._held_out
        shares = self.model.predict(inputs, batch_size=BATCH, verbose=0)
        likelihood = np.maximum(shares[np.arange(len(targets)), targets], 1e-12)
        return float(-np.log2(likelihood).mean()), float((shares.argmax(axis=1) == targets).mean())

    def collect_state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the next step depends on."""
        facts = {"rng": self._rng.bit_generator.state, "bits": self.validation_bits}
        return name_part("model", collect_model(self.model)), facts

    def restore_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Take back what `collect_state` returned."""
        restore_model(self.model, take_part(arrays, "model"))
        self._rng.bit_generator.state, self.validation_bits = facts["rng"], facts["bits"]


def name_weights(model: keras.Model) -> Weights:
    """Return a model's weights by the names of its layers."""
    return {str(variable.path).split("/", 1)[1]: variable.numpy() for variable in model.weights}
