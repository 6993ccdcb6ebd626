"""Every number of the report for other programs: numbers.json."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.exploration import Exploration
from analysis.findings import Study
from analysis.keys import KEYS
from analysis.paradigms import PairStudy, RatingStudy
from analysis.posterior_keys import POSTERIOR_KEYS
from analysis.provenance import list_values
from study_core.manifest import write_json

FORMAT = "whos-that-composer/numbers"
FORMAT_VERSION = 2
"""Raised when a key changes its meaning or goes away."""
DIGITS = 10
"""Decimals kept: beyond them, sums in another order of rows may differ."""
IN_TABLES = ("listeners", "clips")
"""Of the findings, what only the CSV tables hold: a row per listener or clip."""


def write_numbers(explored: Exploration, path: Path) -> None:
    """Write every estimate with its provenance as documented, versioned JSON."""
    write_json(path, collect_numbers(explored))


def collect_numbers(explored: Exploration) -> dict[str, object]:
    """Return every estimate with its provenance, keys as in `analysis.keys`."""
    study = explored.study
    bayes = {} if study.posterior is None else {"posterior": make_plain(study.posterior)}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **describe_data(study),
        "lost_systems": list(study.lost_systems),
        "with_exclusions": collect_fields(study.findings, IN_TABLES),
        "without_exclusions": collect_fields(study.without_exclusions, IN_TABLES),
        "exploration": collect_fields(explored, ("study", *IN_TABLES)),
        **bayes,
        "keys": KEYS | POSTERIOR_KEYS if bayes else KEYS,
    }


def describe_data(study: Study | PairStudy | RatingStudy) -> dict[str, object]:
    """Return where a study's judgments come from, what was declared, and what was left out."""
    table = study.responses.table
    source = {
        "file": study.responses.source,
        "sha256": study.responses.sha256,
        "protocol_sha256": list_values(table, "protocol_sha256"),
        "study_version": list_values(table, "study_version"),
        "simulated": study.exclusions.simulated,
    }
    return {
        "source": source,
        "declared": study.config.model_dump(mode="json"),
        "people": dict(study.responses.flow),
        "early_looks": None if study.responses.looks is None else make_plain(study.responses.looks),
        "exclusions": make_plain(study.exclusions.steps),
    }


def make_plain(value: object) -> Any:
    """Return a record as dictionaries, lists and numbers of `DIGITS` decimals; None for what is no number."""
    if dataclasses.is_dataclass(value):
        return collect_fields(value)
    if isinstance(value, pd.DataFrame):
        return [make_plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): make_plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str):
        return [make_plain(item) for item in value]
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float):
        return round(number, DIGITS) if math.isfinite(number) else None
    return number


def collect_fields(record: Any, left_out: Sequence[str] = ()) -> dict[str, object]:
    """Return a record's fields as `make_plain` has them, but for those left out."""
    names = [field.name for field in dataclasses.fields(record) if field.name not in left_out]
    return {name: make_plain(getattr(record, name)) for name in names}
