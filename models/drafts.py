"""Drafts: clips before they get their place in the study, each with where it comes from."""

from dataclasses import dataclass

from models.midi import midi_bytes
from models.originality import Passage
from models.tokens import Score
from study_core.manifest import sha256_bytes
from study_core.types import Clip, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A clip's file, what it holds, and where it comes from."""

    content: bytes
    suffix: str = ".mid"
    piece: Piece
    """Of which it is an excerpt, or from which a generator went on."""
    passage: Passage
    """The longest run that it shares with a training piece."""
    n_notes: int
    duration_s: float
    seed: int = 0
    checkpoint_sha256: str = ""


def draft_score(
    score: Score, piece: Piece, passage: Passage, *, seed: int = 0, checkpoint_sha256: str = ""
) -> Draft:
    """Return the draft of music on the grid."""
    return Draft(
        content=midi_bytes(score),
        piece=piece,
        passage=passage,
        n_notes=len(score.notes),
        duration_s=round(score.duration_s, 3),
        seed=seed,
        checkpoint_sha256=checkpoint_sha256,
    )


def describe_clip(clip_id: str, system: str, draft: Draft) -> Clip:
    """Return a draft's row of the manifest."""
    return Clip(
        clip_id=clip_id,
        system=system,
        corpus=draft.piece.corpus,
        seed=draft.seed,
        checkpoint_sha256=draft.checkpoint_sha256,
        piece_id=draft.piece.piece_id,
        song_cluster=draft.piece.song_cluster,
        split=draft.piece.split,
        longest_copied_notes=draft.passage.n_notes,
        nearest_piece_id=draft.passage.piece_id,
        nearest_bar=draft.passage.bar,
        nearest_semitones=draft.passage.semitones,
        n_notes=draft.n_notes,
        duration_s=draft.duration_s,
        clip_file=f"{clip_id}{draft.suffix}",
        clip_sha256=sha256_bytes(draft.content),
    )
