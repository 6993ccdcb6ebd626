"""Somebody else's music: a folder of MIDI or of audio becomes clips by the rules of all others.

MIDI goes through the tokens, the length window and the originality check; audio is cut and mastered with
the others when stimuli are made.
"""

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.corpus import read_score, slug
from models.drafts import Draft, draft_score
from models.excerpts import LATEST_LAST_ONSET_S, cut_excerpt, cut_excerpts, find_bar_starts
from models.originality import CopyDetector, Passage
from models.sources import list_files, search_folder
from models.tokens import Score
from study_core.config import Config
from study_core.errors import CorpusError, list_problems
from study_core.manifest import sha256_bytes
from study_core.seeds import child_seed
from study_core.types import MIDI_SUFFIXES, SOUND_SUFFIXES, Piece

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Haul:
    """What a folder gave: excerpts by file, and what is wrong with the other files."""

    excerpts: list[list[Draft]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def import_clips(
    system: str, folder: Path, detector: CopyDetector, config: Config
) -> Iterator[tuple[int, Draft]]:
    """Yield as many clips as the study wants per system; a file gives a second one when each gave one.

    Raises
    ------
    CorpusError
        If the folder is missing, holds MIDI and audio, or gives too few clips: every file that gave none is
        named with the reason.
    """
    read = _choose_reader(folder, config)
    haul = _Haul(problems=list(search_folder(folder)[1]))
    for file in _list_music(folder):
        try:
            haul.excerpts.append(read(file, detector, child_seed(config.seed, "clips", system, file.name)))
        except CorpusError as error:
            haul.problems.append(f"{file.relative_to(folder)} {error}")
    _check(haul, system, folder, config)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*haul.excerpts))
    yield from enumerate(itertools.islice(filter(None, rounds), config.clips.per_system))


def list_inputs(folder: Path) -> list[Path]:
    """Return the files of a folder that decide its clips; none where there is no folder."""
    return _list_music(folder) if folder.is_dir() else []


def _list_music(folder: Path) -> list[Path]:
    return [file for file in list_files(folder) if file.suffix.lower() in (*MIDI_SUFFIXES, *SOUND_SUFFIXES)]


def _choose_reader(folder: Path, config: Config) -> Callable[[Path, CopyDetector, int], list[Draft]]:
    if not folder.is_dir():
        raise CorpusError(f"{folder} is no folder. Correct clips.systems.")
    files = _list_music(folder)
    n_sound = sum(file.suffix.lower() in SOUND_SUFFIXES for file in files)
    kinds = ", ".join((*MIDI_SUFFIXES, *SOUND_SUFFIXES))
    if not files:
        raise CorpusError(f"{folder} holds no music ({kinds}). Correct clips.systems.")
    if 0 < n_sound < len(files):
        raise CorpusError(
            f"{folder} holds {n_sound} audio and {len(files) - n_sound} MIDI files. Keep one kind, or make "
            "two systems of them."
        )
    duration_s, most = config.clips.duration_s, config.clips.max_copied_notes
    if n_sound:
        return lambda file, _detector, _seed: [_read_sound(file, duration_s)]
    return lambda file, detector, seed: _read_midi(file, detector, seed, duration_s, most)


def _read_midi(file: Path, detector: CopyDetector, seed: int, duration_s: float, most: int) -> list[Draft]:
    score = read_score(file)
    clips = _cut(score, duration_s, np.random.default_rng(seed))
    if not clips:
        raise CorpusError(
            f"lasts {score.duration_s:.1f} s and has no {duration_s:g} s without a long silence or early end"
        )
    passages = [detector.find_longest(clip) for clip in clips]
    piece = _describe(file, len(score.notes), score.duration_s)
    drafts = [
        draft_score(clip, piece, passage, checkpoint_sha256=piece.piece_sha256)
        for clip, passage in zip(clips, passages, strict=True)
        if passage.n_notes <= most
    ]
    if not drafts:
        nearest = min(passages, key=lambda passage: passage.n_notes)
        raise CorpusError(
            f"copies {nearest.n_notes} notes in a row of {nearest.piece_id}, bar {nearest.bar}, but "
            f"clips.max_copied_notes is {most}"
        )
    return drafts


def _cut(score: Score, duration_s: float, rng: np.random.Generator) -> list[Score]:
    """Return excerpts that do not overlap, or one that may end a little early."""
    spare_ticks = int(max(score.tick_at(max(score.duration_s - duration_s, 0)), 0))
    clips = [clip for _, clip in cut_excerpts(score, duration_s, int(rng.integers(spare_ticks + 1)))]
    if clips:
        return clips
    # A short file, or one without bars: from a bar line on which a note begins, else from the first note.
    starts = [*find_bar_starts(score).tolist(), int(score.notes[0, 0])]
    return list(filter(None, (cut_excerpt(score, start, duration_s) for start in starts)))[:1]


def _read_sound(file: Path, duration_s: float) -> Draft:
    import soundfile

    try:
        with file.open("rb") as stream:  # by its name, a file that a Mac left beside it (`._name`) is opened
            lasts_s = float(soundfile.info(stream).duration)
    except soundfile.LibsndfileError as error:
        raise CorpusError(f"cannot be decoded: {error.error_string}") from None
    if lasts_s < duration_s - LATEST_LAST_ONSET_S:
        raise CorpusError(f"lasts {lasts_s:.1f} s, shorter than the {duration_s:g} s of a clip")
    piece = _describe(file, 0, lasts_s)
    return Draft(
        content=file.read_bytes(),
        suffix=file.suffix.lower(),
        piece=piece,
        passage=Passage(),
        n_notes=0,
        duration_s=round(lasts_s, 3),
        checkpoint_sha256=piece.piece_sha256,
    )


def _describe(file: Path, n_notes: int, duration_s: float) -> Piece:
    """Return the file as a piece and a song of its own."""
    sha256 = sha256_bytes(file.read_bytes())
    piece_id = f"{slug(file.stem)}-{sha256[:6]}"
    return Piece(
        piece_id=piece_id,
        corpus=file.parent.name,
        title=file.stem,
        song_cluster=piece_id,
        split="test",
        piece_file=str(file),
        piece_sha256=sha256,
        n_notes=n_notes,
        duration_s=round(duration_s, 3),
    )


def _check(haul: _Haul, system: str, folder: Path, config: Config) -> None:
    """Check that there are enough clips, and for one session enough files."""
    n_files, n_clips = len(haul.excerpts), sum(map(len, haul.excerpts))
    heard, wanted = config.trials.per_participant[system], config.clips.per_system
    if n_clips < wanted or n_files < heard:
        raise CorpusError(
            list_problems(
                f"clips.systems.{system}: {n_files} files in {folder} give {n_clips} clips of "
                f"{config.clips.duration_s:g} s, but clips.per_system is {wanted} and a session plays "
                f"{heard} of different files. Add files, or lower these or clips.duration_s."
                + (" Not used:" if haul.problems else ""),
                haul.problems,
            )
        )
    if haul.problems:
        n_bad = len(haul.problems)
        log.warning(
            list_problems(f"{n_bad} of {n_bad + n_files} files of {system} are not used:", haul.problems)
        )
