"""Whether the design could find anything: what `study check` asks of this folder."""

from analysis.planning import read_plan
from analysis.power import judge_batch, list_batches
from analysis.power_readings import WANTED_POWER, describe_effect
from study_core.config import Config
from study_core.readiness import Finding

STUDIES = 200
"""So many are simulated: the answer is good to some points."""


def check_power(config: Config) -> Finding:
    """Find out how often the planned study would find a difference worth finding (`planning.EFFECTS`)."""
    plan = read_plan(config)
    batches = [batch for batch in list_batches(plan, STUDIES) if batch.effect]
    outcomes = [judge_batch(batch) for batch in batches]
    power = sum(float(found["significant"].sum()) for found in outcomes) / STUDIES
    found = (
        f"where {describe_effect(plan)}, {plan.listeners} listeners and {plan.clips} clips of a system find "
        f"it in about {100 * power:.0f} % of studies ({STUDIES} simulated, {plan.source} values)"
    )
    if power < WANTED_POWER:
        return Finding(found, doubts=("80 % is usual; `study power` shows what it takes",))
    return Finding(found)
