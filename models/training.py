"""Training the LSTM: a loop that yields its progress, and what every training of it needs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from models.arrays import Arrays
from models.batches import Batch, Song, cut_validation, draw_batch
from models.checkpoints import name_part, take_part
from models.history import Progress
from models.lstm import LookbackLSTM
from models.style import fit_styles
from models.weights import Weights
from study_core.seeds import child_seed, random_generator

CROPS_PER_BATCH, STEPS_PER_CROP = 32, 128
LEARNING_RATE, WARM_UP_STEPS, DECAY_SHARE = 3e-3, 60, 0.4
STEPS_PER_VALIDATION = 60
STRETCHES = 512  # of training pieces whose styles are kept beside the weights
PATIENCE = 4  # validations without improvement before the training stops
AVERAGING = 0.98
NEEDS_XLA = keras.backend.backend() == "jax"
"""Without it JAX crawls; TensorFlow's recurrent step on a CPU is twice as slow with it."""


class MovingAverage:
    """The exponential average of a model's weights, which generalizes better than the last of them."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._average = [weight.copy() for weight in model.get_weights()]
        self._n = 0

    def update(self) -> None:
        """Take the model's present weights in."""
        self._n += 1
        keep = min(AVERAGING, self._n / (self._n + 10))
        present = self._model.get_weights()
        self._average = [w + keep * (a - w) for a, w in zip(self._average, present, strict=True)]

    def validate(self, batch: Batch) -> float:
        """Return the averaged model's bits per note."""
        present = self._model.get_weights()
        self._model.set_weights(self._average)
        bits = measure_bits(self._model, batch)
        self._model.set_weights(present)
        return bits

    def collect_state(self) -> Arrays:
        """Return the averages and how many models they hold."""
        averages = {f"{i:04d}": average for i, average in enumerate(self._average)}
        return {**averages, "n": np.array(self._n)}

    def restore_state(self, arrays: Arrays) -> None:
        """Take back what `collect_state` returned."""
        self._n = int(arrays.pop("n"))
        self._average = list(arrays.values())

    @property
    def weights(self) -> Weights:
        """The averaged weights by name."""
        return {
            _name(variable): average
            for variable, average in zip(self._model.weights, self._average, strict=True)
        }


class LSTMTraining:
    """Trains a lookback LSTM by maximum likelihood; `weights` are those of the best `validation_bits`."""

    def __init__(self, songs: Sequence[Song], held_out: Sequence[Song], steps: int, seed: int) -> None:
        set_up_backend(child_seed(seed, "training", "lstm"))
        self.history: list[Progress] = []
        self.weights: Weights = {}
        self.validation_bits = math.inf
        self._songs, self._steps = songs, steps
        self._held_out = cut_validation(held_out)
        self._rng = random_generator(seed, "training", "lstm", "crops")
        drawn = random_generator(seed, "training", "lstm", "styles")
        self._styles = fit_styles([(song.tokens, song.setting) for song in songs], drawn, STRETCHES)
        self._waited = 0
        self._model = compile_generator(LookbackLSTM())
        self._average = MovingAverage(self._model)

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes at most."""
        return self._steps

    def run(self) -> Iterator[Progress]:
        """Train and yield the progress of each step; stop early where validation stops improving."""
        while len(self.history) < self._steps and self._waited < PATIENCE:
            progress = self._train_step(len(self.history) + 1)
            self.history.append(progress)
            if not math.isnan(progress.validation_bits):
                self._remember_best(progress.validation_bits)
            yield progress

    def collect_state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the next step depends on."""
        arrays = name_part("model", collect_model(self._model))
        arrays |= name_part("average", self._average.collect_state())
        arrays |= name_part("best", self.weights)
        facts = {"rng": self._rng.bit_generator.state, "bits": self.validation_bits, "waited": self._waited}
        return arrays, facts

    def restore_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Take back what `collect_state` returned."""
        restore_model(self._model, take_part(arrays, "model"))
        self._average.restore_state(take_part(arrays, "average"))
        self.weights = take_part(arrays, "best")
        self._rng.bit_generator.state = facts["rng"]
        self.validation_bits, self._waited = facts["bits"], facts["waited"]

    def _remember_best(self, bits: float) -> None:
        self._waited = 0 if bits < self.validation_bits else self._waited + 1
        if self._waited == 0:
            self.validation_bits, self.weights = bits, {**self._average.weights, **self._styles.arrays}

    def _train_step(self, step: int) -> Progress:
        self._model.optimizer.learning_rate = find_learning_rate(step, self._steps)
        batch = draw_batch(self._songs, self._styles, self._rng, CROPS_PER_BATCH, STEPS_PER_CROP)
        nats = self._model.train_on_batch(batch.features, batch.weights / batch.weights.mean())
        self._average.update()
        is_due = step % STEPS_PER_VALIDATION == 0 or step == self._steps
        held_out_bits = self._average.validate(self._held_out) if is_due else math.nan
        return Progress(step, float(nats) / math.log(2), held_out_bits)


def set_up_backend(seed: int) -> None:
    """Seed Keras and, where TensorFlow does the work, ask it for the same result in every run."""
    keras.utils.set_random_seed(seed % 2**32)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def compile_generator(model: LookbackLSTM, learning_rate: float = LEARNING_RATE) -> LookbackLSTM:
    """Return the model with an optimizer of its own and the weighted loss of its steps."""
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=0.05, beta_2=0.98, clipnorm=1.0)
    model.compile(optimizer=optimizer, loss=weighted_nats, jit_compile=NEEDS_XLA)
    model.build((None, None, None))
    return model


def weighted_nats(weights: Any, losses: Any) -> Any:
    """Return the mean over steps of weight times loss, the parts of a note summed."""
    return ops.mean(weights * ops.sum(losses, axis=-1))


def find_learning_rate(step: int, steps: int) -> float:
    """Return the rate of a step: it warms up, stays, and falls along a cosine at the end."""
    warm_up = min(WARM_UP_STEPS, max(steps // 5, 1))
    left = (steps - step) / max(DECAY_SHARE * steps, 1)
    decay = 0.5 - 0.5 * math.cos(math.pi * min(left, 1))
    return LEARNING_RATE * min(step / warm_up, 1) * max(decay, 0.02)


def measure_bits(model: keras.Model, batch: Batch) -> float:
    """Return a model's bits per note over a batch."""
    losses = model.predict(batch.features, batch_size=CROPS_PER_BATCH, verbose=0).sum(axis=-1)
    return float((losses * batch.weights).sum() / batch.weights.sum() / math.log(2))


def load_into(model: keras.Model, weights: Weights) -> None:
    """Give a built model the weights of that name."""
    model.set_weights([weights[_name(variable)].astype(np.float32) for variable in model.weights])


def collect_model(model: keras.Model) -> Arrays:
    """Return everything a compiled model holds: weights, the seeds of its dropout, its optimizer's memory."""
    variables = [*model.variables, *model.optimizer.variables]
    return {f"{i:04d}": variable.numpy() for i, variable in enumerate(variables)}


def restore_model(model: keras.Model, arrays: Arrays) -> None:
    """Give a compiled and built model back what `collect_model` returned."""
    model.optimizer.build(model.trainable_variables)
    for variable, array in zip([*model.variables, *model.optimizer.variables], arrays.values(), strict=True):
        variable.assign(array)


def _name(variable: keras.Variable) -> str:
    """Return a weight's name without the model's."""
    return str(variable.path).split("/", 1)[1]
