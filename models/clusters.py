"""Song clusters: pieces that share a melody, transposed or re-arranged, belong together.

A piece's melody is its top line. Two pieces share it when enough of the shorter one's runs of ten notes,
told by time and interval and so alike in every key, stand in the other too.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from models.tokens import Score

RUN_NOTES = 10
MIN_SHARED_SHARE = 0.06  # of the shorter piece; unrelated pieces of one composer stay below
MIN_SHARED_RUNS = 4
COMMON_RUN_PIECES = 8  # a run in more pieces than this is a figure of accompaniment, not a melody

Run = bytes


def find_clusters(scores: Mapping[str, Score]) -> dict[str, str]:
    """Return each piece's cluster: the name of its alphabetically first piece."""
    runs = {name: melody_runs(score) for name, score in scores.items()}
    leader = {name: name for name in scores}
    for (one, other), n_shared in sorted(_count_shared(runs).items()):
        n_shorter = min(len(runs[one]), len(runs[other]))
        if n_shared >= max(MIN_SHARED_RUNS, MIN_SHARED_SHARE * n_shorter):
            first, second = sorted((_follow(leader, one), _follow(leader, other)))
            leader[second] = first
    return {name: _follow(leader, name) for name in scores}


def melody_runs(score: Score) -> set[Run]:
    """Return the distinct runs of ten notes of a score's top line."""
    onset, pitch = score.notes[:, 0], score.notes[:, 1]
    is_top = np.append(onset[1:] != onset[:-1], True)  # notes are sorted by onset, then pitch
    steps = np.column_stack([np.diff(onset[is_top]), np.diff(pitch[is_top])]).astype(np.int16)
    starts = range(len(steps) - RUN_NOTES + 2)
    return {
        run.tobytes() for run in (steps[start : start + RUN_NOTES - 1] for start in starts) if _moves(run)
    }


def _moves(run: np.ndarray) -> bool:
    """Tell a melody from a repeated note or a trill."""
    return len(np.unique(run[:, 1])) > 2  # noqa: PLR2004 (a trill has two intervals)


def _count_shared(runs: Mapping[str, set[Run]]) -> Counter[tuple[str, str]]:
    holders: dict[Run, list[str]] = defaultdict(list)
    for name, own in runs.items():
        for run in own:
            holders[run].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        if len(names) <= COMMON_RUN_PIECES:
            shared.update(combinations(sorted(names), 2))
    return shared


def _follow(leader: Mapping[str, str], name: str) -> str:
    while leader[name] != name:
        name = leader[name]
    return name
