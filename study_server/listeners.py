"""Simulated listeners: signal detection with listeners and clips that differ.

A clip gives the evidence x = +d/2 if generated, -d/2 if human, plus the clip's own effect, the listener's
sensitivity and noise N(0, 1); who finds x above their criterion answers "computer". Generated clips are
the signal, so a positive d' means that listeners tell them apart.

d' as the study measures it is marginal: noise, listeners and clips together blur the evidence, with the
variance 1 + v, where v = bias_sd^2 + (sensitivity_sd/2)^2 + clip_sd^2. A listener's own d' and criterion
are therefore drawn around sqrt(1 + v) times the ones asked for, and the population's are what was asked
(the probit's marginal-conditional relation, e.g. Zeger, Liang & Albert 1988, eq. 3.2).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from study_core.seeds import random_generator

NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What a population of listeners can do; all in units of the evidence's noise."""

    dprime: float
    criterion: float = 0.0
    bias_sd: float = 0.3
    sensitivity_sd: float = 0.2
    clip_sd: float = 0.3

    @property
    def conditional_scale(self) -> float:
        """How much larger one listener's d' on one clip is than the population's."""
        return math.sqrt(1 + self.bias_sd**2 + (self.sensitivity_sd / 2) ** 2 + self.clip_sd**2)


@dataclass(frozen=True, slots=True)
class Response:
    """What a listener answers."""

    judged_human: bool
    confidence: int


class Listener:
    """One simulated listener; the same seed and index hear the same clips alike."""

    def __init__(self, skill: Skill, seed: int, index: int, confidence_levels: int) -> None:
        """Draw the listener's bias and sensitivity."""
        self._skill, self._seed, self._levels = skill, seed, confidence_levels
        self._random = random_generator(seed, "listener", index)
        scale = skill.conditional_scale
        self._criterion = skill.criterion * scale + skill.bias_sd * self._random.standard_normal()
        self._dprime = skill.dprime * scale + skill.sensitivity_sd * self._random.standard_normal()

    def respond(self, clip_id: str, *, is_generated: bool) -> Response:
        """Return the answer to a clip."""
        clip = self._skill.clip_sd * random_generator(self._seed, "clip effect", clip_id).standard_normal()
        signal = self._dprime / 2 if is_generated else -self._dprime / 2
        distance = signal + clip + self._random.standard_normal() - self._criterion
        certainty = 2 * NORMAL.cdf(abs(distance)) - 1  # 0 at the criterion, towards 1 far from it
        confidence = min(1 + int(certainty * self._levels), self._levels)
        return Response(judged_human=bool(distance <= 0), confidence=confidence)
