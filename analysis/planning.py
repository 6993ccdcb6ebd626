"""The planned study, and what is assumed of its listeners and clips: from the literature or a pilot."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.pilot import learn_from_pilot
from study_core.config import Config
from study_core.errors import StudyError
from study_core.participation import Paradigm
from study_core.types import HUMAN, HUMAN_SYSTEMS

GENERATOR = "generator"
HUMAN_SHARE, SD_LEAN, SD_SENSITIVITY, SD_CLIP = 0.70, 0.3, 1.2, 0.7
"""Literature values, SDs on the logit scale, from mixed models refitted to five public data sets of judgments
"real or generated" (gengap2024, samuel2018, liecatcher, jazz, conlon2020): real clips were called human in
54-89 % of trials; listeners' sensitivity had an SD of .54-.93 on the probit scale, 1.7 times that on the
logit; their lean was often near 0; clips had .44-.92."""
PROBIT = 1.7
"""So many logits make a probit, the unit of d'."""
LITERATURE = "literature"
EFFECTS: dict[Paradigm, float] = {"yes_no": 0.15, "two_afc": 0.22, "rating": 0.22}
"""What to find by default: what the same listeners, with a d' of .40, do when asked about single clips, about
pairs, and for ratings. A d' says how far apart two kinds of music sound, shares also how the question is put
(Macmillan & Creelman 2005, ch. 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A planned study of human clips and one generator's.

    Attributes
    ----------
    human_trials, generated_trials
        Of one listener; in pairs there are as many pairs as generated trials.
    effect
        Share of human clips taken for human minus the generator's: of single clips, judged human; of pairs,
        taken for the human one; of ratings, rated above the other of two, half of ties included.
    human_share
        Of the human clips, judged human, where the question is about single clips.
    level_shares
        Of human clips' ratings, how often each level is given.
    sd_lean, sd_sensitivity, sd_clip
        On the logit scale; of pairs in units of d' (see `analysis.simulation_pairs`).
    source
        Where shares and SDs come from: "literature" or a pilot's file.
    """

    listeners: int
    clips: int
    human_trials: int
    generated_trials: int
    effect: float
    level: float
    bound: float
    seed: int
    paradigm: Paradigm = "yes_no"
    human_share: float = HUMAN_SHARE
    level_shares: tuple[float, ...] = ()
    sd_lean: float = SD_LEAN
    sd_sensitivity: float = SD_SENSITIVITY
    sd_clip: float = SD_CLIP
    source: str = LITERATURE

    def resize(self, listeners: int, clips: int) -> "Plan":
        """Return the plan with other numbers of listeners and clips; none can hear more clips than exist."""
        trials = (min(clips, n) for n in (self.human_trials, self.generated_trials))
        human, generated = trials
        return replace(self, listeners=listeners, clips=clips, human_trials=human, generated_trials=generated)


def read_plan(config: Config, effect: float | None = None, pilot: Path | None = None) -> Plan:
    """Return the config's study, of the generator with the fewest trials, with literature or pilot values.

    Raises
    ------
    StudyError
        If the effect is none that could be.
    ResponsesError
        If the pilot cannot be read.
    """
    trials, paradigm = config.trials.per_participant, config.trials.paradigm
    generated = [n for system, n in trials.items() if system not in (*HUMAN_SYSTEMS, *config.trials.catch)]
    if not generated:
        raise StudyError("trials.per_participant has no generator to plan for. Add one to config.yaml.")
    plan = Plan(
        listeners=config.recruitment.target_participants,
        clips=config.clips.per_system,
        human_trials=trials[HUMAN],
        generated_trials=min(generated),
        effect=EFFECTS[paradigm] if effect is None else effect,
        level=config.analysis.confidence_level,
        bound=config.analysis.equivalence_bound,
        seed=config.seed,
        paradigm=paradigm,
        **_assume(config),
    )
    plan = plan if pilot is None else replace(plan, **learn_from_pilot(pilot, config))
    _check_effect(plan)
    return plan


def _assume(config: Config) -> dict[str, Any]:
    """Return what the literature says otherwise of pairs and of ratings than of single clips."""
    if config.trials.paradigm == "two_afc":
        sds = {"sd_lean": SD_LEAN, "sd_sensitivity": SD_SENSITIVITY, "sd_clip": SD_CLIP}
        return {name: sd / PROBIT for name, sd in sds.items()}
    levels = config.trials.rating_levels
    return {"level_shares": (1 / levels,) * levels} if config.trials.paradigm == "rating" else {}


def _check_effect(plan: Plan) -> None:
    if plan.paradigm == "yes_no" and not 0 < plan.effect < plan.human_share:
        raise StudyError(
            f"An effect of {plan.effect} does not lie between 0 and {plan.human_share:.2f}, the share of "
            "human clips judged human. Correct --effect: 0.15 is 15 points."
        )
    if not 0 < plan.effect < 1:
        raise StudyError(
            f"An effect of {plan.effect} does not lie between 0 and 1. Correct --effect: 0.22 is 22 points, "
            f"such as 61 % for the human clip and 39 % for the generated one."
        )
