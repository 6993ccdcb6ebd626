"""The article's networks in NumPy, as far as composing needs them: it loads no TensorFlow.

Weights are named as `models.article_lstm` and `models.article_gan` name their layers. A test holds both
networks equal to the Keras models.
"""

import numpy as np
from numpy.typing import NDArray

from models.weights import Weights

Floats = NDArray[np.float32]
GAN_LAYERS = 3
LEAK = 0.2
_NORM_EPSILON = 1e-3  # Keras' BatchNormalization


def foretell(weights: Weights, windows: Floats) -> Floats:
    """Return how likely each token is to be the next.

    Parameters
    ----------
    windows
        Token numbers over the vocabulary's size, shape (n, 100, 1).

    Returns
    -------
    Probabilities, shape (n, tokens).
    """
    x = _read(weights, "lower", windows)
    x = _read(weights, "middle", x)
    hidden = _dense(weights, "hidden", _read_last(weights, "upper", x))
    logits = _dense(weights, "out", hidden)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely: Floats = shares / shares.sum(axis=1, keepdims=True)
    return likely


def write_values(weights: Weights, noise: Floats) -> Floats:
    """Return what the GAN's generator makes of noise, from -1 to 1, shape (n, 100)."""
    x = noise
    for i in range(GAN_LAYERS):
        x = _dense(weights, f"dense_{i}", x)
        x = np.maximum(x, LEAK * x)
        x = _normalize(weights, f"norm_{i}", x)
    values: Floats = np.tanh(_dense(weights, "out", x))
    return values


def _read(weights: Weights, layer: str, x: Floats) -> Floats:
    """Return a layer's outputs at every step; those of a layer that reads both ways side by side."""
    if f"{layer}/lstm_cell/kernel" in weights:
        return _run(weights, layer, x)
    there = _run(weights, f"{layer}/forward_lstm", x)
    back = _run(weights, f"{layer}/backward_lstm", x[:, ::-1])[:, ::-1]
    return np.concatenate([there, back], axis=2)


def _read_last(weights: Weights, layer: str, x: Floats) -> Floats:
    """Return a layer's output when it has read everything."""
    read = _read(weights, layer, x)
    if f"{layer}/lstm_cell/kernel" in weights:
        return read[:, -1]
    units = read.shape[2] // 2
    return np.concatenate([read[:, -1, :units], read[:, 0, units:]], axis=1)


def _run(weights: Weights, layer: str, x: Floats) -> Floats:
    """Return an LSTM's output at every step, shape (n, steps, units)."""
    cell = f"{layer}/lstm_cell"
    recurrent = weights[f"{cell}/recurrent_kernel"]
    driven = x @ weights[f"{cell}/kernel"] + weights[f"{cell}/bias"]
    h = np.zeros((len(x), len(recurrent)), np.float32)
    c, out = h, np.empty((*x.shape[:2], len(recurrent)), np.float32)
    for step in range(x.shape[1]):
        enter, forget, candidate, leave = np.split(driven[:, step] + h @ recurrent, 4, axis=1)
        c = _sigmoid(forget) * c + _sigmoid(enter) * np.tanh(candidate)
        out[:, step] = h = _sigmoid(leave) * np.tanh(c)
    return out


def _dense(weights: Weights, layer: str, x: Floats) -> Floats:
    out: Floats = x @ weights[f"{layer}/kernel"] + weights[f"{layer}/bias"]
    return out


def _normalize(weights: Weights, layer: str, x: Floats) -> Floats:
    mean, variance = weights[f"{layer}/moving_mean"], weights[f"{layer}/moving_variance"]
    scaled = (x - mean) / np.sqrt(variance + _NORM_EPSILON)
    normal = scaled * weights[f"{layer}/gamma"] + weights[f"{layer}/beta"]
    return np.asarray(normal, np.float32)


def _sigmoid(x: Floats) -> Floats:
    out: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return out
