"""Composing clips: a generator goes on from primers until every clip keeps the rules and copies nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from models.corpus import PreparedPiece
from models.drafts import Draft, draft_score
from models.excerpts import cut_excerpt, find_bar_starts
from models.generator import Generator
from models.originality import CopyDetector
from models.primers import DROPPED_BARS, PRIMERS_PER_CLIP, SPARE_BARS, request_after
from models.tokens import TICKS_PER_BEAT, Score
from study_core.config import Config
from study_core.errors import StudyError
from study_core.seeds import child_seed

TRIES_PER_PRIMER = 4
USUAL_COPY_NOTES = 9  # 95 of 100 excerpts of unseen Pokémon pieces copy no more
USUAL_TRIES = 3  # at keeping to that; then max_copied_notes is the limit
MOST_TRIES = TRIES_PER_PRIMER * PRIMERS_PER_CLIP


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
    duration_s = config.clips.duration_s
    missing = list(range(len(primers)))
    for attempt in range(MOST_TRIES):
        most = config.clips.max_copied_notes
        most = min(most, USUAL_COPY_NOTES) if attempt < USUAL_TRIES else most
        seeds = [child_seed(config.seed, "clips", system, i, attempt) for i in missing]
        pieces = [primers[i][attempt // TRIES_PER_PRIMER % len(primers[i])] for i in missing]
        requests = [
            replace(
                request_after(piece.score, seed, _count_ticks(piece.score, duration_s)),
                piece_id=piece.piece.piece_id,
            )
            for piece, seed in zip(pieces, seeds, strict=True)
        ]
        music = generator.compose(requests)
        for i, piece, seed, score in zip(tuple(missing), pieces, seeds, music, strict=True):
            clip = cut_composed(score, partial(cut_excerpt, duration_s=duration_s))
            passage = detector.find_longest(clip) if clip else None
            if clip and passage and passage.n_notes <= most:
                missing.remove(i)
                sha256 = generator.checkpoint_sha256
                yield i, draft_score(clip, piece.piece, passage, seed=seed, checkpoint_sha256=sha256)
        if not missing:
            return
    raise StudyError(
        f"{len(missing)} of {len(primers)} clips of {system} still fall silent or copy more than "
        f"{config.clips.max_copied_notes} notes of a training piece after {MOST_TRIES} tries. "
        "Raise clips.max_copied_notes or clips.temperature, or train longer."
    )


def cut_composed(score: Score, cut: Callable[[Score, int], Score | None]) -> Score | None:
    """Return the first cut behind the dropped bars that keeps the rule of clips."""
    if not len(score.notes):
        return None
    first, last = DROPPED_BARS * score.bar_ticks, (DROPPED_BARS + SPARE_BARS) * score.bar_ticks
    starts = (start for start in find_bar_starts(score).tolist() if first <= start <= last)
    return next(filter(None, (cut(score, start) for start in starts)), None)


def _count_ticks(score: Score, duration_s: float) -> int:
    """Return how long a clip is in a piece's mean tempo."""
    return int(duration_s * score.bpm / 60 * TICKS_PER_BEAT)
