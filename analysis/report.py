"""A self-contained page that answers the study's question; beside it PDF, numbers, tables and figures."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.exploration import explore
from analysis.figures import write_figures
from analysis.findings import Study
from analysis.numbers import write_numbers
from analysis.page import render_page
from analysis.pdf import write_beside
from analysis.tables import write_tables
from study_core.manifest import write_bytes

PAGE_FILE, NUMBERS_FILE = "report.html", "numbers.json"
STEPS = 5
"""Of `advance`, which `write_report` calls after each."""


def write_report(
    study: Study,
    folder: Path,
    title: str,
    *,
    features: pd.DataFrame | None = None,
    pdf: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Write report.html, report.pdf, numbers.json, tables and figures into a folder; return the page's path.

    The page asks nothing of any network, and the same study gives the same bytes.

    Parameters
    ----------
    features
        Of the clips, as `analysis.cues.read_features` returns them.
    pdf
        Whether to write the PDF too.
    advance
        Called after each of `STEPS` steps.

    Raises
    ------
    ToolMissingError
        If the PDF cannot be written because a library is missing; everything else has been by then.
    """
    explored = explore(study, features)
    advance()
    plates = write_figures(explored, folder)
    advance()
    write_numbers(explored, folder / NUMBERS_FILE)
    write_tables(explored, folder)
    advance()
    page = folder / PAGE_FILE
    write_bytes(page, render_page(explored, plates, title).encode())
    advance()
    if pdf:
        write_beside(page, render_page(explored, plates, title, on_paper=True))
    advance()
    return page
