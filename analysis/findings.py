"""All estimates of one table of judgments, and what the study found with and without its exclusions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates
from analysis.comparison import Comparison
from analysis.confidence import Confidence
from analysis.detection import Accuracy, Detection, count_correct, estimate_accuracy, estimate_detection
from analysis.equivalence import Claim, Equivalence, check_equivalence
from analysis.exclusions import Exclusions, apply_rules
from analysis.fooling import Contrast, Fooling, contrast_generators, estimate_fooling
from analysis.hierarchical import Hierarchical, Spread
from analysis.reliability import Reliability
from analysis.responses import Responses, find_shortages
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError, list_problems


@dataclass(frozen=True, slots=True)
class Generator:
    """Everything estimated about one generator."""

    fooling: Fooling
    detection: Detection
    equivalence: Equivalence

    @property
    def system(self) -> str:
        """Its name."""
        return self.fooling.system


@dataclass(frozen=True, slots=True)
class Findings:
    """The estimates of one table of judgments."""

    human: Fooling
    generators: tuple[Generator, ...]
    contrasts: tuple[Contrast, ...]
    accuracy: Accuracy
    listeners: pd.DataFrame
    """`participant_id`, `n_trials`, `n_correct`."""
    clips: pd.DataFrame
    """`clip_id`, `system`, `n_trials`, `judged_human` (share)."""
    comparisons: tuple[Comparison, ...] = ()
    """Every rate, difference and contrast by all methods: the forest plot."""
    claims: tuple[Claim, ...] = ()
    """Equivalence of each generator against the declared, the loose and the strict bounds."""
    hierarchical: tuple[Hierarchical, ...] = ()
    """d' and c of the average listener, a record per generator."""
    spread: Spread | None = None
    confidence: Confidence | None = None
    reliability: Reliability | None = None
    """None of the last three where they were not asked for (the findings without exclusions)."""


@dataclass(frozen=True, slots=True)
class Study:
    """What the report tells: the findings, those without exclusions, and what was declared."""

    responses: Responses
    config: AnalysisConfig
    exclusions: Exclusions
    findings: Findings
    without_exclusions: Findings
    lost_systems: tuple[str, ...]
    """Systems of which no judgment was left after the exclusions."""


def study_responses(responses: Responses, config: AnalysisConfig) -> Study:
    """Return the findings of a table of judgments under the declared rules.

    Raises
    ------
    ResponsesError
        If the rules leave too little for any inference.
    """
    exclusions = apply_rules(responses.table, config)
    shortages = find_shortages(exclusions.kept)
    if shortages:
        rules = [f"{step.name}: {step.left_out} left out" for step in exclusions.steps if step.left_out]
        heading = f"{responses.source} cannot be analyzed: after the declared exclusions"
        raise ResponsesError(list_problems(heading, [*shortages, *rules, "see `analysis:` in config.yaml"]))
    lost = set(exclusions.before["system"]) - set(exclusions.kept["system"])
    return Study(
        responses,
        config,
        exclusions,
        find(exclusions.kept, config),
        find(exclusions.before, config),
        tuple(sorted(lost)),
    )


def find(table: pd.DataFrame, config: AnalysisConfig) -> Findings:
    """Return all estimates of a table of judgments."""
    level, rates = config.confidence_level, measure_rates(table)
    human, *others = estimate_fooling(rates, level)
    generators = [
        Generator(
            fooling,
            estimate_detection(rates, fooling.system, level),
            check_equivalence(fooling.difference, config.equivalence_bound, level),
        )
        for fooling in others
        if fooling.difference is not None
    ]
    return Findings(
        human,
        tuple(generators),
        contrast_generators(rates, level),
        estimate_accuracy(table, level),
        count_correct(table),
        _summarize_clips(table, rates.systems),
    )


def _summarize_clips(table: pd.DataFrame, systems: tuple[str, ...]) -> pd.DataFrame:
    clips = (
        table.groupby(["clip_id", "system"], sort=True)["judged_human"].agg(["size", "mean"]).reset_index()
    )
    clips.columns = pd.Index(["clip_id", "system", "n_trials", "judged_human"])
    order = np.argsort([systems.index(name) for name in clips["system"]], kind="stable")
    return clips.iloc[order].reset_index(drop=True)
