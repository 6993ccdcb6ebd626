"""Who hears what, in which order: a pure function of stimuli, counts so far and a seed.

Each participant hears the configured number of clips per system. Clips with the fewest judgments come
first, ties are broken at random, no clip and no song cluster is heard twice, and runs of human or of
generated clips are limited. The same arguments give the same order, so a stored seed and the stored
counts rebuild every session's draw.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from study_core.errors import StimulusError
from study_core.seeds import random_generator
from study_core.types import HUMAN, Stimulus


def draw(
    stimuli: Sequence[Stimulus],
    counts: Mapping[str, int],
    per_participant: Mapping[str, int],
    longest_run: int,
    seed: int,
) -> list[str]:
    """Return the stimulus ids of one session in the order of its trials.

    Parameters
    ----------
    stimuli
        Every stimulus of the study.
    counts
        Judgments so far by stimulus id; ids that are missing have none.
    per_participant
        Number of trials by system.
    longest_run
        At most so many human, or so many generated, clips in a row.
    seed
        Of this session's draw.

    Raises
    ------
    StimulusError
        If there are too few clips or song clusters, or no order keeps the runs short enough.
    """
    random = random_generator(seed, "playlist")
    chosen = _choose(stimuli, counts, per_participant, random)
    human = [s.stimulus_id for s in chosen if s.system == HUMAN]
    generated = [s.stimulus_id for s in chosen if s.system != HUMAN]
    random.shuffle(human)
    random.shuffle(generated)
    classes = _order_classes(len(human), len(generated), longest_run, random)
    return [human.pop() if is_human else generated.pop() for is_human in classes]


def _choose(
    stimuli: Sequence[Stimulus],
    counts: Mapping[str, int],
    per_participant: Mapping[str, int],
    random: np.random.Generator,
) -> list[Stimulus]:
    """Return the least-judged clips that fill every system's places with no song cluster twice.

    Choosing is an assignment of song clusters to places. Its cost is the clips' counts, so the optimum
    has the fewest judgments in all; random parts that sum to less than one judgment break the ties.
    """
    places = [system for system in sorted(per_participant) for _ in range(per_participant[system])]
    clusters = sorted({find_cluster(stimulus) for stimulus in stimuli})
    column = {cluster: index for index, cluster in enumerate(clusters)}
    best: dict[tuple[str, int], tuple[float, Stimulus]] = {}
    for stimulus in sorted(stimuli, key=lambda s: s.stimulus_id):
        cost = counts.get(stimulus.stimulus_id, 0) + random.random() / (len(places) + 1)
        key = (stimulus.system, column[find_cluster(stimulus)])
        if key not in best or cost < best[key][0]:
            best[key] = (cost, stimulus)
    costs = np.full((len(places), len(clusters)), np.inf)
    for (system, index), (cost, _) in best.items():
        costs[[row for row, place in enumerate(places) if place == system], index] = cost
    rows, columns = _assign(costs, stimuli, per_participant)
    return [best[places[row], int(index)][1] for row, index in zip(rows, columns, strict=True)]


def _assign(
    costs: NDArray[np.float64], stimuli: Sequence[Stimulus], per_participant: Mapping[str, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the cheapest assignment that fills every place."""
    try:
        rows, columns = linear_sum_assignment(costs)
    except ValueError:  # no assignment avoids an infinite cost
        rows, columns = np.array([], dtype=np.intp), np.array([], dtype=np.intp)
    if len(rows) == len(costs):
        return rows, columns
    needs = ", ".join(
        f"{system} {n} of {len({find_cluster(s) for s in stimuli if s.system == system})}"
        for system, n in sorted(per_participant.items())
    )
    raise StimulusError(
        f"A session cannot be drawn: nobody hears two clips of one song cluster, and the clusters do not "
        f"suffice (wanted of there: {needs}). Lower trials.per_participant, or raise clips.per_system and "
        "run `study prepare`."
    )


def _order_classes(
    n_human: int, n_generated: int, longest_run: int, random: np.random.Generator
) -> list[bool]:
    """Return which trials are human, each order with no longer run being equally likely."""

    @cache
    def count(human: int, generated: int, last: bool | None, run: int) -> int:  # noqa: FBT001 (a state, not an option)
        if run > longest_run or human < 0 or generated < 0:
            return 0
        if not human and not generated:
            return 1
        return count(human - 1, generated, True, run + 1 if last is True else 1) + count(
            human, generated - 1, False, run + 1 if last is False else 1
        )

    if not count(n_human, n_generated, None, 0):
        raise StimulusError(
            f"No order of {n_human} human and {n_generated} generated clips has runs of at most "
            f"{longest_run}. Raise trials.longest_run or even out trials.per_participant."
        )
    order: list[bool] = []
    last, run = None, 0
    while len(order) < n_human + n_generated:
        human, generated = n_human - sum(order), n_generated - (len(order) - sum(order))
        ways = count(human - 1, generated, True, run + 1 if last is True else 1)
        is_human = random.random() * count(human, generated, last, run) < ways
        last, run = is_human, run + 1 if is_human is last else 1
        order.append(is_human)
    return order


def find_cluster(stimulus: Stimulus) -> str:
    """Return what must not be heard twice: the song, or the clip itself where it has none."""
    return stimulus.song_cluster or stimulus.piece_id or stimulus.clip_id
