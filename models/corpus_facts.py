"""What there is to know about a corpus: every file read again, as it came and as the generators eat it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.arrangement import Arrangement, arrange
from models.clusters import Link
from models.corpus import CorpusStage
from models.exact_tokens import decode_exact, encode_exact
from models.performance import Performance
from models.tokens import TICKS_PER_BEAT, Score, find_lateness, fit_vocabulary, place_on_grid, quantize
from study_core.errors import CorpusError, list_problems
from study_core.types import Piece

_NUMBERS = re.compile(r"[0-9]+( of [0-9]+)?")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """How far the grid moved the notes of a file; lateness of the whole file taken away first."""

    lateness_beats: float
    onset_beats: Floats
    onset_ms: Floats
    duration_beats: Floats
    duration_ms: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file that could be read; `piece` is None where it is not used."""

    name: str
    piece: Piece | None
    changes: tuple[str, ...]
    """What was mended to read it, and what was changed for one piano."""
    score: Score
    """On the grid, exactly."""
    n_exact_tokens: int
    is_exact: bool
    """Whether its exact tokens give the same notes again."""
    n_rounded_durations: int
    """Notes whose duration the generators' tokens say by the nearest class only."""
    rounding: Rounding

    @property
    def notes_per_s(self) -> float:
        """Notes in a second of its music."""
        return len(self.score.notes) / self.score.duration_s

    @property
    def meter(self) -> str:
        """Quarter notes in a bar."""
        return f"{self.score.bar_ticks / TICKS_PER_BEAT:g}/4"


@dataclass(frozen=True, kw_only=True)
class CorpusFacts:
    """A corpus, file by file."""

    name: str
    files: Sequence[FileFacts]
    problems: Sequence[str]
    """A line for each file that is not used."""
    links: Sequence[Link]
    n_files: int

    @cached_property
    def pieces(self) -> list[FileFacts]:
        """The files that are used."""
        return [file for file in self.files if file.piece]

    @cached_property
    def changed(self) -> list[FileFacts]:
        """The used files of which something was changed."""
        return [file for file in self.pieces if file.changes]

    @cached_property
    def songs(self) -> list[list[Piece]]:
        """The songs of several pieces, largest first."""
        songs: dict[str, list[Piece]] = {}
        for file in self.pieces:
            if file.piece:
                songs.setdefault(file.piece.song_cluster, []).append(file.piece)
        several = [sorted(song, key=lambda piece: piece.piece_id) for song in songs.values() if len(song) > 1]
        return sorted(several, key=lambda song: (-len(song), song[0].piece_id))

    @property
    def n_songs(self) -> int:
        """How many songs there are, those of a single piece included."""
        return len({file.piece.song_cluster for file in self.pieces if file.piece})

    def collect(self, name: str) -> Floats:
        """Return one column of `Rounding` over the notes of all files that could be read."""
        return np.concatenate([[0.0], *(getattr(file.rounding, name) for file in self.files)])[1:]


def read_facts(stage: CorpusStage) -> CorpusFacts:
    """Return the facts of a corpus whose files were read.

    Raises
    ------
    CorpusError
        If none of them can be used.
    """
    pieces = {stage.files[piece.piece_id]: piece for piece in stage.describe()}
    if not pieces:
        raise CorpusError(list_problems(f"corpus {stage.source.name} has no usable file:", stage.problems))
    files = []
    for file, performance in stage.notes.performances.items():
        try:
            files.append(_read_file(file.name, performance, pieces.get(file)))
        except CorpusError:  # it is among the stage's problems
            continue
    return CorpusFacts(
        name=stage.source.name,
        files=files,
        problems=stage.problems,
        links=stage.links,
        n_files=len(stage.source.files) + len(stage.source.problems),
    )


def _read_file(name: str, performance: Performance, piece: Piece | None) -> FileFacts:
    arrangement = arrange(performance)
    score = quantize(arrangement)
    tokens = encode_exact(score)
    rounded = fit_vocabulary(score)
    return FileFacts(
        name=name,
        piece=piece,
        changes=performance.repairs + arrangement.changes,
        score=score,
        n_exact_tokens=len(tokens),
        is_exact=bool(np.array_equal(decode_exact(tokens, score.bar_ticks), score.notes)),
        n_rounded_durations=int((rounded.notes[:, 2] != score.notes[:, 2]).sum()),
        rounding=measure_rounding(arrangement),
    )


def measure_rounding(arrangement: Arrangement) -> Rounding:
    """Return how far the grid moves the notes of an arrangement."""
    notes = arrangement.notes
    lateness = find_lateness(notes[:, 0])
    onset, duration = (ticks / TICKS_PER_BEAT for ticks in place_on_grid(notes))
    onset_beats = np.abs(notes[:, 0] - lateness - onset)
    duration_beats = np.abs(notes[:, 1] - duration)
    tempo = arrangement.tempi[np.searchsorted(arrangement.tempi[:, 0], notes[:, 0], side="right") - 1, 1]
    return Rounding(
        lateness_beats=lateness,
        onset_beats=onset_beats,
        onset_ms=onset_beats * 60_000 / tempo,
        duration_beats=duration_beats,
        duration_ms=duration_beats * 60_000 / tempo,
    )


def count_changes(facts: CorpusFacts) -> list[tuple[str, int]]:
    """Return each kind of change and in how many used files it was made, the most frequent first."""
    kinds: Counter[str] = Counter()
    for file in facts.changed:
        sentences = {part.partition(":")[0] for change in file.changes for part in change.split("; ")}
        kinds.update({_NUMBERS.sub("…", sentence) for sentence in sentences})
    return kinds.most_common()
