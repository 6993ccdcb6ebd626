"""In which order the chosen clips of a session are heard: one by one, or in pairs.

One by one, runs of human or of generated clips are limited. In pairs, each human clip meets a generated one;
which of the two comes first is balanced over the session, and runs on one side are limited. Repeats are clips
or pairs of the session's first half, and come at its end; a repeated pair may come with its sides exchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from study_core.errors import StimulusError
from study_core.types import HUMAN_SYSTEMS, Stimulus
from study_server.runs import Orders

TrialKind = Literal["main", "repeat", "catch"]


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One presentation of a stimulus."""

    stimulus_id: str
    kind: TrialKind


class Arrangement(Protocol):
    """A way to order clips."""

    def arrange(
        self, human: Sequence[Stimulus], generated: Sequence[Stimulus], random: np.random.Generator
    ) -> list[PlannedTrial]:
        """Return the trials of clips that stand in a random order."""


class Singles:
    """Clips one by one."""

    def __init__(
        self, per_participant: Mapping[str, int], longest_run: int, n_repeats: int, catch: frozenset[str]
    ) -> None:
        """Count the orders; raise StimulusError where there is none, or too few clips to repeat."""
        self._catch = catch
        self._n_repeats = _share_repeats(per_participant, catch, n_repeats)
        n_human = count_human(per_participant)
        n_generated = sum(per_participant.values()) - n_human
        self._orders = Orders(
            n_human + self._n_repeats[True], n_generated + self._n_repeats[False], longest_run
        )

    def arrange(
        self, human: Sequence[Stimulus], generated: Sequence[Stimulus], random: np.random.Generator
    ) -> list[PlannedTrial]:
        """Return the trials."""
        classes = self._orders.draw(random)
        waiting = {
            is_human: iter(self._plan(clips, self._n_repeats[is_human], random))
            for is_human, clips in ((True, human), (False, generated))
        }
        return [next(waiting[is_human]) for is_human in classes]

    def _plan(
        self, clips: Sequence[Stimulus], n_repeats: int, random: np.random.Generator
    ) -> list[PlannedTrial]:
        """Return the trials of the human, or of the generated, clips; repeats come after all others."""
        trials = [PlannedTrial(s.stimulus_id, "catch" if s.system in self._catch else "main") for s in clips]
        if not n_repeats:
            return trials
        main = [trial.stimulus_id for trial in trials if trial.kind == "main"]
        again = random.choice(main[: _half(len(main))], n_repeats, replace=False)
        return [*trials, *(PlannedTrial(str(stimulus_id), "repeat") for stimulus_id in again)]


class Pairs:
    """Clips in pairs of a human and a generated one; the two of a pair stand beside each other."""

    def __init__(
        self, per_participant: Mapping[str, int], longest_run: int, n_repeats: int, catch: frozenset[str]
    ) -> None:
        """Count the orders of sides; raise StimulusError where there are too few pairs to repeat."""
        self._catch, self._n_repeats = catch, n_repeats
        n_pairs = count_human(per_participant)
        n_main = n_pairs - sum(n for system, n in per_participant.items() if system in catch)
        if n_repeats > _half(n_main):
            raise StimulusError(
                f"trials.repeats is {n_repeats}, but a session's first half has {_half(n_main)} pairs to "
                "repeat. Lower it, or raise trials.per_participant."
            )
        n = n_pairs + n_repeats
        # Of an odd number of pairs, either side may have one more.
        self._sides = [Orders(n // 2, n - n // 2, longest_run), Orders(n - n // 2, n // 2, longest_run)]

    def arrange(
        self, human: Sequence[Stimulus], generated: Sequence[Stimulus], random: np.random.Generator
    ) -> list[PlannedTrial]:
        """Return the trials: each pair's two, that on the left first."""
        pairs = self._plan(human, generated, random)
        human_is_first = self._sides[random.integers(2)].draw(random)
        return [
            trial
            for pair, is_first in zip(pairs, human_is_first, strict=True)
            for trial in (pair if is_first else pair[::-1])
        ]

    def _plan(
        self, human: Sequence[Stimulus], generated: Sequence[Stimulus], random: np.random.Generator
    ) -> list[tuple[PlannedTrial, PlannedTrial]]:
        """Return the pairs, the human clip first; repeats come after all others."""
        pairs = [
            (
                PlannedTrial(one.stimulus_id, "main"),
                PlannedTrial(other.stimulus_id, "catch" if other.system in self._catch else "main"),
            )
            for one, other in zip(human, generated, strict=True)
        ]
        main = [pair for pair in pairs if pair[1].kind == "main"]
        again = random.permutation(_half(len(main)))[: self._n_repeats]
        return pairs + [(_repeat(main[i][0]), _repeat(main[i][1])) for i in again]


def count_human(per_participant: Mapping[str, int]) -> int:
    """Return how many of a session's clips are by people."""
    return sum(n for system, n in per_participant.items() if system in HUMAN_SYSTEMS)


def _repeat(trial: PlannedTrial) -> PlannedTrial:
    return PlannedTrial(trial.stimulus_id, "repeat")


def _share_repeats(per_participant: Mapping[str, int], catch: frozenset[str], n: int) -> dict[bool, int]:
    """Return how many human, and how many generated, clips are repeated."""
    judged = {system: n_trials for system, n_trials in per_participant.items() if system not in catch}
    n_human, n_all = count_human(judged), sum(judged.values())
    shares = {True: round(n * n_human / n_all) if n else 0}
    shares[False] = n - shares[True]
    if shares[True] > _half(n_human) or shares[False] > _half(n_all - n_human):
        raise StimulusError(
            f"trials.repeats is {n}, but a session's first half has {_half(n_human)} human and "
            f"{_half(n_all - n_human)} generated clips to repeat. Lower it, or raise trials.per_participant."
        )
    return shares


def _half(n: int) -> int:
    return (n + 1) // 2
