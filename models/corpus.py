"""A corpus becomes pieces: every file read onto the grid, near-duplicates found, the whole split once."""

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from models.arrangement import arrange
from models.clusters import find_clusters
from models.midi import parse_midi, read_bytes, read_performance
from models.notes import read_notes
from models.performance import Performance
from models.sources import MIDI_SUFFIXES, Source, is_midi_name, list_midi, search_folder
from models.tokens import Score, fit_vocabulary, quantize
from study_core.config import CorpusConfig
from study_core.errors import CorpusError, list_problems
from study_core.folders import DataFolders
from study_core.manifest import (
    fingerprint,
    is_current,
    read_manifest,
    stamp_stage,
    write_bytes,
    write_manifest,
)
from study_core.seeds import child_seed
from study_core.types import Piece, Split

MIN_NOTES = 30  # of a piece; less is a jingle
MIN_PIECES = 20  # of a corpus; fewer cannot be split into training, validation and clips
PIECES_FILE, SCORES_FILE = "pieces.csv", "scores.npz"
_NOTES_FOLDER = ".notes"  # hidden among the corpora
_VERSION = 2  # raise it when the same files become other pieces or scores
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedPiece:
    """A piece and its music on the grid."""

    piece: Piece
    score: Score


class CorpusStage:
    """Makes `pieces.csv` and `scores.npz` of a source."""

    def __init__(self, source: Source, config: CorpusConfig, seed: int, folders: DataFolders) -> None:
        self._source, self._config, self._seed, self._folders = source, config, seed, folders
        self._notes = read_notes(source.files, folders.corpus / _NOTES_FOLDER / f"{source.name}.npz")
        self._scores: dict[Path, Score] = {}
        self._problems = list(source.problems)

    @property
    def inputs(self) -> str:
        """The fingerprint of all that the pieces depend on."""
        files = sorted((str(file), sha256) for file, sha256 in self._notes.hashes.items())
        shares = (self._config.validation_share, self._config.test_share)
        return fingerprint("corpus", _VERSION, self._source.name, shares, self._seed, files)

    def is_current(self) -> bool:
        """Tell whether the pieces are there and made from these files."""
        return is_current(self._folders.corpus, self.inputs)

    def read(self) -> Iterator[Path]:
        """Put the files on the grid; yield each when it is done. Those that cannot be used are remembered."""
        known: dict[str, Path] = {}
        for file in self._source.files:
            twin = known.setdefault(self._notes.hashes.get(file, str(file)), file)
            problem = self._read(file) if twin == file else f"is the same file as {twin.name}"
            if problem:
                self._problems.append(f"{file.name} {problem}")
            yield file

    def write(self) -> list[Piece]:
        """Write the pieces of the files that were read, a cluster always in one split.

        Raises
        ------
        CorpusError
            If fewer than 20 files can be used, or a split is empty.
        """
        self._report_problems()
        named = {f"{slug(file.stem)}-{self._notes.hashes[file][:6]}": file for file in self._scores}
        scores = {name: self._scores[file] for name, file in sorted(named.items())}
        clusters = find_clusters(scores)
        pieces = [self._describe(name, named[name], clusters[name]) for name in scores]
        _check_splits(pieces, self._source.name)
        files = [self._folders.corpus / name for name in (PIECES_FILE, SCORES_FILE)]
        write_manifest(files[0], pieces)
        save_scores(files[1], scores)
        stamp_stage(self._folders.corpus, self.inputs, files)
        return pieces

    def _read(self, file: Path) -> str:
        """Take a file in; return what is wrong with it, if so."""
        if file in self._notes.problems:
            return self._notes.problems[file]
        try:
            self._scores[file] = _make_score(self._notes.performances[file])
        except CorpusError as error:
            return str(error)
        return ""

    def _report_problems(self) -> None:
        n_files = len(self._source.files) + len(self._source.problems)
        n_usable = len(self._scores)
        heading = f"{len(self._problems)} of {n_files} files of the corpus are not used:"
        if n_usable < MIN_PIECES:
            heading = (
                f"corpus {self._source.name} has {n_usable} usable files of {n_files}, but a study needs "
                f"{MIN_PIECES} with at least {MIN_NOTES} notes each. Add more, or change corpus.source."
            )
            raise CorpusError(list_problems(heading, self._problems))
        if self._problems:
            log.warning(list_problems(heading, self._problems))

    def _describe(self, name: str, file: Path, cluster: str) -> Piece:
        score, root = self._scores[file], self._folders.root
        return Piece(
            piece_id=name,
            corpus=self._source.name,
            title=file.stem,
            song_cluster=cluster,
            split=draw_split(cluster, self._config, self._seed),
            piece_file=str(file.relative_to(root) if file.is_relative_to(root) else file),
            piece_sha256=self._notes.hashes[file],
            n_notes=len(score.notes),
            duration_s=round(score.duration_s, 3),
        )


def draw_split(cluster: str, config: CorpusConfig, seed: int) -> Split:
    """Return a cluster's split; it depends on no other cluster, so a new file moves no old one."""
    place = child_seed(seed, "split", cluster) / 2**63
    if place < config.test_share:
        return "test"
    return "validation" if place < config.test_share + config.validation_share else "train"


def read_score(file: Path) -> Score:
    """Return a file's music on the grid.

    Raises
    ------
    CorpusError
        If it cannot be read or is too short; the message goes on from the file's name.
    """
    return _make_score(read_performance(file))


def _make_score(performance: Performance) -> Score:
    score = fit_vocabulary(quantize(arrange(performance)))
    if len(score.notes) < MIN_NOTES:
        raise CorpusError(f"has {len(score.notes)} notes, fewer than {MIN_NOTES}")
    return score


def load_pieces(folders: DataFolders, split: Split | None = None) -> list[PreparedPiece]:
    """Return the study's pieces, of one split if it is given.

    Raises
    ------
    StudyError
        If the corpus is not prepared.
    """
    pieces = read_manifest(folders.corpus / PIECES_FILE, Piece)
    scores = load_scores(folders.corpus / SCORES_FILE)
    return [PreparedPiece(p, scores[p.piece_id]) for p in pieces if split in {None, p.split}]


def add_corpus(folder: Path, name: str, corpora: Path) -> tuple[int, list[str]]:
    """Copy the usable MIDI files of a folder into the data; return their number and the others' problems.

    Raises
    ------
    CorpusError
        If the name cannot be a folder's, or no file could be used.
    """
    if not _NAME.fullmatch(name):
        raise CorpusError(f"{name!r} cannot name a corpus. Use small letters, digits, dots and hyphens.")
    files, closed = search_folder(folder)
    n_added, problems = 0, list(closed)
    for file in files:
        relative = file.relative_to(folder)
        try:
            write_bytes(corpora / name / relative, _read_usable(file))
            n_added += 1
        except CorpusError as error:
            problems.append(f"{relative} {error}")
    if not n_added:
        raise CorpusError(list_problems(f"{folder} has no MIDI file that can be used:", problems))
    return n_added, problems


def list_corpora(folders: DataFolders) -> list[str]:
    """Return a line for each corpus in the data folder, then the splits of the prepared one."""
    inside = sorted(path for path in folders.corpus.glob("*") if path.is_dir() and path.name[0] != ".")
    lines = [f"{folder.name}: {len(list_midi(folder))} files" for folder in inside]
    if (folders.corpus / PIECES_FILE).exists():
        pieces = read_manifest(folders.corpus / PIECES_FILE, Piece)
        counts = Counter(piece.split for piece in pieces)
        splits = ", ".join(f"{counts[split]} {split}" for split in get_args(Split))
        n_clusters = len({piece.song_cluster for piece in pieces})
        lines.append(
            f"prepared: {pieces[0].corpus}, {len(pieces)} pieces in {n_clusters} clusters ({splits})"
        )
    return lines


def save_scores(path: Path, scores: Mapping[str, Score]) -> None:
    """Write scores to one file."""
    arrays: dict[str, Any] = {}
    for name, score in scores.items():
        arrays[f"{name}/notes"] = score.notes.astype(np.int32)
        arrays[f"{name}/tempi"] = score.tempi
        arrays[f"{name}/bar_ticks"] = np.array(score.bar_ticks)
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    write_bytes(path, data.getvalue())


def load_scores(path: Path) -> dict[str, Score]:
    """Return the scores of a file by piece."""
    with np.load(path) as stored:
        names = [key.removesuffix("/notes") for key in stored.files if key.endswith("/notes")]
        return {
            name: Score(
                stored[f"{name}/notes"].astype(np.int64),
                int(stored[f"{name}/bar_ticks"]),
                stored[f"{name}/tempi"],
            )
            for name in names
        }


def slug(text: str) -> str:
    """Return a name in small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "piece"


def _read_usable(file: Path) -> bytes:
    """Return the bytes of a MIDI file that has music."""
    data = read_bytes(file)
    if not is_midi_name(file):
        what = "is MIDI, but not" if data[:4] == b"MThd" else "is not"
        raise CorpusError(f"{what} called {' or '.join(MIDI_SUFFIXES)}")
    parse_midi(data)
    return data


def _check_splits(pieces: list[Piece], corpus: str) -> None:
    counts = Counter(piece.split for piece in pieces)
    empty = [split for split in get_args(Split) if not counts[split]]
    if empty:
        raise CorpusError(
            f"corpus {corpus} has {len(pieces)} pieces, and none falls into {' or '.join(empty)}. "
            "Add pieces, or raise corpus.validation_share and corpus.test_share."
        )
