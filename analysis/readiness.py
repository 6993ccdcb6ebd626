"""Whether the design could find anything: what `study check` asks of this folder."""

from analysis.planning import read_plan
from analysis.power import judge_batch, list_batches
from study_core.config import Config
from study_core.readiness import Finding

EFFECT, STUDIES = 0.15, 200
"""The difference of shares to find, and how many studies are simulated: the answer is good to some points."""
WANTED = 0.8


def check_power(config: Config) -> Finding:
    """Find out how often the planned study would find a difference of 15 points."""
    if config.trials.paradigm != "yes_no":
        return Finding("planned for `human or computer?` only: see `study power`")
    plan = read_plan(config, EFFECT)
    batches = [batch for batch in list_batches(plan, STUDIES) if batch.effect]
    outcomes = [judge_batch(batch) for batch in batches]
    power = sum(float((found["p"] < 1 - plan.level).sum()) for found in outcomes) / STUDIES
    found = (
        f"{plan.listeners} listeners and {plan.clips} clips of a system find a difference of 15 points in "
        f"about {100 * power:.0f} % of studies ({STUDIES} simulated, {plan.source} values)"
    )
    if power < WANTED:
        return Finding(found, doubts=("80 % is usual; `study power` shows what it takes",))
    return Finding(found)
