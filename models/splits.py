"""Who is trained on and who is heard: pieces that share a melody in one split, and nobody ever moves.

A song that is new is drawn by its name; a piece that is new joins the song that it shares a melody with; a
piece that was there stays where it was. One that would join songs of different splits is left out, for it
would carry what is heard into what is trained on. See docs/decisions/0006-splits-are-kept.md.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from study_core.errors import CorpusError
from study_core.manifest import fingerprint, write_json
from study_core.production import CorpusConfig
from study_core.seeds import child_seed
from study_core.types import Split

SPLITS_FILE = "splits.json"
_VERSION = 1  # raise it when other pieces share a melody: then all splits are drawn again

Neighbors = Mapping[str, set[str]]
"""For each piece those that it shares a melody with."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of each piece, and the pieces that none could take."""

    splits: Mapping[str, Split]
    left_out: Mapping[str, tuple[str, str]]
    """Two pieces of different splits that share a melody with it."""


def draw_split(song: str, config: CorpusConfig, seed: int) -> Split:
    """Return a new song's split; it depends on no other song."""
    place = child_seed(seed, "split", song) / 2**63
    if place < config.test_share:
        return "test"
    return "validation" if place < config.test_share + config.validation_share else "train"


def assign_splits(
    neighbors: Neighbors, kept: Mapping[str, Split], draw: Callable[[str], Split]
) -> Assignment:
    """Return every piece's split, neighbors always in one.

    Parameters
    ----------
    neighbors
        Of every piece that there is now; symmetric.
    kept
        The splits of those that were there before.
    draw
        Gives the split of a new song, told by the first name in it.
    """
    assigning = _Assigning(neighbors)
    for split in get_args(Split)[::-1]:  # of pieces that never should have met the test piece stays
        for name in sorted(name for name in neighbors if kept.get(name) == split):
            assigning.admit(name, split)
    assigning.spread(sorted(assigning.splits))
    for name in sorted(neighbors):
        if not assigning.is_decided(name):
            assigning.splits[name] = draw(name)
            assigning.spread([name])
    return Assignment(assigning.splits, assigning.left_out)


class _Assigning:
    """Who is in which split so far."""

    def __init__(self, neighbors: Neighbors) -> None:
        self._neighbors = neighbors
        self.splits: dict[str, Split] = {}
        self.left_out: dict[str, tuple[str, str]] = {}

    def is_decided(self, name: str) -> bool:
        """Tell whether a piece has a split or is left out."""
        return name in self.splits or name in self.left_out

    def admit(self, name: str, own: Split | None = None) -> None:
        """Put a piece where its neighbors are, or leave it out where they, or its own split, disagree."""
        holders = {
            self.splits[other]: other for other in sorted(self._neighbors[name]) if other in self.splits
        }
        if own:
            holders.setdefault(own, name)
        if len(holders) == 1:
            self.splits[name] = next(iter(holders))
        else:
            one, other, *_ = holders.values()
            self.left_out[name] = (one, other)

    def spread(self, starts: Iterable[str]) -> None:
        """Admit all that neighbors lead to, the nearest first."""
        queue = deque(starts)
        while queue:
            for name in sorted(self._neighbors[queue.popleft()]):
                if not self.is_decided(name):
                    self.admit(name)
                    queue.extend([name] if name in self.splits else [])


def load_splits(path: Path, drawn_for: str) -> dict[str, Split]:
    """Return the splits of the pieces that were there, by SHA-256; none where they were drawn otherwise.

    Raises
    ------
    CorpusError
        If the file is not what `save_splits` wrote: to draw anew could move a piece.
    """
    if not path.exists():
        return {}
    stored = _parse(path.read_bytes())
    if stored is None:
        raise CorpusError(
            f"{path} is damaged, and without it pieces could move to another split. Put back a copy; or "
            "remove it, have all splits drawn again, and train every generator again."
        )
    splits: dict[str, Split] = stored["pieces"]
    return splits if stored["drawn_for"] == drawn_for else {}


def save_splits(path: Path, drawn_for: str, splits: Mapping[str, Split]) -> None:
    """Keep the splits of the pieces that are there, by SHA-256."""
    write_json(path, {"drawn_for": drawn_for, "pieces": dict(sorted(splits.items()))})


def describe_draw(corpus: str, config: CorpusConfig, seed: int) -> str:
    """Return the fingerprint of what a draw of splits depends on, besides the pieces."""
    return fingerprint("splits", _VERSION, corpus, config.validation_share, config.test_share, seed)


def _parse(data: bytes) -> dict[str, Any] | None:
    """Return what `save_splits` wrote; None where it is something else."""
    try:
        stored = json.loads(data)
        is_good = set(stored) == {"drawn_for", "pieces"} and set(stored["pieces"].values()) <= set(
            get_args(Split)
        )
    except (ValueError, TypeError, AttributeError):
        return None
    return stored if is_good else None
