"""The lookback LSTM's forward pass in NumPy, one note at a time: composing needs no TensorFlow.

A test holds it equal to the Keras model.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.tokens import N_CLASSES, IntArray
from models.weights import Weights

Floats = NDArray[np.float32]
HEADS = ("delta", "pitch", "duration", "velocity")
_NORM_EPSILON = 1e-3  # Keras' LayerNormalization


class Network:
    """Reads a note per clip and step; its heads then score the parts of the next note."""

    def __init__(self, weights: Weights, n_clips: int) -> None:
        """Begin with nothing read."""
        self._weights = weights
        units = weights["lower/lstm_cell/recurrent_kernel"].shape[0]
        self._state = {
            layer: (np.zeros((n_clips, units), np.float32), np.zeros((n_clips, units), np.float32))
            for layer in ("lower", "upper")
        }

    def keep(self, rows: IntArray) -> None:
        """Go on with some of the clips only."""
        self._state = {layer: (h[rows], c[rows]) for layer, (h, c) in self._state.items()}

    def read(self, note: IntArray, place: IntArray, setting: IntArray, lookback: IntArray) -> Floats:
        """Return what is known after one more note, shape (clips, units).

        The arguments are the columns of that name in `features`, a row per clip.
        """
        parts = [self._embed(f"embed_{name}", note[:, i]) for i, name in enumerate(HEADS)]
        parts += self.embed_place(place)
        parts += [self._embed("embed_bar", setting[:, 0]), self._embed("embed_tempo", setting[:, 1])]
        parts += [self._embed("embed_lookback", lookback + 1).reshape(len(note), -1)]
        lower = self._step("lower", np.concatenate(parts, axis=1))
        upper = self._step("upper", lower)
        return self._normalize(lower + upper)

    def embed(self, name: str, values: IntArray) -> Floats:
        """Return what a head gets to know about a part that is decided."""
        return self._embed(f"embed_{name}", values)

    def embed_place(self, place: IntArray) -> list[Floats]:
        """Return what is known about a place in the bar, columns tick and beat."""
        return [self._embed("embed_tick", place[:, 0]), self._embed("embed_beat", place[:, 1])]

    def score(self, head: str, context: Sequence[Floats], lookback: IntArray) -> Floats:
        """Return the logits of a part of the next note, shape (clips, values)."""
        hidden = self._dense(f"hidden_{head}", np.concatenate(context, axis=1))
        hidden = hidden * 0.5 * (1 + _erf(hidden / np.float32(np.sqrt(2))))  # GELU (Hendrycks & Gimpel 2016)
        logits = self._dense(f"out_{head}", hidden)
        gates = self._dense(f"gate_{head}", hidden)
        clips, lags = np.nonzero(lookback >= 0)
        np.add.at(logits, (clips, lookback[clips, lags]), gates[clips, lags])
        return logits

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
    """Tell whether weights are those of a network that makes this version's tokens."""
    sizes = [weights[f"out_{head}/bias"].shape[0] for head in HEADS if f"out_{head}/bias" in weights]
    return sizes == list(N_CLASSES)
