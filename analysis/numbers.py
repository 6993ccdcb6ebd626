"""Every number of the report for other programs: numbers.json and a CSV file per table."""

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.findings import Findings, Study
from study_core.manifest import write_bytes, write_json

FORMAT = "whos-that-composer/numbers"
FORMAT_VERSION = 1
"""Raised when a key changes its meaning or goes away."""
DIGITS = 10
"""Decimals kept: beyond them, sums in another order of rows may differ."""

KEYS = {
    "format": "name of this format",
    "format_version": "raised when a key changes its meaning or goes away",
    "keys": "this list",
    "source": "the table of judgments: file, sha256, and the protocols and versions named in it",
    "file": "name of the table",
    "sha256": "SHA-256 of the table's bytes",
    "protocol_sha256": "hashes of the frozen protocols that the rows carry; empty where they carry none",
    "study_version": "versions of the study that the rows carry",
    "simulated": "whether the listeners are simulated",
    "declared": "the section `analysis` of config.yaml",
    "people": "people per stage from arrival to withdrawal; empty where unknown",
    "exclusions": "the flow of judgments, a step per declared rule, in the order applied",
    "name": "what the step left out",
    "judgments": "judgments left after the step",
    "listeners": "listeners left after the step",
    "clips": "clips left after the step",
    "left_out": "judgments the step left out; null where the rule could not be applied",
    "note": "why a rule could not be applied",
    "with_exclusions": "the findings: all estimates after the exclusions",
    "without_exclusions": "the same estimates before the exclusions",
    "lost_systems": "systems of which the exclusions left no judgment",
    "human": "the human clips: share judged human",
    "generators": "a list with an entry per generator",
    "fooling": "share of the generator's clips judged human",
    "system": "name of the system",
    "n_trials": "judgments",
    "n_listeners": "listeners with a judgment of the system",
    "n_clips": "clips with a judgment",
    "rate": "share judged human",
    "difference": "share judged human minus that of the human clips; in a contrast, first minus second",
    "detection": "signal detection against the human clips; generated clips are the signal",
    "d_prime": "z(hit rate) - z(false-alarm rate), marginal",
    "criterion": "-(z(hit rate) + z(false-alarm rate)) / 2; above 0 leans to human",
    "balanced_accuracy": "mean of the shares correct of human and generated clips",
    "equivalence": "two one-sided tests of the difference against the declared bound",
    "bound": "the declared bound of the difference",
    "smallest_bound": "the smallest bound with which the test would have passed",
    "verdict": "different; equal; different, within the bound; open; not estimated",
    "contrasts": "differences between generators",
    "first": "first generator of a contrast",
    "second": "second generator of a contrast",
    "p_holm": "two-sided p of a contrast, Holm over all contrasts",
    "accuracy": "correct judgments over all systems",
    "correct": "share of correct judgments",
    "base_rate": "share of trials with a human clip",
    "value": "point estimate",
    "low": "lower end of the interval; in an equivalence test of its interval of level 1 - 2 alpha",
    "high": "upper end of that interval",
    "standard_error": "two-way clustered standard error",
    "degrees_of_freedom": "of the t reference",
    "naive_low": "lower end of the interval that treats judgments as independent: too narrow",
    "naive_high": "upper end of that interval",
    "method": "how value and interval were had",
    "because": "why there is no interval; empty where there is one",
    "warnings": "why not to trust an estimate, a sentence each",
    "p": "p of the equivalence test, the larger of the two",
}
"""What each key of numbers.json means."""


def write_numbers(study: Study, path: Path) -> None:
    """Write every estimate with its provenance as documented, versioned JSON."""
    write_json(path, collect_numbers(study))


def collect_numbers(study: Study) -> dict[str, object]:
    """Return every estimate with its provenance, keys as in `KEYS`."""
    table = study.responses.table
    source = {
        "file": study.responses.source,
        "sha256": study.responses.sha256,
        "protocol_sha256": list_values(table, "protocol_sha256"),
        "study_version": list_values(table, "study_version"),
        "simulated": study.exclusions.simulated,
    }
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "source": source,
        "declared": study.config.model_dump(),
        "people": dict(study.responses.flow),
        "exclusions": _plain(study.exclusions.steps),
        "lost_systems": list(study.lost_systems),
        "with_exclusions": _collect_findings(study.findings),
        "without_exclusions": _collect_findings(study.without_exclusions),
        "keys": KEYS,
    }


def list_values(table: pd.DataFrame, name: str) -> list[str]:
    """Return the different values of a column, in order; none where the table lacks it."""
    return sorted(map(str, table[name].dropna().unique())) if name in table else []


def write_tables(study: Study, folder: Path) -> None:
    """Write systems, contrasts, clips and listeners as CSV, a file each."""
    found = study.findings
    systems: list[dict[str, Any]] = [
        {"fooling": _plain(found.human)},
        *(_plain(generator) for generator in found.generators),
    ]
    tables = {
        "systems": pd.json_normalize(systems, sep="_"),
        "contrasts": pd.json_normalize([_plain(contrast) for contrast in found.contrasts], sep="_"),
        "clips": found.clips,
        "listeners": found.listeners,
    }
    for name, table in tables.items():
        text = io.StringIO()
        table.round(DIGITS).to_csv(text, index=False, lineterminator="\n")
        write_bytes(folder / f"table-{name}.csv", text.getvalue().encode())


def _collect_findings(found: Findings) -> dict[str, object]:
    names = ("human", "generators", "contrasts", "accuracy")
    return {name: _plain(getattr(found, name)) for name in names}


def _plain(value: object) -> Any:
    """Return records as dictionaries and floats with `DIGITS` decimals."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return round(value, DIGITS) if isinstance(value, float) else value
