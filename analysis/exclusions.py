"""The declared rules that leave judgments out, applied by code that cannot see the answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.answers import HUMAN_CLIP, NO_ANSWER, WHOLE
from analysis.columns import CATCH, KNOWN, NOT_SURE, REPEAT, SILENT
from study_core.config import AnalysisConfig

OUTCOMES = (*WHOLE, "confidence", "rating", "reason")
"""What a rule never sees."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to leave a judgment out."""

    name: str
    column: str
    """The column the rule reads; without it the rule cannot be applied."""
    matches: Callable[["pd.Series[Any]"], "pd.Series[bool]"]
    """Return True for the rows to leave out; an empty cell is never a reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the flow table: what was left after a rule."""

    name: str
    left_out: int | None
    """Judgments that this rule left out of those before it; None where it could not be applied."""
    judgments: int
    listeners: int
    clips: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The judgments before and after the rules."""

    before: pd.DataFrame
    """All judgments of the kind analyzed: real ones, or simulated ones where there are no others."""
    kept: pd.DataFrame
    steps: tuple[Step, ...]
    simulated: bool
    """Whether the listeners are simulated."""
    heard_again: pd.DataFrame
    """Those kept and, by the same rules, the second judgments of clips heard again."""

    @property
    def n_by_hand(self) -> int:
        """Judgments that went with listeners whom the researcher excluded."""
        return sum(step.left_out or 0 for step in self.steps if step.name == BY_HAND.name)


def apply_rules(table: pd.DataFrame, config: AnalysisConfig) -> Exclusions:
    """Return the judgments that the declared rules keep, with a flow table.

    Simulated listeners never mix with real ones: where there are both, the simulated are left out first. A
    trial without an answer cannot be a judgment: it goes next, declared or not. So do catch trials, and
    second judgments of a clip, which only tell how reliable listeners are.
    """
    blind = table.drop(columns=[name for name in OUTCOMES if name in table])
    steps = [_count("in the file", None, blind)]
    simulated = "is_simulated" in blind and bool(blind["is_simulated"].eq(True).all())
    always = [*([] if simulated else [SIMULATED]), *_list_silent(blind)]
    always += [CATCHES, REPEATS] if CATCHES.column in blind else []
    before, all_rows = blind.index, blind
    again = blind.index
    by_hand = [BY_HAND] if BY_HAND.column in blind else []
    for rule in (*always, *by_hand, *list_rules(config)):
        if rule is not REPEATS:
            again = _apply(rule, all_rows.loc[again])[0].index
        blind, step = _apply(rule, blind)
        steps.append(step)
        if rule in always:
            before = blind.index
    kept = _answered(table, blind.index)
    return Exclusions(_answered(table, before), kept, tuple(steps), simulated, _answered(table, again))


def list_rules(config: AnalysisConfig) -> list[Rule]:
    """Return the rules that a config declares, in the order in which they are applied."""
    least_s, least = config.minimum_listening_s, config.minimum_judgments
    declared = [
        (config.leave_out_unfinished, UNFINISHED),
        (config.leave_out_failed_checks, FAILED_CHECKS),
        (least_s > 0, Rule(f"heard for less than {least_s:g} s", "heard_s", lambda heard: heard.lt(least_s))),
        (config.leave_out_known_tunes, KNOWN_TUNE),
        (
            least > 1,
            Rule(
                f"listener with fewer than {least} judgments left",
                "participant_id",
                lambda ids: ids.map(ids.value_counts()).lt(least),
            ),
        ),
    ]
    return [rule for is_declared, rule in declared if is_declared]


SIMULATED = Rule("simulated listener", "is_simulated", lambda claims: claims.eq(True))
NO_ANSWERS = [
    Rule("listener was not sure", NO_ANSWER, lambda instead: instead.eq(NOT_SURE)),
    Rule("listener knew the tune and gave no answer", NO_ANSWER, lambda instead: instead.eq(KNOWN)),
]
NOTHING = Rule("no answer in the table", NO_ANSWER, lambda instead: instead.eq(SILENT))
CATCHES = Rule("catch trial", "trial_kind", lambda kinds: kinds.eq(CATCH))
REPEATS = Rule("clip heard again", "trial_kind", lambda kinds: kinds.eq(REPEAT))
BY_HAND = Rule("listener excluded by the researcher", "is_excluded", lambda claims: claims.eq(True))
UNFINISHED = Rule("session not finished", "session_status", lambda status: status.eq("unfinished"))
FAILED_CHECKS = Rule(
    "listener failed an attention or headphone check", "passed_checks", lambda claims: claims.eq(False)
)
KNOWN_TUNE = Rule("listener knew the tune", "knows_tune", lambda claims: claims.eq(True))


def _answered(table: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    kept = table.loc[rows]
    return kept.astype({name: "int64" for name in WHOLE if name in kept})


def _list_silent(rows: pd.DataFrame) -> list[Rule]:
    """Return the rules about trials without an answer, those that say nothing at all where there are any."""
    if NO_ANSWER not in rows:
        return []
    return [*NO_ANSWERS, *([NOTHING] if NOTHING.matches(rows[NO_ANSWER]).any() else [])]


def _apply(rule: Rule, rows: pd.DataFrame) -> tuple[pd.DataFrame, Step]:
    if rule.column not in rows:
        return rows, _count(rule.name, None, rows, note=f"not applied: there is no column {rule.column}")
    kept = rows[~rule.matches(rows[rule.column])]
    return kept, _count(rule.name, len(rows) - len(kept), kept)


def _count(name: str, left_out: int | None, rows: pd.DataFrame, note: str = "") -> Step:
    n_clips = sum(rows[column].nunique() for column in ("clip_id", HUMAN_CLIP) if column in rows)
    return Step(name, left_out, len(rows), rows["participant_id"].nunique(), n_clips, note)
