"""Song clusters: pieces that share a melody, transposed, re-arranged or at another speed, belong together.

Runs of six notes of a piece's top line, told by intervals and by rhythm up to a factor, are looked up in all
other pieces. A few runs in common are chance. But where two pieces share a melody, many of their runs fall
into step: they tell the same transposition, the same speed and the same shift in time. Pieces are linked by
the number of runs that do, the voting of audio fingerprints (Wang 2003, ISMIR, section 2.3).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from models.tokens import IntArray, Score

RUN_NOTES = 6
ENOUGH_RUNS = 10  # in step, whatever share of the pieces they are: 15 notes of one melody
FEWEST_RUNS, MIN_SHARE = 6, 0.03  # of the runs of the piece that has fewer; strangers have up to 5 in step
SPEEDS = (0.5, 1.0, 2.0)  # of note lengths in one piece to those in the other
COMMON_RUN_PIECES = 60  # a run in more pieces than this is a figure of accompaniment, not a melody


@dataclass(frozen=True, slots=True)
class Link:
    """Two pieces that share a melody, and how it is known."""

    one: str
    other: str
    n_runs: int
    """Runs of six notes of both that fall into step."""
    share: float
    """The same as a share of all runs of the piece that has fewer."""
    semitones: int
    """How far the other is transposed up."""
    speed: float
    """Ratio of the other's note lengths to the first's."""


class _Run(NamedTuple):
    """Six notes of a line: what they are in every key and at every speed, and where they stand."""

    told: bytes
    onset: int
    pitch: int
    unit: int
    """The ticks that its rhythm counts in."""


_Step = tuple[int, float, float]
"""How one place of a run lies to another: semitones, ratio of note lengths, shift in ticks."""


def find_neighbors(names: Iterable[str], links: Iterable[Link]) -> dict[str, set[str]]:
    """Return for each name those that it is linked to."""
    neighbors: dict[str, set[str]] = {name: set() for name in names}
    for link in links:
        neighbors[link.one].add(link.other)
        neighbors[link.other].add(link.one)
    return neighbors


def join_links(names: Iterable[str], links: Iterable[Link]) -> dict[str, str]:
    """Return each name's cluster, the alphabetically first of the names that links lead to."""
    leader = {name: name for name in names}
    for link in links:
        if link.one in leader and link.other in leader:
            first, second = sorted((_follow(leader, link.one), _follow(leader, link.other)))
            leader[second] = first
    return {name: _follow(leader, name) for name in leader}


def find_links(scores: Mapping[str, Score]) -> list[Link]:
    """Return the pairs of pieces that share a melody, by name."""
    names = sorted(scores)
    runs = [set().union(*map(_find_runs, find_lines(scores[name]))) for name in names]
    links = []
    for (one, other), (n_runs, (semitones, speed, _)) in sorted(_count_in_step(runs).items()):
        share = n_runs / min(len(runs[one]), len(runs[other]))
        if n_runs >= ENOUGH_RUNS or (n_runs >= FEWEST_RUNS and share >= MIN_SHARE):
            links.append(Link(names[one], names[other], n_runs, share, semitones, speed))
    return links


def find_lines(score: Score) -> tuple[IntArray, IntArray]:
    """Return (onset, pitch) of a score's melody and of its top line; the melody is part of the top line.

    The top line has the highest note of every onset; the melody leaves out those that begin while a higher
    one of the line still sounds. Which of them two arrangements share depends on how they are accompanied.
    """
    top = score.notes[np.append(np.diff(score.notes[:, 0]) > 0, True)]
    is_melody, highest, end = [], 0, 0
    for onset, pitch, duration, _ in top.tolist():
        is_melody.append(onset >= end or pitch >= highest)
        if is_melody[-1]:
            highest, end = pitch, onset + duration
    return top[is_melody, :2], top[:, :2]


def _count_in_step(pieces: Sequence[set[_Run]]) -> dict[tuple[int, int], tuple[int, _Step]]:
    """Return for each pair of pieces how many of their runs are in step at most, and in which step."""
    places: dict[bytes, list[tuple[int, _Run]]] = defaultdict(list)
    for piece, runs in enumerate(pieces):
        for run in runs:
            places[run.told].append((piece, run))
    votes: dict[tuple[int, int], Counter[_Step]] = defaultdict(Counter)
    for found in places.values():
        if 1 < len({piece for piece, _ in found}) <= COMMON_RUN_PIECES:
            for (one, one_run), (other, other_run) in combinations(found, 2):
                step = _find_step(one_run, other_run) if one != other else None
                if step:
                    votes[one, other][step] += 1
    return {pair: max((n, step) for step, n in steps.items()) for pair, steps in votes.items()}


def _find_runs(line: IntArray) -> Iterator[_Run]:
    """Yield every run of a line that is no trill."""
    ticks, intervals = np.diff(line, axis=0).T
    for start, (onset, pitch) in enumerate(line[: max(len(line) - RUN_NOTES + 1, 0)].tolist()):
        steps = slice(start, start + RUN_NOTES - 1)
        if len(set(intervals[steps].tolist())) > 2:  # noqa: PLR2004 (a trill has two intervals)
            unit = int(np.gcd.reduce(ticks[steps]))
            told = np.append(ticks[steps] // unit, intervals[steps]).astype(np.int32)
            yield _Run(told.tobytes(), onset, pitch, unit)


def _find_step(one: _Run, other: _Run) -> _Step | None:
    speed = other.unit / one.unit
    if speed not in SPEEDS:
        return None
    return other.pitch - one.pitch, speed, other.onset - one.onset * speed


def _follow(leader: Mapping[str, str], name: str) -> str:
    while leader[name] != name:
        name = leader[name]
    return name
