"""How many listeners and clips, in plain words; every sentence is computed from the simulated studies."""

from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from analysis.page import NOTHING
from analysis.planning import LITERATURE, Plan
from analysis.power import ONE_LOOK, UNCORRECTED
from analysis.power_lines import GUESSING, LINES, predict_mean_difference
from analysis.wording import D_PRIME, decimal, percent, points, show_level

WANTED_POWER = 0.80
_LINES = {
    "yes_no": "the difference between the generator's and the human clips' share judged human, with two-way "
    "clustered standard errors",
    "two_afc": "the share of pairs in which the human clip was found against 50%, with standard errors "
    "clustered by listener, generated clip and human clip",
    "rating": "the chance that one of its ratings lies above one of a human clip against 50%, with two-way "
    "clustered standard errors",
}


def answer(plan: Plan, grid: pd.DataFrame, planned: float) -> str:
    """Return how many listeners and clips it takes, in one sentence; `planned` is the plan's own power."""
    goal, own = _describe_goal(plan), _name(plan.listeners, plan.clips)
    enough = list_enough(grid, "power")
    if planned >= WANTED_POWER:
        fewer = [(n, c) for n, c in enough if n <= plan.listeners and c <= plan.clips]
        fewer = [size for size in fewer if size != (plan.listeners, plan.clips)]
        also = f"; {_name_all(fewer)} would do" if fewer else ""
        return (
            f"The plan is enough: {own} of each system detect {goal} in {percent(planned)} of studies{also}."
        )
    if enough:
        return (
            f"Take {_name_all(enough)} of each system to detect {goal} in at least {percent(WANTED_POWER)} "
            f"of studies; as planned, {own} do in {percent(planned)}."
        )
    best = grid.sort_values("power").to_dict("records")[-1]
    return (
        f"More than was tried is needed to detect {goal} in {percent(WANTED_POWER)} of studies: "
        f"{_name(best['listeners'], best['clips'])} of each system do in {percent(best['power'])}, as "
        f"planned {own} in {percent(planned)}; try more with --listeners, or raise trials.per_participant."
    )


def describe_findings(plan: Plan, grid: pd.DataFrame, looks: pd.DataFrame) -> list[str]:
    """Return the answer, and what the simulations say of the planned study and of looking early."""
    rows = {str(row["boundary"]): row for row in looks.to_dict("records")}
    one, free = rows.pop(ONE_LOOK), rows.pop(UNCORRECTED)
    sure = (
        f"As planned, {_describe_session(plan)}: {_describe_center(plan)} is known to "
        f"±{_show_points(one['half_width'])}; without a difference {percent(one['false_positives'])} of "
        "studies find one all the same."
    )
    early = (
        f"Testing at every one of {free['looks']} looks without a boundary finds a difference that is not "
        f"there in {percent(free['false_positives'])} of studies."
    )
    lines = [
        answer(plan, grid, one["power"]),
        sure,
        _describe_equality(plan, grid, one["equivalence"]),
        early,
    ]
    for name, row in rows.items():
        levels = ", ".join(map(show_threshold, row["thresholds"]))
        lines.append(
            f"{name}: test after {', '.join(map(str, row['listeners']))} listeners at p < {levels}; "
            f"{percent(row['false_positives'])} false positives, {percent(row['power'])} power, "
            f"{row['mean_listeners']:.0f} listeners on average."
        )
    return lines


def describe_effect(plan: Plan) -> str:
    """Return what is to be found, in the terms of the paradigm and as d'."""
    half = percent(GUESSING + plan.effect / 2)
    sensitivity = f"{D_PRIME} {decimal(compute_d_prime(plan))}"
    if plan.paradigm == "two_afc":
        return f"the human clip is found in {half} of pairs, where guessing gives 50% ({sensitivity})"
    if plan.paradigm == "rating":
        levels = decimal(predict_mean_difference(plan))
        return (
            f"a human clip is rated above a generated one in {half} of cases, half of ties included "
            f"({levels} of a level on average; {sensitivity})"
        )
    human, generated = percent(plan.human_share), percent(plan.human_share - plan.effect)
    return (
        f"human clips are judged human in {human} of trials, the generator's in {generated} ({sensitivity})"
    )


def compute_d_prime(plan: Plan) -> float:
    """Return the effect as d', averaged over listeners and clips: what the paradigms have in common.

    Of pairs and ratings, sqrt(2) z(share) (Macmillan & Creelman 2005, eq. 7.1; Green & Swets 1966 for the
    area below the ROC curve).
    """
    if plan.paradigm == "yes_no":
        return float(-np.diff(stats.norm.ppf([plan.human_share, plan.human_share - plan.effect]))[0])
    return float(2**0.5 * stats.norm.ppf(GUESSING + plan.effect / 2))


def describe_methods(plan: Plan, studies: int) -> str:
    """Return a paragraph for a pre-registration."""
    unit = f"in units of {D_PRIME}" if plan.paradigm == "two_afc" else "on the logit scale"
    source = "refits of five public data sets" if plan.source == LITERATURE else plan.source
    sds = ", ".join(decimal(sd) for sd in (plan.sd_lean, plan.sd_sensitivity, plan.sd_clip))
    return (
        f"Power was estimated from {studies} simulated studies per design. As planned, "
        f"{_describe_session(plan)}. "
        f"Listeners and clips were drawn anew from normal distributions: SDs {unit} of listeners' lean, of "
        f"their sensitivity, and of clips {sds}, after {source}. With effect, {describe_effect(plan)}. "
        f"Each study was analyzed as it will be reported: {_LINES[plan.paradigm]}, and Student's t "
        f"at a level of {show_level(1 - plan.level)}, two-sided."
    )


def show_threshold(p: float) -> str:
    """Return the p below which a look stops the study; a dash where it cannot."""
    return (f"{p:.4f}" if p >= 1e-4 else f"{p:.0e}") if p else NOTHING  # noqa: PLR2004 (four decimals)


def list_enough(grid: pd.DataFrame, what: str) -> list[tuple[int, int]]:
    """Return the designs (listeners, clips) that are good enough and that no other such beats in both."""
    good = grid.loc[grid[what] >= WANTED_POWER, ["listeners", "clips"]].to_numpy().tolist()
    beaten = {(n, c) for (n, c), (m, d) in product(good, good) if (n, c) != (m, d) and m <= n and d <= c}
    return [(int(n), int(c)) for n, c in good if (n, c) not in beaten]


def _describe_goal(plan: Plan) -> str:
    half = percent(GUESSING + plan.effect / 2)
    return {
        "yes_no": f"a difference of {points(plan.effect)}",
        "two_afc": f"that {half} of pairs are judged right (guessing: 50%)",
        "rating": f"that human clips are rated higher in {half} of cases (chance: 50%)",
    }[plan.paradigm]


def _describe_session(plan: Plan) -> str:
    who = f"{plan.listeners} listeners"
    if plan.paradigm == "two_afc":
        return f"{who} judge {plan.generated_trials} pairs each, of {plan.clips} clips of each system"
    verb = "rate" if plan.paradigm == "rating" else "judge"
    return (
        f"{who} {verb} {plan.human_trials} human and {plan.generated_trials} generated clips each, of "
        f"{plan.clips} of each system"
    )


def _describe_center(plan: Plan) -> str:
    return {
        "yes_no": "the difference",
        "two_afc": "the share of human clips found",
        "rating": "the chance to be rated above a human clip",
    }[plan.paradigm]


def _describe_equality(plan: Plan, grid: pd.DataFrame, planned: float) -> str:
    line = LINES[plan.paradigm]
    bound = f"±{points(plan.bound * line.scale, 1 if line.scale < 1 else 0)}".replace(".0 ", " ")
    around = f"within {bound}{' of 50%' if line.center else ''}"
    enough = list_enough(grid, "equivalence")
    start = f"A generator that is equal is shown to be, {around}, in {percent(planned)} of studies as planned"
    if enough:
        return f"{start}; for {percent(WANTED_POWER)} it takes {_name_all(enough)}."
    best = grid.sort_values("equivalence").to_dict("records")[-1]
    return (
        f"{start}; for {percent(WANTED_POWER)} none of these designs is enough: "
        f"{_name(best['listeners'], best['clips'])} reach {percent(best['equivalence'])}."
    )


def _name(listeners: float, clips: float) -> str:
    return f"{listeners:.0f} listeners with {clips:.0f} clips"


def _name_all(sizes: list[tuple[int, int]]) -> str:
    return " or ".join(_name(*size) for size in sizes)


def _show_points(half_width: float) -> str:
    return "unknown points" if np.isnan(half_width) else points(half_width, 1)
