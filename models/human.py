"""Human clips: excerpts of test pieces, through the tokens like all others or with their original timing."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.corpus import PreparedPiece
from models.drafts import Draft, draft_score
from models.excerpts import cut_excerpts
from models.originality import CopyDetector
from models.originals import cut_original
from models.tokens import Score
from study_core.config import Config
from study_core.errors import CorpusError, list_problems
from study_core.seeds import child_seed, random_generator
from study_core.types import HUMAN, HUMAN_ORIGINAL


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """A clip and where in which piece it begins."""

    prepared: PreparedPiece
    start_tick: int
    clip: Score


def choose_excerpts(pieces: Sequence[PreparedPiece], detector: CopyDetector, config: Config) -> list[Draft]:
    """Return as many excerpts as the study wants clips per system, of as many songs as there are.

    Of the pieces of one song the longest is taken; songs give a second excerpt only when each gave one.

    Raises
    ------
    CorpusError
        If there are too few excerpts, or too few songs for one session.
    """
    seed = child_seed(config.seed, "clips", HUMAN)
    return [
        draft_score(excerpt.clip, excerpt.prepared.piece, detector.find_longest(excerpt.clip), seed=seed)
        for excerpt in _choose(pieces, config)
    ]


def choose_originals(pieces: Sequence[PreparedPiece], detector: CopyDetector, config: Config) -> list[Draft]:
    """Return the same excerpts as `choose_excerpts`, with the timing and velocities of their files.

    Raises
    ------
    CorpusError
        If there are too few, or files are gone or altered: all of them named.
    """
    excerpts, problems, drafts = _choose(pieces, config), [], []
    for excerpt, draft in zip(excerpts, choose_excerpts(pieces, detector, config), strict=True):
        try:
            content = cut_original(
                excerpt.prepared,
                excerpt.start_tick,
                excerpt.clip,
                config.clips.duration_s,
                config.folders.root,
            )
            drafts.append(replace(draft, content=content))
        except CorpusError as error:
            problems.append(f"{excerpt.prepared.piece.piece_file} {error}")
    if problems:
        heading = "The files of test pieces are needed for human_original. Run `study corpus prepare` again:"
        raise CorpusError(list_problems(heading, sorted(set(problems))))
    return drafts


def _choose(pieces: Sequence[PreparedPiece], config: Config) -> list[_Excerpt]:
    rng = random_generator(config.seed, "clips", HUMAN)
    songs: dict[str, PreparedPiece] = {}
    for prepared in sorted(pieces, key=lambda p: p.piece.duration_s):
        songs[prepared.piece.song_cluster] = prepared
    order = rng.permutation(sorted(songs))
    excerpts = [list(_cut_song(songs[name], rng, config.clips.duration_s)) for name in order]
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*excerpts))
    found = list(filter(None, rounds))
    _check(len(found), sum(map(bool, excerpts)), config)
    return found[: config.clips.per_system]


def _cut_song(prepared: PreparedPiece, rng: np.random.Generator, duration_s: float) -> Iterator[_Excerpt]:
    last = max(prepared.score.tick_at(prepared.score.duration_s - duration_s), 1)
    clips = cut_excerpts(prepared.score, duration_s, int(rng.integers(int(last) + 1)))
    return (_Excerpt(prepared, start, clip) for start, clip in clips)


def _check(n_excerpts: int, n_songs: int, config: Config) -> None:
    per_participant = config.trials.per_participant
    heard = per_participant.get(HUMAN, 0) + per_participant.get(HUMAN_ORIGINAL, 0)
    wanted = config.clips.per_system
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
