"""What `study evaluate` writes: figures (JSON), a row of features per clip (CSV), a page (HTML)."""

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluation import FEATURE_COLUMNS
from models.evaluation_features import FEATURES
from models.evaluation_figures import HELD_OUT, ClipSet, Evaluation, Figures
from models.tokens import LOWEST_PITCH, N_PITCHES, Score
from study_core.manifest import write_bytes, write_json
from study_core.templates import open_templates

JSON_FILE, FEATURES_FILE, PAGE_FILE = "evaluation.json", "features.csv", "evaluation.html"
TEMPLATES = Path(__file__).parent / "templates"
ROLLS_PER_SET = 12
ROLL_WIDTH = 600  # units that a clip's length is drawn in


def write_evaluation(evaluation: Evaluation, folder: Path, seed: int) -> Path:
    """Write the three files; return the page's path."""
    write_json(folder / JSON_FILE, {"sets": [_describe(each) for each in evaluation.figures]})
    write_bytes(folder / FEATURES_FILE, _make_table(evaluation).encode())
    write_bytes(folder / PAGE_FILE, _make_page(evaluation, seed).encode())
    return folder / PAGE_FILE


def draw_clip(score: Score) -> str:
    """Return a clip's notes as the path of an SVG, a unit high per key, `ROLL_WIDTH` units long."""
    scale = ROLL_WIDTH / score.end_tick
    return "".join(
        f"M{round(onset * scale)} {LOWEST_PITCH + N_PITCHES - 1 - pitch}h{max(round(duration * scale), 1)}"
        for onset, pitch, duration, _ in score.notes.tolist()
    )


def _describe(figures: Figures) -> dict[str, Any]:
    described = asdict(figures)
    means, deviations = described.pop("means"), described.pop("deviations")
    described["features"] = {
        name: {"mean": mean, "deviation": deviation}
        for name, mean, deviation in zip(FEATURE_COLUMNS, means, deviations, strict=True)
    }
    return described


def _make_table(evaluation: Evaluation) -> str:
    """Return the features of the study's own clips, a row each."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["clip_id", *FEATURE_COLUMNS])
    for each, features in zip(evaluation.sets, evaluation.features, strict=True):
        rows = zip(each.clip_ids, features.tolist(), strict=False)  # what is no clip of the study has no id
        writer.writerows([clip_id, *map(repr, row)] for clip_id, row in rows)
    return table.getvalue()


def _make_page(evaluation: Evaluation, seed: int) -> str:
    page = (
        open_templates(TEMPLATES)
        .get_template("evaluation.html")
        .render(
            figures=evaluation.figures,
            features=FEATURES,
            held_out=HELD_OUT,
            sheets=[(each.name, _choose_rolls(each, seed)) for each in evaluation.sets],
            roll=(ROLL_WIDTH, N_PITCHES),
        )
    )
    return str(page)


def _choose_rolls(clips: ClipSet, seed: int) -> list[tuple[str, str]]:
    """Return names and drawings of clips drawn at random."""
    chosen = np.random.default_rng(seed).permutation(len(clips.scores))[:ROLLS_PER_SET]
    names = clips.clip_ids or clips.songs
    return [(names[i], draw_clip(clips.scores[i])) for i in sorted(chosen.tolist())]
