"""The lookback LSTM: one step per note, a head for each part of the next note, and gates that copy.

Two LSTM layers read the music so far. The heads predict delta, pitch, duration and velocity in turn, each
knowing the parts before it. Every head may add weight to what stands where the music may repeat itself:
1, 2, 4 and 8 bars ago (a soft form of Magenta's Lookback RNN, Waite 2016), behind the last figure like this
one, and in the same voice. Pitches are scored twice, as keys of the piano and as intervals from the notes
around, so that what is learned of a melody holds in every position. The style of the music is told to the
layers and to the heads. Only `keras.ops`, so any Keras backend trains it.
"""

from typing import Any

import keras
from keras import layers, ops

from models import features as f
from models.shapes import EMBEDDINGS, HEAD_UNITS, HEADS, N_GATES, N_INTERVALS
from models.style import N_CLASSES as N_STYLE_CLASSES
from models.style import N_STYLES
from models.tokens import N_CLASSES, N_PITCHES

FORBIDDEN = -1e9  # logit of a pitch that would break the order of notes within a chord


class LookbackLSTM(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Features of shape (clips, steps, N_FEATURES) -> loss in nats of shape (clips, steps, 4 parts)."""

    def __init__(self, units: int = 256, dropout: float = 0.5, input_dropout: float = 0.2) -> None:
        super().__init__(name="lookback_lstm")
        self.embeddings = {
            name: layers.Embedding(n, width, name=f"embed_{name}") for name, (n, width) in EMBEDDINGS.items()
        }
        self.input_dropout = layers.Dropout(input_dropout)
        self.lower = layers.LSTM(units, return_sequences=True, name="lower")
        self.upper = layers.LSTM(units, return_sequences=True, name="upper")
        self.dropout = layers.Dropout(dropout)
        self.norm = layers.LayerNormalization(name="norm")
        self.hidden = {
            name: layers.Dense(width, "gelu", name=f"hidden_{name}") for name, width in HEAD_UNITS.items()
        }
        sizes = zip(HEADS, N_CLASSES, strict=True)
        self.out = {name: layers.Dense(size, name=f"out_{name}") for name, size in sizes}
        self.gate = {
            name: layers.Dense(n, bias_initializer="ones", name=f"gate_{name}") for name, n in N_GATES.items()
        }
        self.intervals = layers.Dense(
            f.N_REFERENCES * N_INTERVALS, kernel_initializer="zeros", name="intervals"
        )

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 (Keras' signature)
        """Make the weights by running once on zeros."""
        self.call(ops.zeros((1, 2, f.N_FEATURES), dtype="int32"))
        self.built = True

    def call(self, features: Any, *, training: bool = False) -> Any:
        """Return the negative log likelihood of each part of each next note."""
        style = self._embed_style(features[..., f.STYLE])
        context = [self._read(features, style, training=training), style]
        losses = []
        for i, name in enumerate(HEADS):
            target = features[..., f.TARGET][..., i]
            hidden = self.hidden[name](ops.concatenate(context, axis=-1))
            logits = self.out[name](hidden) + self._copy(name, hidden, features[..., f.LOOKBACKS[i]])
            if name == "pitch":
                logits = logits + self._score_intervals(hidden, features[..., f.REFERENCES])
                logits = ops.where(_is_out_of_order(features), FORBIDDEN, logits)
            losses.append(_cross_entropy(logits, target))
            context.append(self.embeddings[name](target))
            if name == "delta":
                context += self._embed_place(features[..., f.TARGET_PLACE])
        return ops.stack(losses, axis=-1)

    def _read(self, features: Any, style: Any, *, training: bool) -> Any:
        parts = [self.embeddings[name](features[..., i]) for i, name in enumerate(HEADS)]
        parts += self._embed_place(features[..., f.PLACE])
        parts += [self.embeddings["bar"](features[..., f.SETTING][..., 0])]
        parts += [self.embeddings["tempo"](features[..., f.SETTING][..., 1]), style]
        parts += [_flatten(self.embeddings["lookback"](features[..., f.DELTA_LOOKBACK] + 1))]
        parts += [_flatten(self.embeddings["contour"](features[..., f.CONTOUR]))]
        x = self.input_dropout(ops.concatenate(parts, axis=-1), training=training)
        lower = self.dropout(self.lower(x), training=training)
        upper = self.dropout(self.upper(lower), training=training)
        return self.norm(lower + upper)

    def _embed_place(self, place: Any) -> list[Any]:
        return [self.embeddings["tick"](place[..., 0]), self.embeddings["beat"](place[..., 1])]

    def _embed_style(self, style: Any) -> Any:
        rows = style + ops.arange(N_STYLES) * N_STYLE_CLASSES
        return ops.sum(self.embeddings["style"](rows), axis=-2)

    def _copy(self, name: str, hidden: Any, lookback: Any) -> Any:
        """Return what the gates add to the logits of the values seen before."""
        seen = ops.one_hot(lookback, self.out[name].units)  # NOTHING gives a row of zeros
        return ops.sum(self.gate[name](hidden)[..., None] * seen, axis=-2)

    def _score_intervals(self, hidden: Any, references: Any) -> Any:
        """Return the logits of the pitches by how far they lie from the notes around."""
        scores = self.intervals(hidden)
        scores = ops.reshape(scores, (*ops.shape(hidden)[:-1], f.N_REFERENCES, N_INTERVALS))
        wide = ops.pad(scores, [(0, 0)] * (len(scores.shape) - 1) + [(0, 1)])  # a silent place for the far
        interval = ops.arange(N_PITCHES) - references[..., None] + f.MAX_INTERVAL
        is_near = (interval >= 0) & (interval < N_INTERVALS)
        return ops.sum(ops.take_along_axis(wide, ops.where(is_near, interval, N_INTERVALS), axis=-1), axis=-2)


def _flatten(x: Any) -> Any:
    """Join the last two axes."""
    return ops.reshape(x, (*ops.shape(x)[:-2], x.shape[-2] * x.shape[-1]))


def _is_out_of_order(features: Any) -> Any:
    """Tell which pitches may not follow: within a chord, those up to the last note's."""
    is_chord = features[..., f.TARGET][..., :1] == 0
    return is_chord & (ops.arange(N_PITCHES) <= features[..., f.NOTE][..., 1:2])


def _cross_entropy(logits: Any, target: Any) -> Any:
    return ops.logsumexp(logits, axis=-1) - ops.squeeze(
        ops.take_along_axis(logits, target[..., None], axis=-1), axis=-1
    )
