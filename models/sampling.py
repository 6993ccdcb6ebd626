"""Composing note by note: draws from a network's logits, all clips of a batch side by side."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features import LAGS_BARS, NOTHING, Setting, find_place
from models.network import Floats, Network
from models.tokens import MAX_DELTA, N_PITCHES, IntArray
from models.weights import Weights

Token = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a part is drawn from its logits.

    Temperature and top-p act on delta, pitch and duration. Deltas are cut at a third of what top-p cuts
    elsewhere, because one odd rhythm is heard more than one odd note; velocities are drawn as they are,
    because cutting them flattens the dynamics.
    """

    temperature: float = 1.0
    top_p: float = 0.97

    @property
    def per_head(self) -> tuple[tuple[float, float], ...]:
        """Temperature and top-p of delta, pitch, duration and velocity."""
        steady = 1 - (1 - self.top_p) / 3
        return (self.temperature, steady), *(2 * [(self.temperature, self.top_p)]), (1.0, 1.0)


PLAIN = Decoding(temperature=1.0, top_p=1.0)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The music that a composition goes on from, and how far it goes."""

    tokens: IntArray
    setting: Setting
    end_tick: int
    """Composing stops at the first note from this tick on, counted as the tokens are."""
    max_notes: int
    seed: int


class Past:
    """The notes of one clip so far, and what stood at a place some bars ago."""

    def __init__(self, setting: Setting, first: Token) -> None:
        self.tokens = [first]
        self.onset = first[0]
        self._keys = [self.onset * 128 + first[1]]
        self._lags = [lag * setting.bar_ticks for lag in LAGS_BARS]

    def add(self, token: Token) -> None:
        """Take one more note in."""
        self.tokens.append(token)
        self.onset += token[0]
        self._keys.append(self.onset * 128 + token[1])

    def deltas(self) -> list[int]:
        """Return for each lag how long after this place the next note came."""
        pitch = self.tokens[-1][1]
        return [self._delta(self.onset - lag, pitch) for lag in self._lags]

    def pitches(self, delta: int) -> list[int]:
        """Return for each lag the pitch at the place `delta` from here."""
        lowest = self.tokens[-1][1] if delta == 0 else -1
        return [self._pitch(self.onset + delta - lag, lowest) for lag in self._lags]

    def find_notes(self, delta: int, pitch: int) -> list[Token | None]:
        """Return for each lag the note of that pitch at the place `delta` from here."""
        return [self._note((self.onset + delta - lag) * 128 + pitch) for lag in self._lags]

    def _delta(self, tick: int, pitch: int) -> int:
        if tick < self._keys[0] // 128:
            return NOTHING
        delta = self._keys[bisect_right(self._keys, tick * 128 + pitch)] // 128 - tick
        return delta if delta <= MAX_DELTA else NOTHING

    def _pitch(self, tick: int, lowest: int) -> int:
        index = bisect_right(self._keys, tick * 128 + lowest)
        key = self._keys[index] if index < len(self._keys) else NOTHING
        return key % 128 if key // 128 == tick else NOTHING

    def _note(self, key: int) -> Token | None:
        index = bisect_left(self._keys, key)
        is_there = index < len(self._keys) and self._keys[index] == key
        return self.tokens[index] if is_there else None


def compose(weights: Weights, prompts: Sequence[Prompt], decoding: Decoding) -> list[IntArray]:
    """Return each prompt's tokens followed by what the network composed, shape (notes, 4) each.

    Every prompt draws from its own seed, so its music does not depend on its neighbors.
    """
    draws = [
        np.random.default_rng(prompt.seed).random((prompt.max_notes + 1, 4), dtype=np.float32)
        for prompt in prompts
    ]
    pasts = [Past(prompt.setting, _token(prompt.tokens[0])) for prompt in prompts]
    network = Network(weights, len(prompts))
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
    state = network.read(last, place, np.array([setting.classes for setting in settings]), lookback)
    return _Moment(pasts, last, onset, bar_ticks, lookback, state)


def _draw_notes(network: Network, now: _Moment, uniform: NDArray[np.float32], decoding: Decoding) -> IntArray:
    """Return each clip's next note, its parts drawn in turn."""
    how, pasts = decoding.per_head, now.pasts
    delta = draw(network.score("delta", [now.state], now.delta_lookback), uniform[:, 0], *how[0])
    place = np.column_stack(find_place(now.onset + delta, now.bar_ticks))
    context = [now.state, network.embed("delta", delta), *network.embed_place(place)]

    lookback = np.array([past.pitches(int(d)) for past, d in zip(pasts, delta, strict=True)])
    logits = network.score("pitch", context, lookback)
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
