"""What `study power` writes: page, table, numbers and figure."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.canvas import DASHES, INK, SOFT, embed_svg, save_figure, set_style
from analysis.page import make_environment
from analysis.planning import Plan
from analysis.power import ONE_LOOK
from analysis.power_readings import (
    WANTED_POWER,
    compute_d_prime,
    describe_effect,
    describe_findings,
    describe_methods,
    show_threshold,
)
from study_core.manifest import write_bytes, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_FILE = "power.html"
PANELS = {
    "power": "Power: the difference is found",
    "half_width": "Precision: points to each side",
    "equivalence": "Equal, and shown to be",
    "false_positives": "False positives (dotted: judgments as independent)",
}


def write_power(
    plan: Plan, grid: pd.DataFrame, looks: pd.DataFrame, studies: int, folder: Path
) -> Sequence[str]:
    """Write power.html, power.csv, power.json and the figure; return the findings, the answer first."""
    findings = describe_findings(plan, grid, looks)
    error = float(np.sqrt(0.25 / studies))
    numbers = {
        "plan": asdict(plan),
        "effect_d_prime": compute_d_prime(plan),
        "studies": studies,
        "largest_monte_carlo_error": error,
        "grid": _list_rows(grid),
        "looks": _list_rows(looks),
        "findings": findings,
    }
    write_bytes(folder / "power.csv", grid.to_csv(index=False).encode())
    write_json(folder / "power.json", numbers)
    one = looks[looks["boundary"] == ONE_LOOK].iloc[0]
    with set_style():
        svg = save_figure(draw_grid(plan, grid, one), folder / "power")
    page = make_environment().get_template(PAGE_FILE)
    html = page.render(
        plan=plan,
        findings=findings,
        effect=describe_effect(plan),
        methods=describe_methods(plan, studies),
        figure=embed_svg(svg, "power"),
        grid=_list_rows(grid),
        looks=_list_rows(looks),
        studies=studies,
        error=error,
        wanted=WANTED_POWER,
        show_threshold=show_threshold,
    )
    write_bytes(folder / PAGE_FILE, html.encode())
    return findings


def draw_grid(plan: Plan, grid: pd.DataFrame, planned: "pd.Series[Any]") -> "Figure":
    """Draw each surface over listeners, a line per number of clips, and a ring around the planned study."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, (what, title) in zip(panels.flat, PANELS.items(), strict=True):
        _draw_surface(axes, grid, what)
        ring = {"markersize": 11, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 1.6}
        axes.plot(plan.listeners, 100 * planned[what], "o", label="as planned", zorder=3, **ring)
        axes.set_title(title)
        axes.set_ylabel("points" if what == "half_width" else "% of studies")
    for axes, mark in zip(panels.flat, (WANTED_POWER, None, WANTED_POWER, 1 - plan.level), strict=True):
        if mark:
            axes.axhline(100 * mark, color=SOFT, linestyle=DASHES, linewidth=1)
    for axes in panels[:, 0]:
        axes.set_ylim(0, 103)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", title="clips of each system", ncols=len(labels))
    figure.supxlabel("listeners", fontsize=9.5, color=SOFT)
    return figure


def _draw_surface(axes: "Axes", grid: pd.DataFrame, what: str) -> None:
    sizes = sorted(grid["clips"].unique())
    for i, clips in enumerate(sizes):
        rows = grid[grid["clips"] == clips].sort_values("listeners")
        shade = 0.35 + 0.65 * (i + 1) / len(sizes)
        style: dict[str, Any] = {"color": "#0072b2", "alpha": shade, "linewidth": 1 + 1.5 * shade}
        axes.plot(rows["listeners"], 100 * rows[what], "o-", label=str(clips), markersize=4, **style)
        if what == "false_positives":
            naive = 100 * rows["naive_false_positives"]
            axes.plot(rows["listeners"], naive, "o:", markersize=3, **(style | {"color": "#d55e00"}))
    axes.set_xscale("log")
    axes.minorticks_off()
    ticks = sorted(grid["listeners"].unique())
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_ylim(bottom=0)
    axes.grid(visible=True)


def _list_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows; None where no study had an interval to measure."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
