"""What `study power` writes: table, numbers, figure, and a sentence per finding."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.canvas import SOFT, save_figure, set_style
from analysis.planning import Plan
from analysis.power import ONE_LOOK, UNCORRECTED
from study_core.manifest import write_bytes, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WANTED_POWER = 0.80
PANELS = {
    "power": "Power: a difference is found",
    "half_width": "Precision: points to each side of the difference",
    "equivalence": "Equal, and shown to be",
    "false_positives": "False positives (dotted: judgments as independent)",
}


def write_power(
    plan: Plan, grid: pd.DataFrame, looks: pd.DataFrame, studies: int, folder: Path
) -> Sequence[str]:
    """Write power.csv, power.json, power.svg and power.png; return the findings, a sentence each."""
    findings = describe_findings(plan, grid, looks)
    numbers = {
        "plan": asdict(plan),
        "studies": studies,
        "largest_monte_carlo_error": float(np.sqrt(0.25 / studies)),
        "grid": _list_rows(grid),
        "looks": _list_rows(looks),
        "findings": findings,
    }
    write_bytes(folder / "power.csv", grid.to_csv(index=False).encode())
    write_json(folder / "power.json", numbers)
    with set_style():
        save_figure(draw_grid(plan, grid, studies), folder / "power")
    return findings


def describe_findings(plan: Plan, grid: pd.DataFrame, looks: pd.DataFrame) -> list[str]:
    """Return what the simulations say of the planned study, of others, and of looking early."""
    rows = {str(row["boundary"]): row for row in looks.to_dict("records")}
    one, free = rows.pop(ONE_LOOK), rows.pop(UNCORRECTED)
    planned = (
        f"As planned ({plan.listeners} listeners, {plan.clips} clips of each system), a difference of "
        f"{_percent(plan.effect)} points is found in {_percent(one['power'])} % of studies, to "
        f"\u00b1{_percent(one['half_width'])} points; without one, {_percent(one['false_positives'])} % find "
        "one all the same."
    )
    equal = (
        f"A generator that is equal passes as equal (\u00b1{_percent(plan.bound)} points) in "
        f"{_percent(one['equivalence'])} % of studies as planned."
    )
    early = (
        f"Testing at every one of {free['looks']} looks without a boundary finds a difference that is not "
        f"there in {_percent(free['false_positives'])} % of studies."
    )
    lines = [
        planned,
        equal,
        _find_smallest(grid, "power", f"{_percent(plan.effect)} points to be found"),
        _find_smallest(grid, "equivalence", "an equal generator to pass"),
        early,
    ]
    for name, row in rows.items():
        levels = ", ".join(f"{p:.4f}" for p in row["thresholds"])
        lines.append(
            f"{name}: test after {', '.join(map(str, row['listeners']))} listeners at p < {levels}; "
            f"{_percent(row['false_positives'])} % false positives, {_percent(row['power'])} % power, "
            f"{row['mean_listeners']:.0f} listeners on average."
        )
    return lines


def draw_grid(plan: Plan, grid: pd.DataFrame, studies: int) -> "Figure":
    """Draw each surface over listeners, a line per number of clips."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 2)
    for axes, (what, title) in zip(panels.flat, PANELS.items(), strict=True):
        _draw_surface(axes, grid, what)
        axes.set_title(title)
    panels[0, 0].axhline(100 * WANTED_POWER, color=SOFT, linestyle="--", linewidth=1)
    panels[1, 0].axhline(100 * WANTED_POWER, color=SOFT, linestyle="--", linewidth=1)
    panels[1, 1].axhline(100 * (1 - plan.level), color=SOFT, linestyle="--", linewidth=1)
    for axes, what in ((panels[0, 0], "power"), (panels[1, 0], "equivalence")):
        axes.set_ylim(0, 103)
        axes.set_ylabel(f"% of studies ({what})")
    panels[0, 1].set_ylabel("points")
    panels[1, 1].set_ylabel("% of studies")
    panels[1, 0].legend(loc="best", title="clips of each system")
    figure.suptitle(
        f"A difference of {_percent(plan.effect)} points, or none: {studies} simulated studies a dot",
        x=0.012,
        ha="left",
        fontsize=12.5,
        weight="bold",
    )
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


def _find_smallest(grid: pd.DataFrame, what: str, wish: str) -> str:
    """Return the designs that no other beats in both listeners and clips, of those that are good enough."""
    good = grid.loc[grid[what] >= WANTED_POWER, ["listeners", "clips"]].to_numpy().tolist()
    beaten = {(n, c) for (n, c), (m, d) in product(good, good) if (n, c) != (m, d) and m <= n and d <= c}
    least = [f"{n} listeners with {c} clips" for n, c in good if (n, c) not in beaten]
    heading = f"For {wish} in {_percent(WANTED_POWER)} % of studies"
    if not least:
        best = grid.sort_values(what).to_dict("records")[-1]
        return (
            f"{heading}, none of these designs is enough: {best['listeners']:.0f} listeners with "
            f"{best['clips']:.0f} clips reach {_percent(best[what])} %."
        )
    return f"{heading}, it takes {' or '.join(least)}."


def _list_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows; None where no study had an interval to measure."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _percent(share: float) -> str:
    return "unknown" if np.isnan(share) else f"{100 * share:.3g}"
