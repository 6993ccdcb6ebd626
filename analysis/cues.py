"""What gave it away: which measured features of clips go with being judged computer.

The features come from a CSV file, a row per clip: `clip_id` and any columns of numbers. Each feature is asked
about alone, systems held equal, so that it tells more than "the generator has more of it"; of pairs, what
counts is how much more of it the generated clip has than the human one beside it. p values are adjusted over
all features. These are associations: nothing here was varied on purpose.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.answers import HUMAN_CLIP
from analysis.cells import read_cells
from analysis.learning import add_systems
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.regression import Regression, regress
from study_core.errors import ResponsesError

NAME_ANOTHER = "Name another file with --features."
JUDGED_COMPUTER, FOUND_OUT = "judged computer", "found out"
"""The outcomes that are shares: of clips, and of generated clips beside a human one."""
ALIKE = 1e-9
"""An SD below this share of the largest value is none."""
FEWEST_CLIPS = 5
"""A feature known of fewer clips is not asked about."""


@dataclass(frozen=True, slots=True)
class Cues:
    """How features go with an outcome, such as being judged computer.

    Attributes
    ----------
    table
        `feature`, `n_clips`, `effect` (change of the outcome per SD of the feature over clips, systems held
        equal), `low`, `high`, `p`, `p_adjusted`; largest effects first.
    left_out
        Feature: why nothing can be said of it.
    because
        Why there is none of this; empty where there is.
    outcome
        What the features are asked to go with.
    """

    table: pd.DataFrame | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    because: str = ""
    outcome: str = JUDGED_COMPUTER

    @property
    def in_points(self) -> bool:
        """Tell whether the outcome is a share."""
        return self.outcome in (JUDGED_COMPUTER, FOUND_OUT)


def read_features(path: Path) -> pd.DataFrame:
    """Return the features in a CSV file: `clip_id` as text, and its columns of numbers (NaN where empty).

    Raises ResponsesError if it cannot be read, has no `clip_id`, repeats one, or has no column of numbers.
    """
    try:
        cells = read_cells(path.read_bytes(), path)
    except OSError as error:
        raise ResponsesError(f"{path} cannot be read: {error.strerror}. {NAME_ANOTHER}") from None
    if "clip_id" not in cells or cells["clip_id"].duplicated().any():
        raise ResponsesError(f"{path} needs a column clip_id and a row per clip. {NAME_ANOTHER}")
    others = cells.drop(columns="clip_id").items()
    numbers = {str(name): _read_numbers(column) for name, column in others}
    used = {name: column for name, column in numbers.items() if column is not None}
    if not used:
        raise ResponsesError(f"{path} has no column of numbers beside clip_id. {NAME_ANOTHER}")
    return pd.DataFrame({"clip_id": cells["clip_id"], **used})


def _read_numbers(cells: "pd.Series[str]") -> "pd.Series[float] | None":
    """Return a column of numbers, NaN where a cell is empty; None where it holds anything else."""
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite(numbers))
    n_filled = int((cells.str.strip() != "").sum())
    return numbers if 0 < numbers.count() == n_filled else None


def find_cues(
    table: pd.DataFrame, features: pd.DataFrame | None, level: float, *, outcome: str = JUDGED_COMPUTER
) -> Cues:
    """Return how each feature goes with the outcome: one of the two above, or a column of the table."""
    if features is None:
        return Cues(because="no features of the clips were given (--features FILE)", outcome=outcome)
    by_clip = features.set_index("clip_id")
    answers = table[outcome] if outcome in table else 1 - table["judged_human"]
    rows, left_out = [], []
    for name, measured in by_clip.items():
        found = _ask(table, measured, answers, level)
        if isinstance(found, str):
            left_out.append((str(name), found))
        else:
            rows.append({"feature": str(name), **found})
    if not rows:
        because = "no feature differs between enough of the clips judged"
        return Cues(left_out=tuple(left_out), because=because, outcome=outcome)
    cues = pd.DataFrame(rows)
    cues["p_adjusted"] = adjust_benjamini_hochberg(cues["p"].tolist())
    order = cues["effect"].abs().sort_values(ascending=False, kind="stable").index
    return Cues(cues.loc[order].reset_index(drop=True), tuple(left_out), outcome=outcome)


def _ask(
    table: pd.DataFrame, measured: "pd.Series[float]", answers: "pd.Series[float]", level: float
) -> dict[str, object] | str:
    """Return the numbers of one feature, or why there are none."""
    sides = [table[name] for name in ("clip_id", HUMAN_CLIP) if name in table]
    values = [side.map(measured) for side in sides]
    known = pd.concat(values, axis=1).notna().all(axis=1)
    clips = measured.loc[pd.concat([side[known] for side in sides]).unique()]
    if len(clips) < FEWEST_CLIPS:
        return f"it is known of {len(clips)} clips judged; {FEWEST_CLIPS} are the least"
    spread = float(clips.std(ddof=0))
    if spread <= ALIKE * max(1.0, float(clips.abs().max())):
        return "it is the same in all clips"
    value = values[0] - (values[1] if len(values) > 1 else clips.mean())
    terms = add_systems(table[known], pd.DataFrame({"feature": value[known] / spread}))
    found: Regression | str = regress(answers[known], terms, table[known])
    if isinstance(found, str):
        return found
    effect = found.estimate("feature", level)
    if effect.p is None:
        return "all judgments were alike"
    return {
        "n_clips": len(clips), "effect": effect.value, "low": effect.low, "high": effect.high, "p": effect.p
    }  # fmt: skip
