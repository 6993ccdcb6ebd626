"""Every table of the report as a CSV file."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.exploration import Exploration
from analysis.numbers import DIGITS, make_plain
from study_core.manifest import write_bytes


def write_tables(explored: Exploration, folder: Path) -> None:
    """Write each table that has rows as `table-NAME.csv`."""
    for name, table in collect_tables(explored).items():
        if len(table):
            write_table(table, folder, name)


def write_table(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write a table as `table-NAME.csv`."""
    text = io.StringIO()
    table.round(DIGITS).to_csv(text, index=False, lineterminator="\n")
    write_bytes(folder / f"table-{name}.csv", text.getvalue().encode())


def collect_tables(explored: Exploration) -> dict[str, pd.DataFrame]:
    """Return the tables by name; one may be empty."""
    found, sensitivity = explored.study.findings, explored.sensitivity
    generators = {generator.system: make_plain(generator) for generator in found.generators}
    systems = [generators.get(one.system, {"fooling": make_plain(one)}) for one in found.systems]
    confidence, spread = found.confidence, found.spread
    return {
        "systems": flatten(systems),
        "contrasts": flatten(found.contrasts),
        "methods": flatten(_list_methods(explored)),
        "clips": explored.clips,
        "listeners": found.listeners,
        "exclusions": flatten(explored.study.exclusions.steps),
        "variants": flatten(sensitivity.variants),
        "specifications": flatten(sensitivity.specifications),
        "influence": flatten(sensitivity.influences),
        "learning": _take(explored.learning.curve),
        "moderators": pd.concat(
            [one.groups.assign(moderator=one.name) for one in explored.moderators if one.groups is not None]
            or [pd.DataFrame()]
        ),
        "confidence": _take(confidence.levels if confidence else None),
        "variance": _take(spread.components if spread else None),
        "cues": _take(explored.cues.table),
        "reasons": _take(explored.reasons.table),
    }


def _list_methods(explored: Exploration) -> list[dict[str, object]]:
    """Return a row per quantity and method, the primary one of each first."""
    return [
        {"quantity": one.quantity, "system": one.system, "is_primary": i == 0, **make_plain(estimate)}
        for one in explored.study.findings.comparisons
        for i, estimate in enumerate((one.primary, *one.others))
    ]


def flatten(records: Sequence[object]) -> pd.DataFrame:
    """Return a row per record, nested names joined by an underscore, lists of words by a semicolon."""
    table = pd.json_normalize([make_plain(record) for record in records], sep="_")
    return table.map(lambda cell: "; ".join(map(str, cell)) if isinstance(cell, list) else cell)


def _take(table: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame() if table is None else table
