"""Figure: does confidence add to the answer."""

from typing import TYPE_CHECKING

from analysis.canvas import DASHES, SOFT
from analysis.confidence import Roc
from analysis.estimates import Estimate
from analysis.exploration import Exploration
from analysis.figures.marks import color_of, shorten, start
from analysis.figures.ticks import set_percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "How well do confident answers tell them apart?"


def explain_absence(explored: Exploration) -> str:
    """Return why there are no ROC curves; empty where there are."""
    confidence = explored.study.findings.confidence
    if confidence is None or not confidence.rocs:
        return confidence.because if confidence and confidence.because else "there is no column confidence"
    return ""


def draw(explored: Exploration) -> "Figure":
    """Draw each generator's ROC curve, from surest "computer" to surest "human"."""
    figure, axes = start(explored.study, 5.6, TITLE)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=DASHES)
    for roc in list_rocs(explored):
        color = color_of(explored.study, roc.system)
        x, y = roc.points["false_alarm_rate"], roc.points["hit_rate"]
        marks = "-o" if len(x) <= 20 else "-"  # noqa: PLR2004 (more would hide the line)
        label = f"{shorten(roc.system, 16)}: {describe_area(roc.auc)}"
        axes.plot(x, y, marks, color=color, linewidth=2, markersize=4.5, label=label)
    set_percent(axes, "x")
    set_percent(axes, "y")
    axes.set_aspect("equal")
    axes.grid(visible=True)
    axes.set_xlabel('human clips judged "computer" (false alarms)')
    axes.set_ylabel('generated clips judged "computer" (hits)')
    axes.legend(loc="lower right", title="area below the curve", alignment="left")
    return figure


def read(explored: Exploration) -> str:
    """Return the figure in a sentence."""
    parts = [f"{roc.system} {describe_area(roc.auc)}" for roc in list_rocs(explored)]
    return (
        "Given one human and one generated clip, listeners were surer of the generated one being a "
        f"computer's this often (50% is guessing): {'; '.join(parts)}."
    )


def list_rocs(explored: Exploration) -> tuple[Roc, ...]:
    """Return the study's curves."""
    confidence = explored.study.findings.confidence
    return () if confidence is None else confidence.rocs


def describe_area(area: Estimate) -> str:
    """Return an area below a curve with its interval where there is one."""
    if area.low is None or area.high is None:
        return f"{100 * area.value:.0f}%"
    return f"{100 * area.value:.0f}% ({100 * area.low:.0f} to {100 * area.high:.0f})"
