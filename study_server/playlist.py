"""Who hears what, in which order: a pure function of a design, the places taken so far and a seed.

Each participant hears the configured number of clips per system. Clips with the fewest places taken come
first, ties are broken at random, and no clip and no song cluster is heard twice; how the chosen clips are
ordered or paired is the arrangement's matter. The same arguments give the same order, so a stored seed and
the stored counts rebuild every session's draw.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from study_core.errors import StimulusError
from study_core.participation import TrialsConfig
from study_core.seeds import random_generator
from study_core.types import Stimulus
from study_server.arrangement import Arrangement, Pairs, PlannedTrial, Singles


class Design:
    """What is the same for every draw of a study, worked out once."""

    def __init__(
        self,
        stimuli: Sequence[Stimulus],
        per_participant: Mapping[str, int],
        longest_run: int,
        n_repeats: int = 0,
        catch: Collection[str] = (),
        *,
        in_pairs: bool = False,
    ) -> None:
        """Prepare to draw sessions.

        Parameters
        ----------
        stimuli
            Those that trials are drawn from, in any order.
        per_participant
            Number of trials by system.
        longest_run
            At most so many human, or so many generated, clips in a row; of pairs, on one side.
        n_repeats
            So many clips are heard a second time, human and generated ones in proportion; or so many pairs.
        catch
            Systems whose clips only check attention; they are never repeated.
        in_pairs
            Whether a human and a generated clip are heard together, of which there are as many.

        Raises
        ------
        StimulusError
            If no order keeps the runs short enough, or more is repeated than the first half holds.
        """
        self._stimuli = sorted(stimuli, key=lambda s: s.stimulus_id)
        self._per_participant = per_participant
        arrange = Pairs if in_pairs else Singles
        self._arrangement: Arrangement = arrange(per_participant, longest_run, n_repeats, frozenset(catch))
        systems, clusters = sorted(per_participant), sorted({find_cluster(s) for s in stimuli})
        self._rows = [row for row, name in enumerate(systems) for _ in range(per_participant[name])]
        self._shape = len(systems), len(clusters)
        column = {cluster: index for index, cluster in enumerate(clusters)}
        self._heard = [i for i, s in enumerate(self._stimuli) if s.system in per_participant]
        heard = [self._stimuli[i] for i in self._heard]
        self._cells = np.array(
            [systems.index(s.system) * len(clusters) + column[find_cluster(s)] for s in heard]
        )

    def draw(self, counts: Mapping[str, int], seed: int) -> list[PlannedTrial]:
        """Return one session's trials in their order.

        Parameters
        ----------
        counts
            Places taken so far by stimulus id; ids that are missing have none.
        seed
            Of this session's draw.

        Raises
        ------
        StimulusError
            If there are too few clips or song clusters.
        """
        random = random_generator(seed, "playlist")
        chosen = self._choose(counts, random)
        human = [s for s in chosen if s.is_human]
        generated = [s for s in chosen if not s.is_human]
        random.shuffle(human)
        random.shuffle(generated)
        return self._arrangement.arrange(human[::-1], generated[::-1], random)

    def _choose(self, counts: Mapping[str, int], random: np.random.Generator) -> list[Stimulus]:
        """Return the least-taken clips that fill every system's places with no song cluster twice.

        Choosing is an assignment of song clusters to places. Its cost is the clips' counts, so the optimum
        takes the fewest in all; random parts that sum to less than one place break the ties.
        """
        taken = np.array([counts.get(s.stimulus_id, 0) for s in self._stimuli])
        costs = (taken + random.random(len(taken)) / (len(self._rows) + 1))[self._heard]
        best, where = np.full(self._shape, np.inf), np.zeros(self._shape, dtype=np.intp)
        order = np.lexsort((-costs, self._cells))  # of a cell's clips the cheapest is written last
        last = np.append(np.diff(self._cells[order]) != 0, True)
        cheapest = order[last]
        best.flat[self._cells[cheapest]] = costs[cheapest]
        where.flat[self._cells[cheapest]] = cheapest
        rows, columns = self._assign(best[self._rows])
        return [
            self._stimuli[self._heard[where[self._rows[row], column]]]
            for row, column in zip(rows, columns, strict=True)
        ]

    def _assign(self, costs: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns of the cheapest assignment that fills every place."""
        try:
            rows, columns = linear_sum_assignment(costs)
        except ValueError:  # no assignment avoids an infinite cost
            rows, columns = np.array([], dtype=np.intp), np.array([], dtype=np.intp)
        if len(rows) == len(costs):
            return rows, columns
        clusters = {
            name: {find_cluster(s) for s in self._stimuli if s.system == name}
            for name in self._per_participant
        }
        needs = ", ".join(
            f"{name} {n} of {len(clusters[name])}" for name, n in sorted(self._per_participant.items())
        )
        raise StimulusError(
            "A session cannot be drawn: nobody hears two clips of one song cluster, and the clusters do not "
            f"suffice (wanted of there: {needs}). Lower trials.per_participant, or raise clips.per_system "
            "and run `study prepare`."
        )


def find_cluster(stimulus: Stimulus) -> str:
    """Return what must not be heard twice: the song, or the clip itself where it has none."""
    return stimulus.song_cluster or stimulus.piece_id or stimulus.clip_id


def make_design(stimuli: Sequence[Stimulus], trials: TrialsConfig) -> Design:
    """Return the design of a study; see `Design`."""
    return Design(
        stimuli,
        trials.per_participant,
        trials.longest_run,
        trials.repeats,
        trials.catch,
        in_pairs=trials.paradigm == "two_afc",
    )
