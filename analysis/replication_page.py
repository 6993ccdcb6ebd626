"""What `study compare` writes: a page with a forest figure, numbers for programs, and sentences."""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.canvas import GENERATORS, INK, PAPER, SOFT, embed_svg, explain, save_figure, set_style
from analysis.equivalence import Verdict
from analysis.estimates import Estimate
from analysis.figures.marks import draw_mark, shorten
from analysis.figures.ticks import list_ends, set_points
from analysis.numbers import describe_data, make_plain
from analysis.page import count_asked, make_environment
from analysis.replication import D_PRIME, DIFFERENCES, SHARES, Pairing, Replication
from analysis.replication_asked import AnyStudy
from analysis.wording import SIMULATED, decimal, percent, show_level, sign_points
from study_core.manifest import write_bytes, write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_FILE = "compare.html"
TITLE = "How far apart are the two studies?"


def write_replication(
    replication: Replication, studies: tuple[AnyStudy, AnyStudy], names: tuple[str, str], folder: Path
) -> list[str]:
    """Write compare.html, compare.json and the figure into a folder; return what they say, line by line."""
    level = studies[0].config.confidence_level
    findings = [describe(pairing, level) for pairing in replication.pairings]
    findings += [replication.caution] if replication.caution else []
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
        bounds=[one.equivalence.bound for one in replication.pairings if one.equivalence],
        counts=[count_asked(study.exclusions.kept) for study in studies],
        paradigm=studies[0].responses.paradigm,
        figure=embed_svg(svg, "compare"),
        is_simulated=is_simulated,
        simulated=SIMULATED,
        in_percent=(*SHARES, *DIFFERENCES),
    )
    write_bytes(folder / PAGE_FILE, html.encode())
    return findings


def describe(pairing: Pairing, level: float) -> str:
    """Return what a pairing says, in a sentence."""
    if pairing.quantity in SHARES or pairing.quantity in DIFFERENCES:
        show = percent if pairing.quantity in SHARES else sign_points
        first, second = show(pairing.first.value), show(pairing.second.value)
        apart = f"{sign_points(pairing.difference.value)} points"
    else:
        first, second = decimal(pairing.first.value), decimal(pairing.second.value)
        apart = decimal(pairing.difference.value, sign=True)
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
    """Draw every share's difference between the studies, and below it those of d' or of mean ratings."""
    from analysis.canvas import set_title, size_figure

    shares = [one for one in replication.pairings if one.quantity in (*SHARES, *DIFFERENCES)]
    numbers = [one for one in replication.pairings if one not in shares]
    figure = size_figure(0.75 * len(replication.pairings) + 1.6)
    ratios = [len(shares) + 0.6, len(numbers) + 0.6]
    upper, lower = figure.subplots(2, 1, height_ratios=ratios)
    set_title(upper, TITLE, SIMULATED if is_simulated else "")
    for axes, rows in ((upper, shares), (lower, numbers)):
        draw_mark(axes, 0)
        for row, pairing in enumerate(rows):
            _draw_row(axes, row, pairing.difference, GENERATORS[0])
        named = [f"{shorten(one.system, 18)}: {one.quantity}" for one in rows]
        axes.set_yticks(range(len(rows)), named)
        axes.set_ylim(len(rows) - 0.4, -0.6)
    set_points(upper, list_ends(one.difference for one in shares))
    upper.set_xlabel("percentage points, B minus A")
    unit = "d\u2032" if all(one.quantity == D_PRIME for one in numbers) else "levels of the scale"
    lower.set_xlabel(f"{unit}, B minus A")
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
        sign_points(end) if pairing.quantity in (*SHARES, *DIFFERENCES) else decimal(end, sign=True)
        for end in (estimate.low, estimate.high)
    )
    return f"({show_level(level)} interval {low} to {high})"
