"""Clips of every system: excerpts of unseen pieces, and new music that copies no training piece."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.batches import Song, normalize_key
from models.corpus import PIECES_FILE, SCORES_FILE, PreparedPiece, load_pieces
from models.excerpts import cut_excerpt, cut_excerpts, find_bar_starts
from models.features import Setting
from models.generator import Generator, LSTMGenerator, Request
from models.midi import midi_bytes
from models.originality import CopyDetector
from models.tokens import TICKS_PER_BEAT, Score
from models.weights import WEIGHTS_FILE
from study_core.config import Config
from study_core.errors import CorpusError, StudyError
from study_core.manifest import (
    fingerprint,
    is_current,
    sha256_bytes,
    sha256_file,
    stamp_stage,
    write_bytes,
    write_manifest,
)
from study_core.seeds import child_seed, random_generator
from study_core.types import HUMAN, Clip, Piece

CLIPS_FILE = "clips.csv"
PRIMER_BARS = 2
MIN_PRIMER_NOTES = 6
DROPPED_BARS = 2  # behind the primer: they lean on it most
SPARE_BARS = 6  # to find a bar line with a note to begin on
TRIES_PER_PRIMER = 4
PRIMERS_PER_CLIP = 5  # some pieces hardly ever lead to music that keeps the rules
MOST_TRIES = TRIES_PER_PRIMER * PRIMERS_PER_CLIP
_VERSION = 1  # raise it when the same inputs become other clips


@dataclass(frozen=True, slots=True)
class Draft:
    """A clip's music, and where it comes from."""

    score: Score
    piece: Piece
    seed: int
    checkpoint_sha256: str = ""


class ClipStage:
    """Makes the MIDI clips of all systems and `clips.csv`."""

    def __init__(self, config: Config) -> None:
        self._config, self._folders = config, config.folders
        self._clips: dict[str, bytes] = {}
        self._rows: list[Clip] = []

    @property
    def inputs(self) -> str:
        """The fingerprint of all that the clips depend on."""
        config, folders = self._config, self._folders
        needed = [folders.corpus / PIECES_FILE, folders.corpus / SCORES_FILE]
        needed += [folders.models / system / WEIGHTS_FILE for system in config.clips.systems]
        hashes = [sha256_file(path) if path.exists() else "" for path in needed]
        n_human = config.trials.per_participant[HUMAN]
        return fingerprint("clips", _VERSION, config.clips.model_dump(), n_human, config.seed, hashes)

    def is_current(self) -> bool:
        """Tell whether the clips are there and made from these pieces and weights."""
        return is_current(self._folders.clips, self.inputs)

    @property
    def n_clips(self) -> int:
        """How many clips the study wants."""
        return self._config.clips.per_system * (1 + len(self._config.clips.systems))

    def compose(self) -> Iterator[str]:
        """Make every clip; yield each one's id when it is done."""
        config = self._config
        training = load_pieces(self._folders, "train")
        detector = CopyDetector({p.piece.piece_id: p.score for p in training})
        drafts = choose_excerpts(load_pieces(self._folders, "test"), config)
        yield from self._keep(HUMAN, enumerate(drafts), detector)
        turns = deal_primers(_shuffle_usable(training, config.seed), self.n_clips)
        for system in config.clips.systems:
            generator = LSTMGenerator(system, self._folders, config.clips)
            own = list(itertools.islice(turns, config.clips.per_system))
            composed = compose_clips(system, generator, own, detector, config)
            yield from self._keep(system, composed, detector)

    def write(self) -> Path:
        """Write the clips and their manifest; return its path."""
        folder = self._folders.clips
        for old in folder.glob("*.mid"):
            old.unlink()
        for name, data in self._clips.items():
            write_bytes(folder / name, data)
        write_manifest(folder / CLIPS_FILE, sorted(self._rows, key=lambda row: row.clip_id))
        stamp_stage(folder, self.inputs, [folder / CLIPS_FILE, *(folder / name for name in self._clips)])
        return folder / CLIPS_FILE

    def _keep(
        self, system: str, drafts: Iterator[tuple[int, Draft]], detector: CopyDetector
    ) -> Iterator[str]:
        for i, draft in drafts:
            clip_id = f"{system}-{i + 1:04d}"
            data = midi_bytes(draft.score)
            self._clips[f"{clip_id}.mid"] = data
            self._rows.append(_describe(clip_id, system, draft, detector, sha256_bytes(data)))
            yield clip_id


def choose_excerpts(pieces: Sequence[PreparedPiece], config: Config) -> list[Draft]:
    """Return as many excerpts as the study wants clips per system, of as many songs as there are.

    Of the pieces of one song the longest is taken; songs give a second excerpt only when each gave one.

    Raises
    ------
    CorpusError
        If there are too few excerpts, or too few songs for one session.
    """
    rng = random_generator(config.seed, "clips", HUMAN)
    songs: dict[str, PreparedPiece] = {}
    for prepared in sorted(pieces, key=lambda p: p.piece.duration_s):
        songs[prepared.piece.song_cluster] = prepared
    order = rng.permutation(sorted(songs))
    excerpts = [_cut_song(songs[name], rng, config.clips.duration_s) for name in order]
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*excerpts))
    found = [(score, piece) for score, piece in filter(None, rounds)]
    _check_excerpts(len(found), sum(map(bool, excerpts)), config)
    seed = child_seed(config.seed, "clips", HUMAN)
    return [Draft(score, piece, seed) for score, piece in found[: config.clips.per_system]]


def compose_clips(
    system: str,
    generator: Generator,
    primers: Sequence[Sequence[PreparedPiece]],
    detector: CopyDetector,
    config: Config,
) -> Iterator[tuple[int, Draft]]:
    """Yield a clip's number and the clip, composed again until it keeps the rules.

    Parameters
    ----------
    primers
        For each clip the pieces that it may go on from, in the order in which they are tried.

    Raises
    ------
    StudyError
        If a clip still breaks them, or copies too much, after 20 tries.
    """
    missing = list(range(len(primers)))
    for attempt in range(MOST_TRIES):
        seeds = [child_seed(config.seed, "clips", system, i, attempt) for i in missing]
        pieces = [primers[i][attempt // TRIES_PER_PRIMER % len(primers[i])] for i in missing]
        requests = [
            _request(piece.score, seed, config.clips.duration_s)
            for piece, seed in zip(pieces, seeds, strict=True)
        ]
        music = generator.compose(requests)
        for i, piece, seed, score in zip(tuple(missing), pieces, seeds, music, strict=True):
            clip = _cut_composed(score, config.clips.duration_s)
            if clip and detector.find_longest(clip)[0] <= config.clips.max_copied_notes:
                missing.remove(i)
                yield i, Draft(clip, piece.piece, seed, generator.checkpoint_sha256)
        if not missing:
            return
    raise StudyError(
        f"{len(missing)} of {len(primers)} clips of {system} still fall silent or copy more than "
        f"{config.clips.max_copied_notes} notes of a training piece after {MOST_TRIES} tries. "
        "Raise clips.max_copied_notes or clips.temperature, or train longer."
    )


def deal_primers(pieces: Sequence[PreparedPiece], n_clips: int) -> Iterator[list[PreparedPiece]]:
    """Yield for one clip after the other the pieces that it may go on from.

    The first of each are different pieces while there are enough; the others are spare ones.
    """
    for i in itertools.count():
        yield [pieces[(i + turn * n_clips) % len(pieces)] for turn in range(PRIMERS_PER_CLIP)]


def find_primer_starts(score: Score) -> list[int]:
    """Return the bar lines from which a primer can be taken."""
    onsets, n_ticks = score.notes[:, 0], PRIMER_BARS * score.bar_ticks
    return [
        start
        for start in find_bar_starts(score).tolist()
        if ((onsets >= start) & (onsets < start + n_ticks)).sum() >= MIN_PRIMER_NOTES
    ]


def _request(score: Score, seed: int, duration_s: float) -> Request:
    """Return the order for a clip that goes on from a random place of a piece."""
    song, n_ticks = normalize_key(score), PRIMER_BARS * score.bar_ticks
    start = int(np.random.default_rng(seed).choice(find_primer_starts(score)))
    onsets = score.notes[:, 0]
    tokens = song.tokens[(onsets >= start) & (onsets < start + n_ticks)].copy()
    tokens[0, 0] = 0
    setting: Setting = song.setting
    clip_ticks = int(duration_s * setting.bpm / 60 * TICKS_PER_BEAT)
    wanted = clip_ticks + (DROPPED_BARS + SPARE_BARS) * score.bar_ticks
    return Request(Song(tokens, setting, song.key_shift), n_ticks, wanted, seed)


def _cut_composed(score: Score, duration_s: float) -> Score | None:
    """Return the first excerpt behind the dropped bars that keeps the rule of clips."""
    first, last = DROPPED_BARS * score.bar_ticks, (DROPPED_BARS + SPARE_BARS) * score.bar_ticks
    starts = find_bar_starts(score) if len(score.notes) else np.array([], dtype=np.int64)
    clips = (cut_excerpt(score, start, duration_s) for start in starts.tolist() if first <= start <= last)
    return next((clip for clip in clips if clip), None)


def _shuffle_usable(pieces: Sequence[PreparedPiece], seed: int) -> list[PreparedPiece]:
    usable = [prepared for prepared in pieces if find_primer_starts(prepared.score)]
    if not usable:
        raise CorpusError(
            f"none of the {len(pieces)} training pieces has {PRIMER_BARS} bars with {MIN_PRIMER_NOTES} notes "
            "to go on from. Choose another corpus.source."
        )
    order = random_generator(seed, "clips", "primers").permutation(len(usable))
    return [usable[i] for i in order]


def _cut_song(
    prepared: PreparedPiece, rng: np.random.Generator, duration_s: float
) -> list[tuple[Score, Piece]]:
    last = max(prepared.score.tick_at(prepared.score.duration_s - duration_s), 1)
    clips = cut_excerpts(prepared.score, duration_s, int(rng.integers(int(last) + 1)))
    return [(clip, prepared.piece) for clip in clips]


def _check_excerpts(n_excerpts: int, n_songs: int, config: Config) -> None:
    wanted, heard = config.clips.per_system, config.trials.per_participant[HUMAN]
    if n_songs < heard:
        raise CorpusError(
            f"a session plays {heard} human clips of different songs, but only {n_songs} test songs have "
            f"{config.clips.duration_s:g} s of unbroken music. Raise corpus.test_share, add pieces, or lower "
            "trials.per_participant.human or clips.duration_s."
        )
    if n_excerpts < wanted:
        raise CorpusError(
            f"clips.per_system is {wanted}, but the test pieces give only {n_excerpts} human clips of "
            f"{config.clips.duration_s:g} s. Lower them, raise corpus.test_share, or add pieces."
        )


def _describe(clip_id: str, system: str, draft: Draft, detector: CopyDetector, sha256: str) -> Clip:
    longest, nearest = detector.find_longest(draft.score)
    return Clip(
        clip_id=clip_id,
        system=system,
        corpus=draft.piece.corpus,
        seed=draft.seed,
        checkpoint_sha256=draft.checkpoint_sha256,
        piece_id=draft.piece.piece_id,
        song_cluster=draft.piece.song_cluster,
        split=draft.piece.split,
        longest_copied_notes=longest,
        nearest_piece_id=nearest,
        n_notes=len(draft.score.notes),
        duration_s=round(draft.score.duration_s, 3),
        clip_file=f"{clip_id}.mid",
        clip_sha256=sha256,
    )
