"""The GAN: the LSTM fine-tuned against a discriminator that hears every note.

The generator continues real openings; a causal discriminator says after each note how real the music sounds
so far. The generator is rewarded note by note (REINFORCE with a baseline per position, as in SeqGAN, Yu et
al. 2017, and ScratchGAN, de Masson d'Autume et al. 2019) and anchored by maximum likelihood on real music.
The two models share no weights and have an optimizer each.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from models import features as f
from models.arrays import Arrays
from models.batches import Song, cut_validation, draw_batch
from models.checkpoints import name_part, take_part
from models.features import build_features
from models.history import Progress
from models.lstm import LookbackLSTM
from models.sampling import PLAIN, Prompt, compose
from models.style import cut_stretch, read_styles
from models.tokens import N_CLASSES
from models.training import (
    NEEDS_XLA,
    MovingAverage,
    collect_model,
    compile_generator,
    load_into,
    restore_model,
    set_up_backend,
)
from models.weights import Weights
from study_core.errors import CorpusError
from study_core.seeds import child_seed, random_generator

PRIMER_NOTES, COMPOSED_NOTES = 24, 56
PHRASE_NOTES = PRIMER_NOTES + COMPOSED_NOTES
PHRASES_PER_BATCH, ANCHORS_PER_BATCH = 16, 8
MOST_FIRST_STEPS = 100  # of the discriminator alone: before it hears differences, it teaches nothing
FIRST_PHRASES = 320  # composed once for those steps
STEPS_PER_VALIDATION = 30
GENERATOR_RATE, DISCRIMINATOR_RATE = 3e-4, 1.5e-3
DISCOUNT, MAX_ADVANTAGE = 0.95, 3.0
SMOOTHING = 0.05
OCTAVE = 12

Floats = NDArray[np.float32]


class Discriminator(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Features of shape (phrases, steps, N_FEATURES) -> a logit after each note, high where real."""

    def __init__(self, units: int = 160, dropout: float = 0.3) -> None:
        super().__init__(name="discriminator")
        sizes = (*N_CLASSES, OCTAVE)
        widths = (16, 48, 16, 12, 12)
        self.embeddings = [layers.Embedding(n, width) for n, width in zip(sizes, widths, strict=True)]
        self.local = layers.Conv1D(units, 5, padding="causal", activation="gelu")
        self.memory = layers.LSTM(units, return_sequences=True)
        self.dropout = layers.Dropout(dropout)
        self.out = layers.Dense(1)

    def call(self, features: Any, *, training: bool = False) -> Any:
        """Return the logits, shape (phrases, steps)."""
        note = features[..., f.TARGET]
        values = [*(note[..., i] for i in range(4)), note[..., 1] % OCTAVE]
        parts = [embed(value) for embed, value in zip(self.embeddings, values, strict=True)]
        parts += [_is_repeated(features, i) for i in range(len(f.LOOKBACKS))]
        x = self.dropout(self.local(ops.concatenate(parts, axis=-1)), training=training)
        x = self.dropout(self.memory(x), training=training)
        return ops.squeeze(self.out(x), axis=-1)


class GANTraining:
    """Fine-tunes an LSTM's weights adversarially; `weights` are averaged over its steps."""

    def __init__(
        self, songs: Sequence[Song], held_out: Sequence[Song], lstm: Weights, steps: int, seed: int
    ) -> None:
        """Begin with the LSTM's weights.

        Raises
        ------
        CorpusError
            If no song is long enough for a phrase.
        """
        longest = max(len(song.tokens) for song in songs)
        if longest < PHRASE_NOTES:
            raise CorpusError(
                f"The longest of {len(songs)} training pieces has {longest} notes, but the gan learns from "
                f"phrases of {PHRASE_NOTES}. Add longer pieces, or leave gan out of clips.systems."
            )
        set_up_backend(child_seed(seed, "training", "gan"))
        self.history: list[Progress] = []
        self.validation_bits = math.inf
        self._songs, self._steps = songs, steps
        self._first_steps = min(steps, MOST_FIRST_STEPS)
        self._held_out = cut_validation(held_out)
        self._rng = random_generator(seed, "training", "gan", "phrases")
        units = lstm["lower/lstm_cell/recurrent_kernel"].shape[0]
        self._generator = compile_generator(LookbackLSTM(units), GENERATOR_RATE)
        load_into(self._generator, lstm)
        self._styles = read_styles(lstm)
        self._average = MovingAverage(self._generator)
        self._discriminator = _compile_discriminator()
        self._first_phrases = np.empty(0, np.int32)

    @property
    def n_steps(self) -> int:
        """How many steps `run` takes, those of the discriminator alone included."""
        return self._first_steps + self._steps

    @property
    def weights(self) -> Weights:
        """The generator's weights, averaged over its steps."""
        return {**self._average.weights, **self._styles.arrays}

    def run(self) -> Iterator[Progress]:
        """Train the discriminator alone, then both in turn; yield the progress of each step."""
        n_phrases = min(FIRST_PHRASES, self._first_steps * PHRASES_PER_BATCH)
        if not self.history:
            self._first_phrases = self._compose_phrases(n_phrases)
        while len(self.history) < self._first_steps:
            chosen = self._rng.choice(n_phrases, PHRASES_PER_BATCH, replace=False)
            accuracy = self._train_discriminator(self._first_phrases[chosen])
            yield self._record(math.nan, accuracy)
        while len(self.history) < self.n_steps:
            step = len(self.history) + 1 - self._first_steps
            phrases = self._compose_phrases(PHRASES_PER_BATCH)
            bits = self._train_generator(phrases)
            accuracy = self._train_discriminator(phrases)
            is_due = step % STEPS_PER_VALIDATION == 0 or step == self._steps
            yield self._record(bits, accuracy, validate=is_due)

    def collect_state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the next step depends on."""
        arrays = name_part("generator", collect_model(self._generator))
        arrays |= name_part("discriminator", collect_model(self._discriminator))
        arrays |= name_part("average", self._average.collect_state())
        arrays["first_phrases"] = self._first_phrases
        return arrays, {"rng": self._rng.bit_generator.state, "bits": self.validation_bits}

    def restore_state(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Take back what `collect_state` returned."""
        restore_model(self._generator, take_part(arrays, "generator"))
        restore_model(self._discriminator, take_part(arrays, "discriminator"))
        self._average.restore_state(take_part(arrays, "average"))
        self._first_phrases = arrays["first_phrases"]
        self._rng.bit_generator.state, self.validation_bits = facts["rng"], facts["bits"]

    def _record(self, bits: float, accuracy: float, *, validate: bool = False) -> Progress:
        if validate:
            self.validation_bits = self._average.validate(self._held_out)
        held_out_bits = self.validation_bits if validate else math.nan
        self.history.append(Progress(len(self.history) + 1, bits, held_out_bits, accuracy))
        return self.history[-1]

    def _compose_phrases(self, n: int) -> NDArray[np.int32]:
        """Return features of composed phrases that go on from real openings."""
        models = [_draw_phrase(self._songs, self._rng) for _ in range(n)]
        prompts = [self._to_prompt(song) for song in models]
        present = {
            name: variable.astype(np.float32)
            for name, variable in zip(self._average.weights, self._generator.get_weights(), strict=True)
        }
        phrases = compose(present, prompts, PLAIN)
        return np.stack(
            [
                build_features(phrase, prompt.setting, 0, prompt.style)
                for phrase, prompt in zip(phrases, prompts, strict=True)
            ]
        ).astype(np.int32)

    def _to_prompt(self, song: Song) -> Prompt:
        """Return the order to go on from a phrase's opening in its style."""
        return Prompt(
            tokens=song.tokens[:PRIMER_NOTES],
            setting=song.setting,
            end_tick=10**9,
            max_notes=COMPOSED_NOTES,
            seed=int(self._rng.integers(2**62)),
            style=self._styles.classify(song.tokens, song.setting),
        )

    def _train_discriminator(self, composed: NDArray[np.int32]) -> float:
        """Take one step of the discriminator's optimizer; return its accuracy before it, per note."""
        phrases = [_draw_phrase(self._songs, self._rng) for _ in composed]
        real = np.stack([build_features(song.tokens, song.setting) for song in phrases]).astype(np.int32)
        features = np.concatenate([real, composed])
        labels = np.zeros((*features.shape[:2], 2), np.float32)
        labels[: len(real), :, 0] = 1 - SMOOTHING
        labels[len(real) :, :, 0] = SMOOTHING
        labels[:, PRIMER_NOTES - 1 :, 1] = 1  # openings are real in both: nothing to learn there
        _, accuracy = self._discriminator.train_on_batch(features, labels)
        return float(accuracy)

    def _train_generator(self, composed: NDArray[np.int32]) -> float:
        """Take one step of the generator's optimizer; return its loss on the real music in it, in bits."""
        realness = 1 / (1 + np.exp(-ops.convert_to_numpy(self._discriminator(composed))))
        weights = np.zeros(composed.shape[:2], np.float32)
        weights[:, PRIMER_NOTES - 1 :] = find_advantages(2 * realness[:, PRIMER_NOTES - 1 :] - 1)
        anchor = draw_batch(self._songs, self._styles, self._rng, ANCHORS_PER_BATCH, composed.shape[1])
        features = np.concatenate([composed, anchor.features])
        # The loss is a mean over all steps: scale each term to a mean over its own.
        n_all = features.shape[0] * features.shape[1]
        n_composed = PHRASES_PER_BATCH * COMPOSED_NOTES
        scaled = [weights * n_all / n_composed, anchor.weights * n_all / anchor.weights.sum()]
        loss = self._generator.train_on_batch(features, np.concatenate(scaled))
        self._average.update()
        return float(loss) / math.log(2)


def find_advantages(rewards: Floats) -> Floats:
    """Return how much better each note did than its position's average, in standard deviations.

    Parameters
    ----------
    rewards
        Of each note, shape (phrases, notes); a note answers for those after it, discounted.
    """
    returns = np.zeros_like(rewards)
    ahead = np.zeros(len(rewards), rewards.dtype)
    for i in range(rewards.shape[1] - 1, -1, -1):
        ahead = rewards[:, i] + DISCOUNT * ahead
        returns[:, i] = ahead
    centered = returns - returns.mean(axis=0)
    scaled: Floats = (centered / (centered.std() + 1e-6)).clip(-MAX_ADVANTAGE, MAX_ADVANTAGE)
    return scaled


def _compile_discriminator() -> Discriminator:
    model = Discriminator()
    model.compile(
        optimizer=keras.optimizers.AdamW(DISCRIMINATOR_RATE, beta_1=0.5, clipnorm=1.0),
        loss=_masked_cross_entropy,
        metrics=[_masked_accuracy],
        jit_compile=NEEDS_XLA,
    )
    model(np.zeros((1, 2, f.N_FEATURES), np.int32))  # makes the weights
    return model


def _masked_cross_entropy(labels: Any, logits: Any) -> Any:
    is_real, counts = labels[..., 0], labels[..., 1]
    losses = ops.softplus(logits) - is_real * logits
    return ops.sum(losses * counts) / ops.sum(counts)


def _masked_accuracy(labels: Any, logits: Any) -> Any:
    is_right = ops.cast((logits > 0) == (labels[..., 0] > 0.5), "float32")  # noqa: PLR2004 (half)
    return ops.sum(is_right * labels[..., 1]) / ops.sum(labels[..., 1])


def _is_repeated(features: Any, part: int) -> Any:
    """Return for each lag whether the note's part is what stood there."""
    is_same = features[..., f.LOOKBACKS[part]] == features[..., f.TARGET][..., part : part + 1]
    return ops.cast(is_same, "float32")


def _draw_phrase(songs: Sequence[Song], rng: np.random.Generator) -> Song:
    """Return notes in a row of a random song, as if the piece began there."""
    long_enough = [song for song in songs if len(song.tokens) >= PHRASE_NOTES]
    song = long_enough[int(rng.integers(len(long_enough)))]
    start = int(rng.integers(len(song.tokens) - PHRASE_NOTES + 1))
    tokens = cut_stretch(song.tokens, song.setting.bar_ticks, start, PHRASE_NOTES)
    return Song(tokens, song.setting, song.key_shift)
