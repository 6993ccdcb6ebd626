"""The model card of released weights (Mitchell et al. 2019), written from the study that trained them."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.corpus import PreparedPiece, load_pieces
from models.evaluation import MARKOV
from models.evaluation_figures import CEILING, FLOOR
from models.evaluation_page import JSON_FILE
from models.released import hash_music
from models.weights import WEIGHTS_FILE, training_settings
from study_core.config import Config
from study_core.errors import StudyError
from study_core.folders import CLIPS_FILE
from study_core.manifest import read_manifest, sha256_file
from study_core.types import Clip

MOST_CURVE_ROWS = 12


def write_card(system: str, config: Config) -> str:
    """Return a card as Markdown: file, data, split, settings, curve, evaluation, use and limits.

    Raises
    ------
    StudyError
        If the clips of the study were not composed with these weights and evaluated.
    """
    folder = config.folders.models / system
    pieces = load_pieces(config.folders)
    corpus = pieces[0].piece.corpus
    parts = [
        f"# `{system}`, trained on `{corpus}`",
        _describe_file(folder / WEIGHTS_FILE),
        "## Data\n\n" + "\n".join(_describe_data(pieces, config)),
        "## Settings\n\n" + _describe_settings(system, config),
        "## Curve\n\n" + _describe_curve(folder / "history.csv"),
        "## Evaluation\n\n" + _describe_evaluation(system, config),
        "## Use and limits\n\n" + _LIMITS.format(system=system),
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS = """\
`study train {system}` takes these weights where a study's training and validation pieces, as music, and its
settings are those above; `study train {system} --restart` trains it anew with the same seed. Composing needs
no TensorFlow and goes on from training pieces at hand: the weights hold no MIDI.

They are made to be judged in listening studies beside human music, and for nothing else. The figures are a
stand-in for listeners: nobody has listened to these clips. What a corpus lacks (other instruments, other
styles, songs with words, long forms) the generator lacks too, and the rights in what it composes are those
that the law of the place gives to music made from such a corpus."""


def _describe_file(path: Path) -> str:
    with np.load(path) as stored:
        n_parameters = sum(stored[name].size for name in stored.files)
    size_mb = path.stat().st_size / 1e6
    rows = [
        ("file", f"`{WEIGHTS_FILE}`, {size_mb:.2f} MB"),
        ("parameters", f"{n_parameters:,}, floats in half precision"),
        ("SHA-256", f"`{sha256_file(path)}`"),
    ]
    return _make_table(("", ""), rows)


def _describe_data(pieces: Sequence[PreparedPiece], config: Config) -> Iterator[str]:
    shares = f"{config.corpus.validation_share:g} of the songs for validation, {config.corpus.test_share:g}"
    yield f"Split by song with seed {config.seed}, {shares} for the test; near-duplicates stay together.\n"
    rows = []
    for split in ("train", "validation", "test"):
        own = [prepared for prepared in pieces if prepared.piece.split == split]
        hours = sum(prepared.piece.duration_s for prepared in own) / 3600
        n_notes = sum(prepared.piece.n_notes for prepared in own)
        n_songs = len({prepared.piece.song_cluster for prepared in own})
        rows.append((split, len(own), n_songs, f"{n_notes:,}", f"{hours:.2f}", f"`{hash_music(own)}`"))
    yield _make_table(("split", "pieces", "songs", "notes", "hours", "SHA-256 of the music"), rows)


def _describe_settings(system: str, config: Config) -> str:
    rows = []
    for name, value in training_settings(system, config).items():
        rows.append((name, ", ".join(value) or "none" if isinstance(value, tuple) else value))
    return _make_table(("setting", "value"), rows)


def _describe_curve(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    measured = [row for row in rows if row["validation_bits"]] or rows
    chosen = np.unique(np.linspace(0, len(measured) - 1, min(len(measured), MOST_CURVE_ROWS)).astype(int))
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    table = _make_table(
        [name.replace("_", " ") for name in names], [[measured[i][name] for name in names] for i in chosen]
    )
    return f"![Loss](loss.png)\n\n{len(rows)} steps; every one is in `history.csv`.\n\n{table}"


def _describe_evaluation(system: str, config: Config) -> str:
    path = config.folders.evaluation / JSON_FILE
    weights = sha256_file(config.folders.models / system / WEIGHTS_FILE)
    clips = config.folders.clips / CLIPS_FILE
    composed = [c for c in read_manifest(clips, Clip) if c.system == system] if clips.exists() else []
    if not path.exists() or not composed or any(clip.checkpoint_sha256 != weights for clip in composed):
        raise StudyError(
            f"A model card shows how the {system} does, but {path} does not hold clips of these weights. Put "
            f"{system} into clips.systems, then run `study generate` and `study evaluate`."
        )
    sets = json.loads(path.read_text(encoding="utf-8"))["sets"]
    shown = {CEILING, system, MARKOV, FLOOR}
    rows = [_describe_set(each) for each in sets if each["name"] in shown]
    names = ("clips", "number", "told apart (AUC, 95 %)", "Fréchet", "diversity", "copied, median / p95")
    return (
        "`study evaluate`, against held-out pieces: 0.5 says that a classifier cannot tell them apart. Read "
        "each figure between the ceiling (other real music) and the floor (a Markov chain).\n\n"
        + _make_table(names, rows)
    )


def _describe_set(figures: dict[str, Any]) -> Sequence[object]:
    apart = figures["separation"]
    return (
        figures["name"],
        figures["n_clips"],
        f"{apart['auc']:.2f} ({apart['low']:.2f} to {apart['high']:.2f})" if apart else "-",
        f"{figures['frechet']:.1f}" if apart else "-",
        f"{figures['diversity']:.1f}",
        f"{figures['copied_median']:.0f} / {figures['copied_p95']:.0f}",
    )


def _make_table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
