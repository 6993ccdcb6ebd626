"""All estimates of one table of judgments, and what the study found with and without its exclusions."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.clusters import measure_rates, order_systems
from analysis.comparison import Comparison, compare_methods
from analysis.confidence import Confidence, estimate_confidence
from analysis.detection import Accuracy, Detection, count_correct, estimate_accuracy, estimate_detection
from analysis.equivalence import Claim, Equivalence, check_equivalence, list_claims
from analysis.exclusions import Exclusions, apply_rules
from analysis.fooling import Contrast, Fooling, contrast_generators, estimate_fooling
from analysis.posterior import Posterior, add_lines
from analysis.ratings import Rating, estimate_ratings
from analysis.reliability import Reliability, estimate_reliability
from analysis.responses import Responses, find_shortages
from analysis.spread import Hierarchical, Spread, describe_spread, estimate_hierarchical, fit_study
from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError, list_problems
from study_core.types import HUMAN_SYSTEMS


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
    human_original: Fooling | None
    """Human clips with their original timing, where the study has them: human music too."""
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
    ratings: tuple[Rating, ...] = ()
    """Of clips that were rated beside being judged.

    These seven, from `comparisons` on, come from `find_all`: the findings without exclusions lack them.
    """

    @property
    def systems(self) -> tuple[Fooling, ...]:
        """Every system's share judged human, human ones first."""
        original = () if self.human_original is None else (self.human_original,)
        return (self.human, *original, *(generator.fooling for generator in self.generators))


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
    posterior: Posterior | None = None
    """What a Bayesian mixed model says of the judgments kept, where it was asked for."""

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators, in the order of the report."""
        return tuple(generator.system for generator in self.findings.generators)


def study_responses(responses: Responses, config: AnalysisConfig) -> Study:
    """Return the findings of a table of judgments under the declared rules.

    Raises
    ------
    ResponsesError
        If the rules leave too little for any inference.
    """
    exclusions = exclude(responses, config)
    return Study(
        responses,
        config,
        exclusions,
        find_all(exclusions.kept, config, exclusions.heard_again),
        find(exclusions.before, config),
        list_lost(exclusions),
    )


def exclude(responses: Responses, config: AnalysisConfig) -> Exclusions:
    """Return what the declared rules keep; raise ResponsesError if that is too little for any inference."""
    exclusions = apply_rules(responses.table, config)
    shortages = find_shortages(exclusions.kept)
    if shortages:
        rules = [f"{step.name}: {step.left_out} left out" for step in exclusions.steps if step.left_out]
        heading = f"{responses.source} cannot be analyzed: after the declared exclusions"
        raise ResponsesError(list_problems(heading, [*shortages, *rules, "see `analysis:` in config.yaml"]))
    return exclusions


def list_lost(exclusions: Exclusions) -> tuple[str, ...]:
    """Return the systems of which the rules left no judgment."""
    return tuple(sorted(set(exclusions.before["system"]) - set(exclusions.kept["system"])))


def add_posterior(study: Study, posterior: Posterior) -> Study:
    """Return the study with a Bayesian model, its lines beside those of the other methods."""
    comparisons = add_lines(study.findings.comparisons, posterior)
    return replace(study, posterior=posterior, findings=replace(study.findings, comparisons=comparisons))


def find_all(table: pd.DataFrame, config: AnalysisConfig, heard_again: pd.DataFrame) -> Findings:
    """Return all estimates of a table of judgments, by all methods; reliability from `heard_again`."""
    found, level, rates = find(table, config), config.confidence_level, measure_rates(table)
    systems = tuple(generator.system for generator in found.generators)
    model = fit_study(table, rates)
    return replace(
        found,
        comparisons=compare_methods(table, rates, model, level),
        claims=tuple(
            claim
            for it in found.generators
            if it.fooling.difference is not None
            for claim in list_claims(
                it.system,
                it.fooling.difference,
                it.detection.balanced_accuracy,
                config.equivalence_bound,
                level,
            )
        ),
        hierarchical=tuple(estimate_hierarchical(table, system, level) for system in systems),
        spread=describe_spread(table, model, level),
        confidence=estimate_confidence(table, systems, level),
        reliability=estimate_reliability(heard_again, level),
        ratings=estimate_ratings(table, level) if _is_rated(table) else (),
    )


def find(table: pd.DataFrame, config: AnalysisConfig) -> Findings:
    """Return the estimates of a table of judgments by the primary method: quick, however large the table."""
    level, rates = config.confidence_level, measure_rates(table)
    human, *others = estimate_fooling(rates, level)
    generators = [
        Generator(
            fooling,
            estimate_detection(rates, fooling.system, level),
            check_equivalence(fooling.difference, config.equivalence_bound, level),
        )
        for fooling in others
        if fooling.difference is not None and fooling.system not in HUMAN_SYSTEMS
    ]
    return Findings(
        human,
        next((fooling for fooling in others if fooling.system in HUMAN_SYSTEMS), None),
        tuple(generators),
        contrast_generators(rates, level),
        estimate_accuracy(table, level),
        count_correct(table),
        summarize_clips(table),
    )


def _is_rated(table: pd.DataFrame) -> bool:
    return "rating" in table and bool(table["rating"].notna().any())


def summarize_clips(table: pd.DataFrame) -> pd.DataFrame:
    """Return `clip_id`, `system`, `n_trials` and share `judged_human` of every clip, human ones first."""
    systems = order_systems(table["system"].unique())
    clips = (
        table.groupby(["clip_id", "system"], sort=True)["judged_human"].agg(["size", "mean"]).reset_index()
    )
    clips.columns = pd.Index(["clip_id", "system", "n_trials", "judged_human"])
    order = np.argsort([systems.index(name) for name in clips["system"]], kind="stable")
    return clips.iloc[order].reset_index(drop=True)
