"""One self-contained page that answers the study's question, with numbers, tables and figures beside it."""

from pathlib import Path

from analysis import readings
from analysis.canvas import GENERATORS, embed_svg
from analysis.estimates import BOUND, Estimate
from analysis.figures import write_figures
from analysis.findings import Study
from analysis.numbers import list_values, write_numbers, write_tables
from analysis.plan import show_value
from study_core.manifest import write_bytes

TEMPLATES = Path(__file__).parent / "templates"
REPORT_FILE = "report.html"
NUMBERS_FILE = "numbers.json"


def write_report(study: Study, folder: Path, title: str) -> Path:
    """Write report.html, numbers.json, tables and figures into a folder; return the page's path.

    The page asks nothing of any network, and the same study gives the same bytes.
    """
    figures = write_figures(study, folder)
    write_numbers(study, folder / NUMBERS_FILE)
    write_tables(study, folder)
    page = folder / REPORT_FILE
    write_bytes(page, render_page(study, figures, title).encode())
    return page


def render_page(study: Study, figures: dict[str, str], title: str) -> str:
    """Return the page; `figures` holds SVGs by name, as `write_figures` returns them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": readings.percent,
        "number": _number,
        "interval": _interval,
        "p": _p,
        "show": show_value,
    }
    return environment.get_template(REPORT_FILE).render(
        title=title,
        study=study,
        found=study.findings,
        readings=readings,
        bound_method=BOUND,
        colors=dict(zip((g.system for g in study.findings.generators), GENERATORS * 99, strict=False)),
        figures={name: embed_svg(svg, name) for name, svg in figures.items()},
        protocols=list_values(study.responses.table, "protocol_sha256"),
        versions=list_values(study.responses.table, "study_version"),
    )


def _number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number with a real minus, or a dash where there is none."""
    if value is None:
        return "\u2013"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", readings.MINUS)


def _interval(estimate: Estimate, scale: float = 1, digits: int = 2, *, naive: bool = False) -> str:
    """Return an interval as "low to high", or a dash where there is none."""
    low, high = (estimate.naive_low, estimate.naive_high) if naive else (estimate.low, estimate.high)
    if low is None or high is None:
        return "\u2013"
    return f"{_number(scale * low, digits)} to {_number(scale * high, digits)}"


def _p(value: float | None) -> str:
    """Return a p value with three decimals, never as 0."""
    if value is None:
        return "\u2013"
    clear = 0.001
    if value < clear:
        return "< .001"
    return "> .999" if value > 1 - clear else f"{value:.3f}".removeprefix("0")
