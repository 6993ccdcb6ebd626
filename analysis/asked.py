"""The report of a study that asked otherwise than "human or computer?": in pairs, or for ratings."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.asked_exploration import Asked, explore_pairs, explore_ratings
from analysis.asked_keys import ASKED_KEYS
from analysis.figures import PAIR_DRAWINGS, RATING_DRAWINGS, write_figures
from analysis.keys import KEYS
from analysis.numbers import FORMAT, FORMAT_VERSION, IN_TABLES, collect_fields, describe_data, make_plain
from analysis.page import render_asked
from analysis.paradigms import PairFindings, PairStudy, RatingStudy
from analysis.pdf import write_beside
from analysis.tables import collect_explored, flatten, take, write_table
from study_core.manifest import write_bytes, write_json

STEPS = 4
"""Of `advance`, which `write_asked` calls after each."""


def write_asked(
    study: PairStudy | RatingStudy,
    folder: Path,
    title: str,
    *,
    features: pd.DataFrame | None = None,
    pdf: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Write report.html, report.pdf, numbers.json, tables and figures; return the page's path.

    The options, and what is raised, are those of `analysis.report.write_report`.
    """
    explored: Asked
    if isinstance(study, PairStudy):
        explored, drawings = explore_pairs(study, features), PAIR_DRAWINGS
    else:
        explored, drawings = explore_ratings(study, features), RATING_DRAWINGS
    advance()
    plates = write_figures(explored, folder, drawings)
    advance()
    write_json(folder / "numbers.json", collect_asked(explored))
    for name, table in _collect_tables(explored).items():
        if len(table):
            write_table(table, folder, name)
    page = folder / "report.html"
    write_bytes(page, render_asked(explored, plates, title).encode())
    advance()
    if pdf:
        write_beside(page, render_asked(explored, plates, title, on_paper=True))
    advance()
    return page


def collect_asked(explored: Asked) -> dict[str, object]:
    """Return every estimate with its provenance; `keys` says what those of these numbers mean."""
    study = explored.study
    name = "pairs" if isinstance(study, PairStudy) else "ratings"
    return {
        "format": f"{FORMAT}-{name}",
        "format_version": FORMAT_VERSION,
        **describe_data(study),
        "with_exclusions": collect_fields(study.findings, IN_TABLES),
        "without_exclusions": {name: make_plain(study.without_exclusions)},
        "exploration": collect_fields(explored, ("study", *IN_TABLES)),
        "keys": KEYS | ASKED_KEYS,
    }


def _collect_tables(explored: Asked) -> dict[str, pd.DataFrame]:
    """Return the tables by name; one may be empty."""
    found = explored.study.findings
    own = (
        {"pairs": flatten(found.pairs), "confidence": take(found.confidence.levels)}
        if isinstance(found, PairFindings)
        else {"ratings": flatten(found.ratings), "variance": take(found.spread.components)}
    )
    return {
        **own,
        "contrasts": flatten(found.contrasts),
        "claims": flatten(found.claims),
        "clips": explored.clips,
        "listeners": found.listeners,
        **collect_explored(explored),
    }
