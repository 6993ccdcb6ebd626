"""The lookback LSTM: one step per note, a head for each part of the next note, and gates that copy.

Two LSTM layers read the music so far. The heads predict delta, pitch, duration and velocity in turn, each
knowing the parts before it. Every head may add weight to what stood at the same place 1, 2, 4 and 8 bars ago
(a soft form of Magenta's Lookback RNN, Waite 2016). Only `keras.ops`, so any Keras backend trains it.
"""

from typing import Any

import keras
from keras import layers, ops

from models import features as f
from models.tokens import N_CLASSES, N_PITCHES, TICKS_PER_BEAT

HEADS = ("delta", "pitch", "duration", "velocity")
LOOKBACKS = (f.DELTA_LOOKBACK, f.PITCH_LOOKBACK, f.DURATION_LOOKBACK, f.VELOCITY_LOOKBACK)
EMBEDDING_SIZES = {"delta": 24, "pitch": 64, "duration": 24, "velocity": 12, "tick": 12, "beat": 8}
HEAD_UNITS = {"delta": 128, "pitch": 192, "duration": 128, "velocity": 96}
FORBIDDEN = -1e9  # logit of a pitch that would break the order of notes within a chord


class LookbackLSTM(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Features of shape (clips, steps, N_FEATURES) -> loss in nats of shape (clips, steps, 4 parts)."""

    def __init__(self, units: int = 256, dropout: float = 0.5, input_dropout: float = 0.2) -> None:
        super().__init__(name="lookback_lstm")
        sizes = dict(zip(HEADS, N_CLASSES, strict=True))
        counts = {**sizes, "tick": TICKS_PER_BEAT, "beat": f.N_BEATS}
        self.embeddings = {
            name: layers.Embedding(counts[name], size, name=f"embed_{name}")
            for name, size in EMBEDDING_SIZES.items()
        }
        self.embed_bar = layers.Embedding(f.N_BAR_CLASSES, 4, name="embed_bar")
        self.embed_tempo = layers.Embedding(f.N_TEMPO_CLASSES, 6, name="embed_tempo")
        self.embed_lookback = layers.Embedding(sizes["delta"] + 1, 16, name="embed_lookback")
        self.input_dropout = layers.Dropout(input_dropout)
        self.lower = layers.LSTM(units, return_sequences=True, name="lower")
        self.upper = layers.LSTM(units, return_sequences=True, name="upper")
        self.dropout = layers.Dropout(dropout)
        self.norm = layers.LayerNormalization(name="norm")
        self.hidden = {
            name: layers.Dense(width, "gelu", name=f"hidden_{name}") for name, width in HEAD_UNITS.items()
        }
        self.out = {name: layers.Dense(size, name=f"out_{name}") for name, size in sizes.items()}
        self.gate = {
            name: layers.Dense(len(f.LAGS_BARS), bias_initializer="ones", name=f"gate_{name}")
            for name in HEADS
        }

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 (Keras' signature)
        """Make the weights by running once on zeros."""
        self.call(ops.zeros((1, 2, f.N_FEATURES), dtype="int32"))
        self.built = True

    def call(self, features: Any, *, training: bool = False) -> Any:
        """Return the negative log likelihood of each part of each next note."""
        state = self._read(features, training=training)
        context = [state]
        losses = []
        for i, name in enumerate(HEADS):
            target = features[..., f.TARGET][..., i]
            hidden = self.hidden[name](ops.concatenate(context, axis=-1))
            logits = self.out[name](hidden) + self._copy(name, hidden, features[..., LOOKBACKS[i]])
            if name == "pitch":
                logits = ops.where(_is_out_of_order(features), FORBIDDEN, logits)
            losses.append(_cross_entropy(logits, target))
            context.append(self.embeddings[name](target))
            if name == "delta":
                context += self._embed_place(features[..., f.TARGET_PLACE])
        return ops.stack(losses, axis=-1)

    def _read(self, features: Any, *, training: bool) -> Any:
        lookback = self.embed_lookback(features[..., f.DELTA_LOOKBACK] + 1)
        shape = ops.shape(lookback)
        parts = [self.embeddings[name](features[..., i]) for i, name in enumerate(HEADS)]
        parts += self._embed_place(features[..., f.PLACE])
        parts += [self.embed_bar(features[..., f.SETTING][..., 0])]
        parts += [self.embed_tempo(features[..., f.SETTING][..., 1])]
        parts += [ops.reshape(lookback, (*shape[:-2], lookback.shape[-2] * lookback.shape[-1]))]
        x = self.input_dropout(ops.concatenate(parts, axis=-1), training=training)
        lower = self.dropout(self.lower(x), training=training)
        upper = self.dropout(self.upper(lower), training=training)
        return self.norm(lower + upper)

    def _embed_place(self, place: Any) -> list[Any]:
        return [self.embeddings["tick"](place[..., 0]), self.embeddings["beat"](place[..., 1])]

    def _copy(self, name: str, hidden: Any, lookback: Any) -> Any:
        """Return what the gates add to the logits of the values seen bars ago."""
        seen = ops.one_hot(lookback, self.out[name].units)  # NOTHING gives a row of zeros
        return ops.sum(self.gate[name](hidden)[..., None] * seen, axis=-2)


def _is_out_of_order(features: Any) -> Any:
    """Tell which pitches may not follow: within a chord, those up to the last note's."""
    is_chord = features[..., f.TARGET][..., :1] == 0
    return is_chord & (ops.arange(N_PITCHES) <= features[..., f.NOTE][..., 1:2])


def _cross_entropy(logits: Any, target: Any) -> Any:
    return ops.logsumexp(logits, axis=-1) - ops.squeeze(
        ops.take_along_axis(logits, target[..., None], axis=-1), axis=-1
    )
