"""The lookback LSTM's forward pass in NumPy, one note at a time: composing needs no TensorFlow.

A test holds it equal to the Keras model.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models import features as f
from models.shapes import HEADS, N_INTERVALS, find_shapes
from models.style import N_CLASSES as N_STYLE_CLASSES
from models.style import N_STYLES
from models.tokens import N_PITCHES, IntArray
from models.weights import Weights

Floats = NDArray[np.float32]
_NORM_EPSILON = 1e-3  # Keras' LayerNormalization


class Network:
    """Reads a note per clip and step; its heads then score the parts of the next note."""

    def __init__(self, weights: Weights, styles: IntArray) -> None:
        """Begin with nothing read, a row of classes per clip."""
        self._weights = weights
        n_clips = len(styles)
        rows = styles + np.arange(N_STYLES) * N_STYLE_CLASSES
        self.style = weights["embed_style/embeddings"][rows].sum(axis=1)
        units = weights["lower/lstm_cell/recurrent_kernel"].shape[0]
        self._state = {
            layer: (np.zeros((n_clips, units), np.float32), np.zeros((n_clips, units), np.float32))
            for layer in ("lower", "upper")
        }

    def keep(self, rows: IntArray) -> None:
        """Go on with some of the clips only."""
        self.style = self.style[rows]
        self._state = {layer: (h[rows], c[rows]) for layer, (h, c) in self._state.items()}

    def read(
        self, note: IntArray, place: IntArray, setting: IntArray, lookback: IntArray, contour: IntArray
    ) -> Floats:
        """Return what is known after one more note, shape (clips, units).

        The arguments are the columns of that name in `features`, a row per clip.
        """
        parts = [self._embed(f"embed_{name}", note[:, i]) for i, name in enumerate(HEADS)]
        parts += self.embed_place(place)
        parts += [self._embed("embed_bar", setting[:, 0]), self._embed("embed_tempo", setting[:, 1])]
        parts += [self.style, self._embed("embed_lookback", lookback + 1).reshape(len(note), -1)]
        parts += [self._embed("embed_contour", contour).reshape(len(note), -1)]
        lower = self._step("lower", np.concatenate(parts, axis=1))
        upper = self._step("upper", lower)
        return self._normalize(lower + upper)

    def embed(self, name: str, values: IntArray) -> Floats:
        """Return what a head gets to know about a part that is decided."""
        return self._embed(f"embed_{name}", values)

    def embed_place(self, place: IntArray) -> list[Floats]:
        """Return what is known about a place in the bar, columns tick and beat."""
        return [self._embed("embed_tick", place[:, 0]), self._embed("embed_beat", place[:, 1])]

    def score(
        self, head: str, context: Sequence[Floats], lookback: IntArray, references: IntArray | None = None
    ) -> Floats:
        """Return the logits of a part of the next note, shape (clips, values); references are for pitch."""
        hidden = self._dense(f"hidden_{head}", np.concatenate(context, axis=1))
        hidden = hidden * 0.5 * (1 + _erf(hidden / np.float32(np.sqrt(2))))  # GELU (Hendrycks & Gimpel 2016)
        logits = self._dense(f"out_{head}", hidden)
        gates = self._dense(f"gate_{head}", hidden)
        clips, lags = np.nonzero(lookback >= 0)
        np.add.at(logits, (clips, lookback[clips, lags]), gates[clips, lags])
        return logits if references is None else logits + self._score_intervals(hidden, references)

    def _score_intervals(self, hidden: Floats, references: IntArray) -> Floats:
        """Return the logits of the pitches by how far they lie from the notes around."""
        scores = self._dense("intervals", hidden).reshape(*references.shape, N_INTERVALS)
        around = np.zeros((*references.shape, 2 * N_PITCHES - 1), np.float32)  # by interval, all there are
        middle = N_PITCHES - 1
        around[..., middle - f.MAX_INTERVAL : middle + f.MAX_INTERVAL + 1] = scores
        places = np.arange(N_PITCHES) - references[..., None] + middle
        total: Floats = np.take_along_axis(around, places, axis=2).sum(axis=1)
        return total

    def _embed(self, layer: str, values: IntArray) -> Floats:
        return self._weights[f"{layer}/embeddings"][values]

    def _dense(self, layer: str, x: Floats) -> Floats:
        return x @ self._weights[f"{layer}/kernel"] + self._weights[f"{layer}/bias"]

    def _step(self, layer: str, x: Floats) -> Floats:
        h, c = self._state[layer]
        cell = f"{layer}/lstm_cell"
        gates = x @ self._weights[f"{cell}/kernel"] + h @ self._weights[f"{cell}/recurrent_kernel"]
        enter, forget, candidate, leave = np.split(gates + self._weights[f"{cell}/bias"], 4, axis=1)
        c = _sigmoid(forget) * c + _sigmoid(enter) * np.tanh(candidate)
        out: Floats = _sigmoid(leave) * np.tanh(c)
        self._state[layer] = (out, c)
        return out

    def _normalize(self, x: Floats) -> Floats:
        centered = x - x.mean(axis=1, keepdims=True)
        scaled = centered / np.sqrt((centered**2).mean(axis=1, keepdims=True) + _NORM_EPSILON)
        out: Floats = scaled * self._weights["norm/gamma"] + self._weights["norm/beta"]
        return out


def _sigmoid(x: Floats) -> Floats:
    out: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return out


def _erf(x: Floats) -> Floats:
    """Return the error function to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26).

    SciPy's takes as long to import as a clip to compose.
    """
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    out: Floats = np.sign(x) * (1 - series * np.exp(-x * x))
    return out


def is_complete(weights: Weights) -> bool:
    """Tell whether weights are those of this version's network, with its table of styles."""
    kernel = weights.get("lower/lstm_cell/recurrent_kernel", np.empty((0, 0)))
    found = {name: array.shape for name, array in weights.items()}
    has_styles = {"style/bounds", "style/pool"} <= found.keys()
    return has_styles and find_shapes(kernel.shape[0]).items() <= found.items()
