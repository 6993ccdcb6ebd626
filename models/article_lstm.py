"""The article's LSTM: from the last hundred tokens, as numbers, to the next one.

Its layers are those of Nguyen et al. 2018, who took the pipeline from Skúli's "Classical Piano Composer"
(2017): LSTM 512, dropout, BiLSTM 512, dropout, BiLSTM 512, dense 256, dropout, softmax, RMSprop, batches of
64. They compare it with the same without the bidirectional layers.

Known faults, kept only where a faithful run asks for them:

* the input is one number, as if token 12 lay between 11 and 13;
* `divides_twice`: the published loop divides a primer by the vocabulary's size that was divided before, and
  goes on with numbers that were not: the network hears nothing like what it was trained on;
* it always takes the likeliest token, which soon is the same one again (`temperature` 0).
"""

import math
from collections.abc import Iterator

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

UNITS = 512
BATCH = 64
DROPOUT = 0.3
_STEPS_PER_VALIDATION = 50
_MOST_HELD_OUT = 2048  # windows; a full pass at full size takes minutes


def build_article_lstm(n_tokens: int, units: int = UNITS, *, is_bidirectional: bool = True) -> keras.Model:
    """Return the network: windows of shape (n, 100, 1) -> probabilities of shape (n, n_tokens)."""

    def wrap(layer: layers.Layer) -> layers.Layer:
        return layers.Bidirectional(layer) if is_bidirectional else layer

    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            layers.LSTM(units, return_sequences=True),
            layers.Dropout(DROPOUT),
            wrap(layers.LSTM(units, return_sequences=True)),
            layers.Dropout(DROPOUT),
            wrap(layers.LSTM(units)),
            layers.Dense(max(units // 2, 1)),
            layers.Dropout(DROPOUT),
            layers.Dense(n_tokens, activation="softmax"),
        ],
        name="article_lstm",
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(), loss="sparse_categorical_crossentropy", jit_compile=False
    )
    return model


class ArticleLSTMTraining:
    """Trains the article's LSTM on windows drawn at random; its history is in bits per token."""

    def __init__(
        self,
        windows: Windows,
        held_out: Windows,
        steps: int,
        seed: int,
        *,
        units: int = UNITS,
        is_bidirectional: bool = True,
    ) -> None:
        set_up_backend(child_seed(seed, "training", "article_lstm"))
        self.history: list[Progress] = []
        self.validation_bits = math.inf
        self.model = build_article_lstm(len(windows.vocabulary), units, is_bidirectional=is_bidirectional)
        self._windows, self._steps = windows, steps
        self._rng = random_generator(seed, "training", "article_lstm", "windows")
        chosen = np.linspace(0, held_out.n_windows - 1, min(_MOST_HELD_OUT, held_out.n_windows))
        self._held_out = held_out.cut(chosen.astype(np.int64))

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes."""
        return self._steps

    @property
    def weights(self) -> Weights:
        """The weights by name."""
        return {str(variable.path): variable.numpy() for variable in self.model.weights}

    def run(self) -> Iterator[Progress]:
        """Train and yield the progress of each step."""
        for step in range(1, self._steps + 1):
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


def write_on(
    model: keras.Model,
    primer: IntArray,
    n_notes: int,
    rng: np.random.Generator,
    *,
    temperature: float = 0.0,
    divides_twice: bool = False,
) -> IntArray:
    """Return the token numbers that the network writes behind a primer, by the article's loop.

    Parameters
    ----------
    primer
        Token numbers, shape (100,).
    temperature
        0 takes the likeliest token, as the article does.
    """
    n_tokens = model.output_shape[-1]
    window = list(primer / n_tokens if divides_twice else primer.astype(float))
    written = []
    for _ in range(n_notes):
        heard = np.array(window, dtype=np.float32).reshape(1, WINDOW, 1) / n_tokens
        shares = model.predict_on_batch(heard)[0].astype(np.float64)
        number = int(shares.argmax()) if temperature == 0 else _draw(shares, temperature, rng)
        written.append(number)
        window = [*window[1:], float(number)]
    return np.array(written, dtype=np.int64)


def _draw(shares: NDArray[np.float64], temperature: float, rng: np.random.Generator) -> int:
    heated = np.exp(np.log(np.maximum(shares, 1e-30)) / temperature)
    return int(rng.choice(len(shares), p=heated / heated.sum()))
