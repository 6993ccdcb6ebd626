"""The sizes of the lookback LSTM: what its Keras and its NumPy form and its weights on disk agree on."""

from models import features as f
from models.style import N_CLASSES as N_STYLE_CLASSES
from models.style import N_STYLES
from models.tokens import N_CLASSES, TICKS_PER_BEAT

HEADS = ("delta", "pitch", "duration", "velocity")
HEAD_UNITS = {"delta": 128, "pitch": 192, "duration": 128, "velocity": 96}
N_INTERVALS = 2 * f.MAX_INTERVAL + 1
N_GATES = {name: part.stop - part.start for name, part in zip(HEADS, f.LOOKBACKS, strict=True)}
STYLE_UNITS = 32
EMBEDDINGS = {
    **{name: (n, size) for name, n, size in zip(HEADS, N_CLASSES, (24, 64, 24, 12), strict=True)},
    "tick": (TICKS_PER_BEAT, 12),
    "beat": (f.N_BEATS, 8),
    "bar": (f.N_BAR_CLASSES, 4),
    "tempo": (f.N_TEMPO_CLASSES, 6),
    "lookback": (N_CLASSES[0] + 1, 16),
    "contour": (N_INTERVALS, 12),
    "style": (N_STYLES * N_STYLE_CLASSES, STYLE_UNITS),
}
"""Number of values and width of each embedding."""

_READ = (
    *HEADS,
    "tick",
    "beat",
    "bar",
    "tempo",
    "style",
    *f.N_SEEN * ["lookback"],
    *f.N_REFERENCES * ["contour"],
)
_PLACE = EMBEDDINGS["tick"][1] + EMBEDDINGS["beat"][1]

Shapes = dict[str, tuple[int, ...]]


def find_shapes(units: int) -> Shapes:
    """Return the shape of each weight of a network with so many units a layer."""
    shapes: Shapes = {f"embed_{name}/embeddings": shape for name, shape in EMBEDDINGS.items()}
    for layer, width in (("lower", sum(EMBEDDINGS[name][1] for name in _READ)), ("upper", units)):
        shapes[f"{layer}/lstm_cell/kernel"] = (width, 4 * units)
        shapes[f"{layer}/lstm_cell/recurrent_kernel"] = (units, 4 * units)
        shapes[f"{layer}/lstm_cell/bias"] = (4 * units,)
    shapes |= {"norm/gamma": (units,), "norm/beta": (units,)}
    known = units + STYLE_UNITS
    for name, n_values in zip(HEADS, N_CLASSES, strict=True):
        width = HEAD_UNITS[name]
        shapes |= _dense(f"hidden_{name}", known, width) | _dense(f"out_{name}", width, n_values)
        shapes |= _dense(f"gate_{name}", width, N_GATES[name])
        known += EMBEDDINGS[name][1] + (_PLACE if name == "delta" else 0)
    return shapes | _dense("intervals", HEAD_UNITS["pitch"], f.N_REFERENCES * N_INTERVALS)


def _dense(layer: str, n_inputs: int, n_outputs: int) -> Shapes:
    return {f"{layer}/kernel": (n_inputs, n_outputs), f"{layer}/bias": (n_outputs,)}
