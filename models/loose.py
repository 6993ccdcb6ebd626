"""Loose clips: music to listen to or to work with, outside any study, whole bars long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from models.composing import MOST_TRIES, cut_composed
from models.corpus import PIECES_FILE, PreparedPiece, load_pieces
from models.drafts import Draft, describe_clip, draft_score
from models.excerpts import cut_bars
from models.generator import Generator, Request
from models.midi import midi_bytes
from models.originality import CopyDetector
from models.primers import find_primer_starts, request_after, request_alone
from models.tokens import TICKS_PER_BEAT, Score
from study_core.config import Config
from study_core.errors import StudyError, list_problems
from study_core.folders import CLIPS_FILE
from study_core.manifest import read_manifest, write_bytes, write_manifest
from study_core.seeds import child_seed
from study_core.types import Clip, Piece

ANY_PRIMER, NO_PRIMER = "any", "none"
_FROM_NOTHING = Piece(
    piece_id="", corpus="", title="", song_cluster="", split="train", piece_file="", piece_sha256="",
    n_notes=0, duration_s=0,
)  # fmt: skip
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants composed."""

    system: str
    count: int = 1
    bars: int | None = None
    seconds: float | None = None
    """Where bars are not given: rounded to the nearest bar line."""
    seed: int = 0
    primer: str = ANY_PRIMER
    """`any` training piece, `none`, or a piece by id or title."""


def compose_loose(order: Order, generator: Generator, config: Config) -> Iterator[tuple[int, Draft]]:
    """Yield a clip's number and the clip, composed again until it copies and falls silent no more.

    Where no training pieces are here, nothing can be gone on from, and copies are not looked for.

    Raises
    ------
    StudyError
        If the primer is unknown, or clips still break the rules after 20 tries.
    """
    pieces = load_pieces(config.folders, "train") if (config.folders.corpus / PIECES_FILE).exists() else []
    detector = CopyDetector({prepared.piece.piece_id: prepared.score for prepared in pieces})
    primers = _choose_primers(order.primer, pieces)
    missing = list(range(order.count))
    for attempt in range(MOST_TRIES):
        plans = [_plan(order, primers, i, attempt) for i in missing]
        music = generator.compose([request for request, _ in plans])
        for i, score, (request, piece) in zip(tuple(missing), music, plans, strict=True):
            clip = cut_composed(score, partial(cut_bars, n_bars=_count_bars(order, score)))
            passage = detector.find_longest(clip) if clip else None
            if clip and passage and passage.n_notes <= config.clips.max_copied_notes:
                missing.remove(i)
                sha256 = generator.checkpoint_sha256
                draft = draft_score(clip, piece, passage, seed=request.seed, checkpoint_sha256=sha256)
                yield i, replace(draft, content=midi_bytes(clip, with_meter=True))
        if not missing:
            return
    raise StudyError(
        f"{len(missing)} of {order.count} clips of {order.system} still fall silent or copy more than "
        f"{config.clips.max_copied_notes} notes after {MOST_TRIES} tries. Try another --seed or --primer, a "
        "higher --temperature or fewer bars."
    )


def write_loose(order: Order, drafts: dict[int, Draft], folder: Path) -> list[Path]:
    """Write clips as MIDI and, beside those of earlier orders, their provenance; return the MIDI files."""
    rows, files = [], []
    for i, draft in sorted(drafts.items()):
        row = describe_clip(f"{order.system}-{order.seed}-{i + 1:03d}", order.system, draft)
        write_bytes(folder / row.clip_file, draft.content)
        rows.append(row)
        files.append(folder / row.clip_file)
    manifest = folder / CLIPS_FILE
    new = {row.clip_id for row in rows}
    kept = (
        [row for row in read_manifest(manifest, Clip) if row.clip_id not in new] if manifest.exists() else []
    )
    write_manifest(manifest, [*kept, *rows])
    return files


def _choose_primers(wanted: str, pieces: Sequence[PreparedPiece]) -> list[PreparedPiece]:
    """Return the pieces to go on from; none where nothing is wanted."""
    if wanted == NO_PRIMER:
        return []
    if not pieces:
        raise StudyError(
            "There are no training pieces to go on from. Run `study corpus prepare`, or give --primer none."
        )
    usable = [prepared for prepared in pieces if find_primer_starts(prepared.score)]
    if wanted == ANY_PRIMER:
        return usable
    exact = [prepared for prepared in usable if wanted in {prepared.piece.piece_id, prepared.piece.title}]
    found = exact or [p for p in usable if wanted.casefold() in p.piece.title.casefold()]
    if len(found) == 1:
        return found
    names = [prepared.piece.piece_id for prepared in found[:_MOST_NAMED]]
    heading = f"{len(found)} of {len(usable)} training pieces are called {wanted!r}; --primer needs one"
    raise StudyError(list_problems(f"{heading}{', such as:' if names else '.'}", names))


def _plan(order: Order, primers: Sequence[PreparedPiece], i: int, attempt: int) -> tuple[Request, Piece]:
    seed = child_seed(order.seed, "loose", order.system, i, attempt)
    if not primers:
        draft = request_alone(seed, 0)
        n_ticks = _count_ticks(order, draft.primer.setting.bar_ticks, draft.primer.setting.bpm)
        return request_alone(seed, n_ticks), _FROM_NOTHING
    chosen = primers[int(np.random.default_rng(seed).integers(len(primers)))]
    score = chosen.score
    request = request_after(score, seed, _count_ticks(order, score.bar_ticks, score.bpm))
    return replace(request, piece_id=chosen.piece.piece_id), chosen.piece


def _count_ticks(order: Order, bar_ticks: int, bpm: float) -> int:
    """Return how long a clip may become."""
    if order.bars:
        return order.bars * bar_ticks
    return int((order.seconds or 0) * bpm / 60 * TICKS_PER_BEAT) + bar_ticks


def _count_bars(order: Order, score: Score) -> int:
    """Return how many bars a clip has in its tempo."""
    bar_s = float(score.bar_ticks / TICKS_PER_BEAT * 60 / score.tempi[0, 1])
    return order.bars or max(round((order.seconds or 0) / bar_s), 1)
