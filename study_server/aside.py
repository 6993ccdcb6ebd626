"""Which clips are set aside for practice: the same for everybody, never among the trials."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, cycle, islice, repeat

from study_core.errors import StimulusError
from study_core.seeds import random_generator
from study_core.types import HUMAN, Stimulus
from study_server.playlist import find_cluster


def set_aside(stimuli: Sequence[Stimulus], n: int, seed: int) -> list[Stimulus]:
    """Return clips for practice, human and generated ones in turn, the generators in turn too.

    Clips whose song has no other clip come first, since a song that was practised is left out of the trials.

    Raises
    ------
    StimulusError
        If a system has too few clips.
    """
    generators = sorted({s.system for s in stimuli} - {HUMAN})
    turns = chain.from_iterable(zip(repeat(HUMAN), cycle(generators), strict=False))
    random = random_generator(seed, "practice clips")
    sizes = Counter(map(find_cluster, stimuli))
    ranked = {s.stimulus_id: (sizes[find_cluster(s)], random.random()) for s in sorted(stimuli, key=_id)}
    waiting = sorted(stimuli, key=lambda s: ranked[s.stimulus_id])
    aside: list[Stimulus] = []
    for system in islice(turns, n):
        taken = set(map(find_cluster, aside))
        found = [s for s in waiting if s.system == system and find_cluster(s) not in taken]
        if not found:
            raise StimulusError(
                f"practice.trials is {n}, but no clip of {system} is left for it. Lower it, or raise "
                "clips.per_system and run `study prepare`."
            )
        aside.append(found[0])
    return aside


def leave_out(stimuli: Sequence[Stimulus], aside: Sequence[Stimulus]) -> list[Stimulus]:
    """Return the clips whose song is not among those set aside."""
    songs = set(map(find_cluster, aside))
    return [stimulus for stimulus in stimuli if find_cluster(stimulus) not in songs]


def _id(stimulus: Stimulus) -> str:
    return stimulus.stimulus_id
