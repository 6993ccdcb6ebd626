"""What `study compare` writes: a page with a forest figure, numbers for programs, and sentences."""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, INK, PAPER, SOFT, embed_svg, explain, save_figure, set_style
from analysis.equivalence import Verdict
from analysis.estimates import Estimate
from analysis.figures.marks import draw_mark, list_ends, set_points, shorten
from analysis.findings import Study
from analysis.numbers import describe_data, make_plain
from analysis.page import make_environment
from analysis.readings import SIMULATED, decimal, percent, sign_points
from analysis.replication import D_PRIME, GAP, Pairing, Replication
from study_core.manifest import write_bytes, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE = "compare.html"
TITLE = "How far apart are the two studies?"


def write_replication(
    replication: Replication, studies: tuple[Study, Study], names: tuple[str, str], folder: Path
) -> list[str]:
    """Write compare.html, compare.json and the figure into a folder; return what they say, line by line."""
    level = studies[0].config.confidence_level
    findings = [describe(pairing, level) for pairing in replication.pairings]
    pairs = zip(names, studies, strict=True)
    numbers = {
        "studies": [{"name": name, **describe_data(study)} for name, study in pairs],
        "comparison": make_plain(replication),
        "findings": findings,
    }
    write_json(folder / "compare.json", numbers)
    is_simulated = any(study.exclusions.simulated for study in studies)
    with set_style():
        svg = save_figure(draw(replication, is_simulated=is_simulated), folder / "figure-compare")
    page = make_environment().get_template("compare.html")
    html = page.render(
        names=names,
        studies=studies,
        replication=replication,
        findings=findings,
        level=level,
        bound=studies[0].config.equivalence_bound,
        figure=embed_svg(svg, "compare"),
        is_simulated=is_simulated,
        simulated=SIMULATED,
        d_prime=D_PRIME,
    )
    write_bytes(folder / PAGE_FILE, html.encode())
    return findings


def describe(pairing: Pairing, level: float) -> str:
    """Return what a pairing says, in a sentence."""
    if pairing.quantity == D_PRIME:
        first, second = decimal(pairing.first.value), decimal(pairing.second.value)
        apart = decimal(pairing.difference.value, sign=True)
    else:
        show = sign_points if pairing.quantity == GAP else percent
        first, second = show(pairing.first.value), show(pairing.second.value)
        apart = f"{sign_points(pairing.difference.value)} points"
    values = f"{pairing.system}, {pairing.quantity}: {first} in A, {second} in B"
    return f"{values}; {apart} {_show_range(pairing, level)}: {judge(pairing)}."


def judge(pairing: Pairing) -> str:
    """Return what may be said of a difference between studies."""
    verdict = pairing.equivalence.verdict if pairing.equivalence else None
    if pairing.difference.low is None:
        return "cannot be judged"
    if verdict in (Verdict.EQUAL, Verdict.DIFFERENT_WITHIN_BOUND):
        return "alike within the declared bound"
    if pairing.difference.excludes_zero:
        return "different"
    return "no difference found, which is not the same as alike"


def draw(replication: Replication, *, is_simulated: bool) -> "Figure":
    """Draw every share's difference between the studies, and every d' beside it."""
    from analysis.canvas import set_title, size_figure

    shares = [one for one in replication.pairings if one.quantity != D_PRIME]
    sensitivities = [one for one in replication.pairings if one.quantity == D_PRIME]
    figure = size_figure(0.75 * (len(shares) + len(sensitivities)) + 1.6)
    ratios = [len(shares) + 0.6, len(sensitivities) + 0.6]
    upper, lower = figure.subplots(2, 1, height_ratios=ratios)
    set_title(upper, TITLE, SIMULATED if is_simulated else "")
    for axes, rows in ((upper, shares), (lower, sensitivities)):
        draw_mark(axes, 0)
        for row, pairing in enumerate(rows):
            _draw_row(axes, row, pairing.difference, GENERATORS[0])
        named = [f"{shorten(one.system, 18)}: {one.quantity}" for one in rows]
        axes.set_yticks(range(len(rows)), named)
        axes.set_ylim(len(rows) - 0.4, -0.6)
    set_points(upper, list_ends(one.difference for one in shares))
    upper.set_xlabel("percentage points, B minus A")
    lower.set_xlabel("d\u2032, B minus A")
    explain(lower, "Right of the line: more in B. Intervals count listeners and clips as samples.")
    return figure


def _draw_row(axes: object, row: int, estimate: Estimate, color: str) -> None:
    plot = axes.plot  # type: ignore[attr-defined]
    if estimate.low is not None and estimate.high is not None:
        plot([estimate.low, estimate.high], [row, row], color=color, linewidth=3, solid_capstyle="round")
    else:
        place = (estimate.value, row)
        axes.annotate("no interval", place, (8, 8), textcoords="offset points", color=SOFT)  # type: ignore[attr-defined]
    plot(estimate.value, row, "o", color=color if estimate.low is not None else INK, markersize=8)
    plot(estimate.value, row, "o", color=PAPER, markersize=2.5)


def _show_range(pairing: Pairing, level: float) -> str:
    estimate = pairing.difference
    if estimate.low is None or estimate.high is None:
        return f"(no interval, because {estimate.because})"
    low, high = (
        decimal(end, sign=True) if pairing.quantity == D_PRIME else sign_points(end)
        for end in (estimate.low, estimate.high)
    )
    return f"({percent(level)} interval {low} to {high})"
