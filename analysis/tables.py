"""Every table of the report as a CSV file."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.asked_exploration import Asked
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
    found = explored.study.findings
    generators = {generator.system: make_plain(generator) for generator in found.generators}
    systems = [generators.get(one.system, {"fooling": make_plain(one)}) for one in found.systems]
    confidence, spread = found.confidence, found.spread
    return {
        "systems": flatten(systems),
        "contrasts": flatten(found.contrasts),
        "methods": flatten(_list_methods(explored)),
        "clips": explored.clips,
        "listeners": found.listeners,
        "posterior": flatten(explored.study.posterior.systems if explored.study.posterior else ()),
        "confidence": take(confidence.levels if confidence else None),
        "variance": take(spread.components if spread else None),
        **collect_explored(explored),
    }


def collect_explored(explored: Exploration | Asked) -> dict[str, pd.DataFrame]:
    """Return the tables of what is looked at in every study."""
    sensitivity = explored.sensitivity
    groups = [one.groups.assign(moderator=one.name) for one in explored.moderators if one.groups is not None]
    factors = [flatten(factor.cells).assign(factor=factor.name) for factor in explored.factors]
    return {
        "exclusions": flatten(explored.study.exclusions.steps),
        "variants": flatten(sensitivity.variants),
        "specifications": flatten(sensitivity.specifications),
        "influence": flatten(sensitivity.influences),
        "learning": take(explored.learning.curve),
        "moderators": pd.concat(groups or [pd.DataFrame()]),
        "factors": pd.concat(factors or [pd.DataFrame()]),
        "cues": take(explored.cues.table),
        "reasons": take(explored.reasons.table),
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


def take(table: pd.DataFrame | None) -> pd.DataFrame:
    """Return the table, or an empty one where there is none."""
    return pd.DataFrame() if table is None else table
