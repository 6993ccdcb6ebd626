"""Released weights: generators trained beforehand, for studies of the very pieces that they learned from.

`models/released/CORPUS/GENERATOR/` holds a generator's weights, its history and a model card. They serve a
study whose training and validation pieces, as music, and whose settings are those that they were trained
with; for any other study, such as one of a person's own MIDI, a generator is trained. They hold no MIDI:
primers come from the pieces at hand.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.corpus import PreparedPiece, load_pieces
from models.weights import training_inputs, training_settings
from study_core.config import Config
from study_core.errors import StudyError, list_problems
from study_core.manifest import STAMP_FILE, fingerprint, sha256_file, stamp_stage, write_bytes

RELEASED = Path(__file__).parent / "released"
CARD_FILE = "card.md"


def find_released(system: str, config: Config, root: Path = RELEASED) -> Path | None:
    """Return the folder of the weights that are released for a study's pieces and settings, if there are.

    Raises
    ------
    StudyError
        If the corpus is not prepared, or files of that folder are gone or altered: all of them named.
    """
    pieces = load_pieces(config.folders)
    folder = root / pieces[0].piece.corpus / system
    if not (folder / STAMP_FILE).exists():
        return None
    stamp = json.loads((folder / STAMP_FILE).read_text(encoding="utf-8"))
    if stamp["inputs"] != released_inputs(system, pieces, config):
        return None
    _check_files(folder, stamp["outputs"])
    return folder


def use_released(system: str, config: Config, released: Path) -> Path:
    """Make released weights those of the study; return their folder there."""
    folder = config.folders.models / system
    names = [file.name for file in released.iterdir() if file.name != STAMP_FILE]
    for name in names:
        write_bytes(folder / name, (released / name).read_bytes())
    stamp_stage(folder, training_inputs(system, config), [folder / name for name in names])
    return folder


def released_inputs(system: str, pieces: Iterable[PreparedPiece], config: Config) -> str:
    """Return the fingerprint of what released weights depend on.

    Where files lie, what they are called and which pieces only listeners hear makes no difference. The
    study's seed matters by the split that it draws.
    """
    music = hash_music(prepared for prepared in pieces if prepared.piece.split != "test")
    return fingerprint("released", music, training_settings(system, config))


def hash_music(pieces: Iterable[PreparedPiece]) -> str:
    """Return the SHA-256 of the notes, bars and tempi of pieces and of their splits, in their order."""
    digest = hashlib.sha256()
    for prepared in pieces:
        score = prepared.score
        digest.update(f"{prepared.piece.split} {score.notes.shape} {score.bar_ticks}\n".encode())
        digest.update(score.notes.astype("<i4").tobytes())
        digest.update(score.tempi.astype("<f8").tobytes())
    return digest.hexdigest()


def _check_files(folder: Path, sums: dict[str, Any]) -> None:
    problems = []
    for name, sha256 in sums.items():
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif sha256_file(folder / name) != sha256:
            problems.append(f"{name} is altered: its SHA-256 is not {sha256}")
    if problems:
        heading = (
            f"{len(problems)} of {len(sums)} files of the released weights in {folder} are gone or altered. "
            f"Restore them (`git checkout`), or train anew with `study train {folder.name} --restart`:"
        )
        raise StudyError(list_problems(heading, problems))
