"""Simulated listeners: signal detection with listeners and clips that differ.

A clip gives the evidence x = +d/2 if generated, -d/2 if human, plus the clip's own effect, the listener's
sensitivity and noise N(0, 1); who finds x above their criterion answers "computer". Generated clips are
the signal, so a positive d' means that listeners tell them apart.

Of two clips, the one with less evidence is taken for the human one; there the criterion is a lean to the
second, in units of the difference's noise, sqrt(2). A rating is the level into which -x falls, the levels
being cut at equal shares where nothing is told apart.

d' as the study measures it is marginal: noise, listeners and clips together blur the evidence, with the
variance 1 + v. Of one clip v = bias_sd^2 + (sensitivity_sd/2)^2 + clip_sd^2; in the difference of a pair the
listener's sensitivity counts twice, in a rating the lean of a listener is one to high or low ratings. A
listener's own d' and criterion are therefore drawn around sqrt(1 + v) times the ones asked for, and the
population's are what was asked (the probit's marginal-conditional relation, e.g. Zeger, Liang & Albert 1988,
eq. 3.2). In pairs d' is then sqrt(2) z(share right) where nobody leans (Macmillan & Creelman 2005, eq. 7.1).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from study_core.participation import TrialsConfig
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

    def conditional_scale(self, *, in_pairs: bool = False) -> float:
        """Return how much larger one listener's d' on one clip is than the population's."""
        share = 1 / 2 if in_pairs else 1 / 4
        return math.sqrt(1 + self.bias_sd**2 + share * self.sensitivity_sd**2 + self.clip_sd**2)


@dataclass(frozen=True, slots=True)
class Response:
    """What a listener answers."""

    judged_human: bool
    confidence: int


class Listener:
    """One simulated listener; the same seed and index hear the same clips alike."""

    def __init__(self, skill: Skill, seed: int, index: int, trials: TrialsConfig) -> None:
        """Draw the listener's bias and sensitivity."""
        self._skill, self._seed, self._trials = skill, seed, trials
        self._random = random_generator(seed, "listener", index)
        self._scale = skill.conditional_scale(in_pairs=trials.paradigm == "two_afc")
        self._criterion = skill.criterion * self._scale + skill.bias_sd * self._random.standard_normal()
        self._dprime = skill.dprime * self._scale + skill.sensitivity_sd * self._random.standard_normal()

    def respond(self, clip_id: str, *, is_generated: bool) -> Response:
        """Return who composed a clip."""
        distance = self._hear(clip_id, is_generated=is_generated) - self._criterion
        return Response(judged_human=bool(distance <= 0), confidence=self._rate_certainty(distance))

    def choose(self, first_id: str, second_id: str, *, is_first_generated: bool) -> Response:
        """Return whether the first of two clips is taken for the human one."""
        first = self._hear(first_id, is_generated=is_first_generated)
        second = self._hear(second_id, is_generated=not is_first_generated)
        distance = (first - second) / math.sqrt(2) + self._criterion
        return Response(judged_human=bool(distance <= 0), confidence=self._rate_certainty(distance))

    def rate(self, clip_id: str, *, is_generated: bool) -> int:
        """Return the rating of a clip; 1 is the lowest."""
        evidence = self._hear(clip_id, is_generated=is_generated) - self._criterion
        levels = self._trials.rating_levels
        cuts = (self._scale * NORMAL.inv_cdf(level / levels) for level in range(1, levels))
        return 1 + sum(-evidence > cut for cut in cuts)

    def _hear(self, clip_id: str, *, is_generated: bool) -> float:
        """Return the evidence that a clip is generated."""
        clip = self._skill.clip_sd * random_generator(self._seed, "clip effect", clip_id).standard_normal()
        signal = self._dprime / 2 if is_generated else -self._dprime / 2
        return float(signal + clip + self._random.standard_normal())

    def _rate_certainty(self, distance: float) -> int:
        levels = self._trials.confidence_levels
        certainty = 2 * NORMAL.cdf(abs(distance)) - 1  # 0 at the criterion, towards 1 far from it
        return min(1 + int(certainty * levels), levels)
