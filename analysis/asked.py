"""The report of a study that asked otherwise than "human or computer?": in pairs, or for ratings."""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.canvas import save_figure, set_style
from analysis.figures import Plate, flow, pairs, ratings
from analysis.numbers import FORMAT, FORMAT_VERSION, describe_data, make_plain
from analysis.page import render_asked
from analysis.paradigms import PairStudy, RatingStudy
from analysis.pdf import write_beside
from analysis.tables import flatten, write_table
from study_core.manifest import write_bytes, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_asked(study: PairStudy | RatingStudy, folder: Path, title: str, *, pdf: bool = True) -> Path:
    """Write report.html, report.pdf, numbers.json, tables and figures; return the page's path.

    Raises ToolMissingError as `analysis.report.write_report` does.
    """
    plates = _write_figures(study, folder)
    estimates = study.pairs if isinstance(study, PairStudy) else study.ratings
    name = "pairs" if isinstance(study, PairStudy) else "ratings"
    write_json(folder / "numbers.json", _collect_numbers(study, name))
    write_table(flatten(estimates), folder, name)
    write_table(flatten(study.exclusions.steps), folder, "exclusions")
    page = folder / "report.html"
    write_bytes(page, render_asked(study, plates, title).encode())
    if pdf:
        write_beside(page, render_asked(study, plates, title, on_paper=True))
    return page


def _write_figures(study: PairStudy | RatingStudy, folder: Path) -> dict[str, Plate]:
    with set_style():
        plates = {"flow": _save(flow.draw_flow(study), "flow", flow.TITLE, flow.read_flow(study), folder)}
        if isinstance(study, PairStudy):
            plates["pairs"] = _save(pairs.draw(study), "pairs", pairs.TITLE, pairs.read(study), folder)
        else:
            plates["ratings"] = _save(
                ratings.draw(study), "ratings", ratings.TITLE, ratings.read(study), folder
            )
    return plates


def _save(figure: "Figure", name: str, title: str, reading: str, folder: Path) -> Plate:
    return Plate(name, title, save_figure(figure, folder / f"figure-{name}"), reading)


def _collect_numbers(study: PairStudy | RatingStudy, name: str) -> dict[str, object]:
    before = study.without_exclusions
    after = study.pairs if isinstance(study, PairStudy) else study.ratings
    claims = {"claims": make_plain(study.claims)} if isinstance(study, PairStudy) else {}
    return {
        "format": f"{FORMAT}-{name}",
        "format_version": FORMAT_VERSION,
        **describe_data(study),
        "with_exclusions": make_plain(after),
        "without_exclusions": make_plain(before),
        **claims,
    }
