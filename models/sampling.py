"""Composing note by note: draws from a network's logits, all clips of a batch side by side."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.features import Setting, count_interval, find_place
from models.lookback import NOTHING
from models.network import Floats, Network
from models.past import Past, Token
from models.style import N_STYLES, UNKNOWN
from models.tokens import N_PITCHES, IntArray
from models.weights import Weights

FACTORS = (1.05, 0.9, 1.15, 1.1)  # to the temperature of delta, pitch, duration and velocity


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a part is drawn from its logits.

    The network is too sure of rhythm, lengths and dynamics, and not sure enough of pitches: each part has a
    factor of its own to the temperature, found on clips set beside the training pieces. Top-p acts on the
    pitch alone, because cutting the other parts flattens what is rare in them, and a listener misses it.
    """

    temperature: float = 1.0
    top_p: float = 0.97
    factors: tuple[float, float, float, float] = FACTORS
    breaks_loops: bool = True
    """Whether a figure that has gone round often enough is left, see `models.past`."""

    @property
    def per_head(self) -> tuple[tuple[float, float], ...]:
        """Temperature and top-p of delta, pitch, duration and velocity."""
        temperatures = (self.temperature * factor for factor in self.factors)
        return tuple(zip(temperatures, (1.0, self.top_p, 1.0, 1.0), strict=True))


PLAIN = Decoding(temperature=1.0, top_p=1.0, factors=(1.0, 1.0, 1.0, 1.0), breaks_loops=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The music that a composition goes on from, and how far it goes."""

    tokens: IntArray
    setting: Setting
    end_tick: int
    """Composing stops at the first note from this tick on, counted as the tokens are."""
    max_notes: int
    seed: int
    style: IntArray = field(default_factory=lambda: np.full(N_STYLES, UNKNOWN))
    """Classes of what to compose, see `models.style`."""


def compose(weights: Weights, prompts: Sequence[Prompt], decoding: Decoding) -> list[IntArray]:
    """Return each prompt's tokens followed by what the network composed, shape (notes, 4) each.

    Every prompt draws from its own seed, so its music does not depend on its neighbors.
    """
    draws = [
        np.random.default_rng(prompt.seed).random((prompt.max_notes + 1, 4), dtype=np.float32)
        for prompt in prompts
    ]
    pasts = [
        Past(prompt.setting, _token(prompt.tokens[0]), breaks_loops=decoding.breaks_loops)
        for prompt in prompts
    ]
    network = Network(weights, np.array([prompt.style for prompt in prompts]))
    going = list(range(len(prompts)))
    while going:
        moment = _read_last(network, [pasts[i] for i in going], [prompts[i].setting for i in going])
        prompted = [_next_of_prompt(prompts[i], pasts[i]) for i in going]
        drawn = np.zeros((len(going), 4), dtype=np.int64)
        if not all(prompted):
            uniform = np.array([draws[i][_n_composed(prompts[i], pasts[i])] for i in going])
            drawn = _draw_notes(network, moment, uniform, decoding)
        for i, known, row in zip(going, prompted, drawn, strict=True):
            pasts[i].add(known or _token(row))
        goes_on = [_goes_on(prompts[i], pasts[i]) for i in going]
        network.keep(np.flatnonzero(goes_on))
        going = list(itertools.compress(going, goes_on))
    return [np.array(past.tokens, dtype=np.int64) for past in pasts]


def draw(logits: Floats, uniform: Floats, temperature: float, top_p: float) -> IntArray:
    """Return one value per row: the smallest set holding `top_p` of the probability, then by the uniform.

    Nucleus sampling (Holtzman et al. 2020).
    """
    scaled = logits / temperature
    share = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    if top_p < 1:
        order = np.argsort(-share, axis=1, kind="stable")
        ordered = np.take_along_axis(share, order, axis=1)
        is_kept = np.cumsum(ordered, axis=1) - ordered < top_p
        np.put_along_axis(share, order, np.where(is_kept, ordered, 0), axis=1)
    sums = np.cumsum(share, axis=1)
    chosen: IntArray = (sums <= uniform[:, None] * sums[:, -1:]).sum(axis=1)
    return chosen.clip(max=logits.shape[1] - 1)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The clips of a batch after the same number of notes; a row per clip in each array."""

    pasts: Sequence[Past]
    last: IntArray
    onset: IntArray
    bar_ticks: IntArray
    delta_lookback: IntArray
    state: Floats


def _read_last(network: Network, pasts: Sequence[Past], settings: Sequence[Setting]) -> _Moment:
    """Let the network read each clip's last note."""
    last = np.array([past.tokens[-1] for past in pasts])
    onset = np.array([past.onset for past in pasts])
    bar_ticks = np.array([setting.bar_ticks for setting in settings])
    place = np.column_stack(find_place(onset, bar_ticks))
    lookback = np.array([past.deltas() for past in pasts])
    contour = count_interval(np.array([past.contour for past in pasts]))
    classes = np.array([setting.classes for setting in settings])
    state = network.read(last, place, classes, lookback, contour)
    return _Moment(pasts, last, onset, bar_ticks, lookback, state)


def _draw_notes(network: Network, now: _Moment, uniform: NDArray[np.float32], decoding: Decoding) -> IntArray:
    """Return each clip's next note, its parts drawn in turn."""
    how, pasts = decoding.per_head, now.pasts
    context = [now.state, network.style]
    delta = draw(network.score("delta", context, now.delta_lookback), uniform[:, 0], *how[0])
    place = np.column_stack(find_place(now.onset + delta, now.bar_ticks))
    context = [*context, network.embed("delta", delta), *network.embed_place(place)]

    lookback = np.array([past.pitches(int(d)) for past, d in zip(pasts, delta, strict=True)])
    references = np.array([past.references(int(d)) for past, d in zip(pasts, delta, strict=True)])
    logits = network.score("pitch", context, lookback, references)
    logits[(delta == 0)[:, None] & (np.arange(N_PITCHES) <= now.last[:, 1:2])] = -np.inf
    pitch = draw(_or_top(logits), uniform[:, 1], *how[1])
    context.append(network.embed("pitch", pitch))

    seen = [past.find_notes(int(d), int(p)) for past, d, p in zip(pasts, delta, pitch, strict=True)]
    lookback = np.array([[note[2] if note else NOTHING for note in notes] for notes in seen])
    duration = draw(network.score("duration", context, lookback), uniform[:, 2], *how[2])
    context.append(network.embed("duration", duration))

    lookback = np.array([[note[3] if note else NOTHING for note in notes] for notes in seen])
    velocity = draw(network.score("velocity", context, lookback), uniform[:, 3], *how[3])
    return np.column_stack([delta, pitch, duration, velocity])


def _or_top(logits: Floats) -> Floats:
    """Leave the highest key possible where no pitch is left above a chord's last."""
    logits[np.isneginf(logits).all(axis=1), -1] = 0
    return logits


def _n_composed(prompt: Prompt, past: Past) -> int:
    return max(len(past.tokens) - len(prompt.tokens), 0)


def _next_of_prompt(prompt: Prompt, past: Past) -> Token | None:
    n_notes = len(past.tokens)
    return _token(prompt.tokens[n_notes]) if n_notes < len(prompt.tokens) else None


def _goes_on(prompt: Prompt, past: Past) -> bool:
    is_full = _n_composed(prompt, past) >= prompt.max_notes
    return len(past.tokens) < len(prompt.tokens) or not (is_full or past.onset >= prompt.end_tick)


def _token(row: IntArray) -> Token:
    delta, pitch, duration, velocity = row.tolist()
    return delta, pitch, duration, velocity
