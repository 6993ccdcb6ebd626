"""A corpus becomes pieces: every file read onto the grid, near-duplicates found, the whole split once."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from models.arrangement import arrange
from models.clusters import Link, find_links, find_neighbors, join_links
from models.metadata import read_metadata
from models.midi import parse_midi, read_bytes, read_performance
from models.notes import read_notes
from models.performance import Performance
from models.scores import load_scores, save_scores
from models.sources import Source, is_midi_name, list_midi, search_folder
from models.splits import SPLITS_FILE, assign_splits, describe_draw, draw_split, load_splits, save_splits
from models.tokens import Score, fit_vocabulary, quantize
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
from study_core.own_music import FEWEST_PIECES
from study_core.production import CorpusConfig
from study_core.types import MIDI_SUFFIXES, Piece, Split

MIN_NOTES = 30  # of a piece; less is a jingle
PIECES_FILE, SCORES_FILE = "pieces.csv", "scores.npz"
_NOTES_FOLDER = ".notes"  # hidden among the corpora
_VERSION = 4  # raise it when the same files become other pieces or scores
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
        self.source, self._config, self._seed, self._folders = source, config, seed, folders
        self.notes = read_notes(source.files, folders.corpus / _NOTES_FOLDER / f"{source.name}.npz")
        self.files: dict[str, Path] = {}
        """The file of each piece that can be used."""
        self.scores: dict[str, Score] = {}
        """Its music in the vocabulary of tokens."""
        self.links: list[Link] = []
        """Who shares a melody with whom; known once the pieces are described."""
        self.problems = list(source.problems)
        """A line for each file that is not used, its name first."""

    @property
    def inputs(self) -> str:
        """The fingerprint of all that the pieces depend on."""
        files = sorted((self._place(file), sha256) for file, sha256 in self.notes.hashes.items())
        shares = (self._config.validation_share, self._config.test_share)
        return fingerprint("corpus", _VERSION, self.source.name, shares, self._seed, files)

    def is_current(self) -> bool:
        """Tell whether the pieces are there and made from these files."""
        return is_current(self._folders.corpus, self.inputs)

    def read(self) -> Iterator[Path]:
        """Put the files on the grid; yield each when it is done. Those that cannot be used are remembered."""
        known: dict[str, Path] = {}
        for file in self.source.files:
            twin = known.setdefault(self.notes.hashes.get(file, str(file)), file)
            problem = self._read(file) if twin == file else f"is the same file as {twin.name}"
            if problem:
                self.problems.append(f"{file.name} {problem}")
            yield file

    def describe(self) -> list[Piece]:
        """Return the pieces of the files that were read, those that share a melody in one split."""
        self.links = find_links(self.scores)
        kept = load_splits(self._folders.corpus / SPLITS_FILE, self._drawn_for)
        stored = {name: kept[sha256] for name in self.scores if (sha256 := self._hash(name)) in kept}
        draw = partial(draw_split, config=self._config, seed=self._seed)
        assigned = assign_splits(find_neighbors(self.scores, self.links), stored, draw)
        for name, (one, other) in sorted(assigned.left_out.items()):
            self.problems.append(
                f"{self.files[name].name} shares a melody with {one} and {other}, which are in different "
                "splits: in either it would carry what is heard into what is trained on"
            )
        clusters = join_links(assigned.splits, self.links)
        return [self._describe(name, clusters[name], assigned.splits[name]) for name in sorted(clusters)]

    def write(self) -> list[Piece]:
        """Write the pieces of the files that were read; return them.

        Raises
        ------
        CorpusError
            If fewer than 20 files can be used, or a split is empty.
        """
        pieces = self.describe()
        self._report_problems(len(pieces))
        _check_splits(pieces, self.source.name)
        files = [self._folders.corpus / name for name in (PIECES_FILE, SCORES_FILE, SPLITS_FILE)]
        write_manifest(files[0], pieces)
        save_scores(files[1], {piece.piece_id: self.scores[piece.piece_id] for piece in pieces})
        save_splits(files[2], self._drawn_for, {piece.piece_sha256: piece.split for piece in pieces})
        stamp_stage(self._folders.corpus, self.inputs, files)
        return pieces

    @property
    def _drawn_for(self) -> str:
        return describe_draw(self.source.name, self._config, self._seed)

    def _place(self, file: Path) -> str:
        """Return where a file lies: in the data folder as from there, for that may be moved."""
        root = self._folders.root
        return str(file.relative_to(root) if file.is_relative_to(root) else file)

    def _hash(self, name: str) -> str:
        return self.notes.hashes[self.files[name]]

    def _read(self, file: Path) -> str:
        """Take a file in; return what is wrong with it, if so."""
        if file in self.notes.problems:
            return self.notes.problems[file]
        try:
            score = _make_score(self.notes.performances[file])
        except CorpusError as error:
            return str(error)
        sha256 = self.notes.hashes[file]
        name = f"{slug(file.stem)}-{sha256[:6]}"
        name = f"{slug(file.stem)}-{sha256}" if name in self.files else name
        self.files[name], self.scores[name] = file, score
        return ""

    def _report_problems(self, n_usable: int) -> None:
        n_files = len(self.source.files) + len(self.source.problems)
        heading = f"{len(self.problems)} of {n_files} files of the corpus are not used:"
        if n_usable < FEWEST_PIECES:
            heading = (
                f"corpus {self.source.name} has {n_usable} usable files of {n_files}, but a study needs "
                f"{FEWEST_PIECES} with at least {MIN_NOTES} notes each. Add more, or change corpus.source."
            )
            raise CorpusError(list_problems(heading, self.problems))
        if self.problems:
            log.warning(list_problems(heading, self.problems))

    def _describe(self, name: str, cluster: str, split: Split) -> Piece:
        file, score = self.files[name], self.scores[name]
        known = read_metadata(self.source.name, file.stem)
        return Piece(
            piece_id=name,
            corpus=self.source.name,
            title=known.title,
            song_cluster=cluster,
            split=split,
            piece_file=self._place(file),
            piece_sha256=self._hash(name),
            n_notes=len(score.notes),
            duration_s=round(score.duration_s, 3),
            game=known.game,
            generation=known.generation,
        )


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
        If the corpus is not prepared, or not to the end.
    """
    pieces = read_manifest(folders.corpus / PIECES_FILE, Piece)
    path = folders.corpus / SCORES_FILE
    scores = load_scores(path) if path.exists() else {}
    missing = [piece.piece_id for piece in pieces if piece.piece_id not in scores]
    if missing:
        raise CorpusError(
            f"{path} lacks {len(missing)} of {len(pieces)} pieces, such as {missing[0]}: the corpus was not "
            "prepared to the end. Run `study corpus prepare`."
        )
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
