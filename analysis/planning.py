"""The planned study, and what is assumed of its listeners and clips: from the literature or a pilot."""

from dataclasses import dataclass, replace
from pathlib import Path

from analysis.clusters import measure_rates
from analysis.exclusions import apply_rules
from analysis.hierarchical import GENERATED
from analysis.responses import read_responses
from analysis.simulation import Design, Population
from analysis.spread import fit_study
from study_core.config import Config
from study_core.errors import StudyError
from study_core.types import HUMAN, HUMAN_SYSTEMS

GENERATOR = "generator"
HUMAN_SHARE, SD_LEAN, SD_SENSITIVITY, SD_CLIP = 0.70, 0.3, 1.2, 0.7
"""Literature values, SDs on the logit scale, from mixed models refitted to five public data sets of judgments
"real or generated" (gengap2024, samuel2018, liecatcher, jazz, conlon2020): real clips were called human in
54-89 % of trials; listeners' sensitivity had an SD of .54-.93 on the probit scale, 1.7 times that on the
logit; their lean was often near 0; clips had .44-.92."""
LITERATURE = "literature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A planned study of human clips and one generator's.

    Attributes
    ----------
    human_trials, generated_trials
        Of one listener.
    human_share
        Of the human clips, judged human; the effect is how much lower the generator's is.
    source
        Where share and SDs come from: "literature" or a pilot's file.
    """

    listeners: int
    clips: int
    human_trials: int
    generated_trials: int
    effect: float
    level: float
    bound: float
    seed: int
    human_share: float = HUMAN_SHARE
    sd_lean: float = SD_LEAN
    sd_sensitivity: float = SD_SENSITIVITY
    sd_clip: float = SD_CLIP
    source: str = LITERATURE

    def resize(self, listeners: int, clips: int) -> "Plan":
        """Return the plan with other numbers of listeners and clips; none can hear more clips than exist."""
        trials = (min(clips, n) for n in (self.human_trials, self.generated_trials))
        human, generated = trials
        return replace(self, listeners=listeners, clips=clips, human_trials=human, generated_trials=generated)

    def describe_truth(self, effect: float) -> Population:
        """Return who judges, if the generator is judged human less often by the effect."""
        shares = {HUMAN: self.human_share, GENERATOR: self.human_share - effect}
        return Population(
            shares=shares, sd_lean=self.sd_lean, sd_sensitivity=self.sd_sensitivity, sd_clip=self.sd_clip
        )

    def describe_design(self) -> Design:
        """Return who hears what."""
        trials = {HUMAN: self.human_trials, GENERATOR: self.generated_trials}
        return Design(n_listeners=self.listeners, n_clips=dict.fromkeys(trials, self.clips), trials=trials)


def read_plan(config: Config, effect: float, pilot: Path | None = None) -> Plan:
    """Return the config's study, of the generator with the fewest trials, with literature or pilot values.

    Raises
    ------
    StudyError
        If the effect does not lie between 0 and the human clips' share.
    ResponsesError
        If the pilot cannot be read.
    """
    trials = config.trials.per_participant
    generated = [n for system, n in trials.items() if system not in (*HUMAN_SYSTEMS, *config.trials.catch)]
    if not generated:
        raise StudyError("trials.per_participant has no generator to plan for. Add one to config.yaml.")
    plan = Plan(
        listeners=config.recruitment.target_participants,
        clips=config.clips.per_system,
        human_trials=trials[HUMAN],
        generated_trials=min(generated),
        effect=effect,
        level=config.analysis.confidence_level,
        bound=config.analysis.equivalence_bound,
        seed=config.seed,
    )
    plan = plan if pilot is None else _learn_from_pilot(plan, config, pilot)
    if not 0 < effect < plan.human_share:
        raise StudyError(
            f"An effect of {effect} does not lie between 0 and {plan.human_share:.2f}, the share of human "
            "clips judged human. Correct --effect: 0.15 is 15 points."
        )
    return plan


def _learn_from_pilot(plan: Plan, config: Config, path: Path) -> Plan:
    """Return the plan with a pilot's share of human clips judged human, and its SDs."""
    responses = read_responses(path)
    if responses.paradigm != "yes_no":
        raise StudyError(f"{path} is no pilot to plan from: its judgments are not human or computer.")
    kept = apply_rules(responses.table, config.analysis).kept
    rates = measure_rates(kept)
    model = fit_study(kept, rates)
    if isinstance(model, str):
        raise StudyError(f"{path} is too small a pilot to plan from: {model}. Leave --pilot out.")
    if HUMAN not in model.terms or GENERATED not in model.by_listener:
        raise StudyError(
            f"{path} is no pilot to plan from: it needs human and generated clips, and both answers about "
            "each."
        )
    lean, sensitivity = map(float, model.listener_sd)
    share = float(rates.share[rates.index(HUMAN)])
    return replace(
        plan,
        human_share=share,
        sd_lean=lean,
        sd_sensitivity=sensitivity,
        sd_clip=model.clip_sd,
        source=str(path),
    )
