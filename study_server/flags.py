"""What a finished session is noticed for: rules that look at how somebody took part, never at a system.

A flag leaves nobody out. It is worked out once, when a session has ended (it is then settled), and kept with
the session, so that counting flags reads no judgment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_core.config import AnalysisConfig, Config
from study_core.participation import ScreeningConfig, TrialsConfig
from study_core.section import Section
from study_server.screening import judge_attempts, list_attempts
from study_server.store import Store
from study_server.tables import UNSETTLED, Judgment, Protocol, StudySession, Trial

FAILED_ATTENTION = "failed attention"
FAILED_HEADPHONES = "failed headphones"
SEPARATOR = ";"
AT_ONCE = 200
HALF, QUARTER = 0.5, 0.25
FEWEST_TO_BE_ALIKE = 6
S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Flag:
    """A rule: its name, what it means, and whether a session's answers meet it."""

    name: str
    meaning: str
    is_met: Callable[["Answers", "Rules"], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a study that its flags depend on."""

    trials: TrialsConfig
    screening: ScreeningConfig
    analysis: AnalysisConfig


@dataclass(frozen=True, slots=True)
class Answers:
    """What a session answered, in the order of its trials."""

    session: StudySession
    kinds: Sequence[str]
    judgments: Sequence[Judgment]

    @property
    def judged_human(self) -> list[bool | None]:
        """The answers to clips that are no attention check."""
        pairs = zip(self.kinds, self.judgments, strict=True)
        return [judgment.judged_human for kind, judgment in pairs if kind != "catch"]

    @property
    def n_wrong_catches(self) -> int:
        """How many clips that only check attention, composed by no human, were called human."""
        pairs = zip(self.kinds, self.judgments, strict=True)
        return sum(kind == "catch" and judgment.judged_human is True for kind, judgment in pairs)

    def share(self, is_so: Callable[[Judgment], bool]) -> float:
        """Return the share of judgments of which something is so."""
        return sum(map(is_so, self.judgments)) / len(self.judgments) if self.judgments else 0.0


def _gave_one_answer(answers: Answers, _: Rules) -> bool:
    given = answers.judged_human
    return len(given) >= FEWEST_TO_BE_ALIKE and None not in given and len(set(given)) == 1


def _failed_headphones(answers: Answers, rules: Rules) -> bool:
    session, screening = answers.session, rules.screening
    return any(
        judge_attempts(list_attempts(session, test), screening, test) == "failed" for test in screening.tests
    )


FLAGS = (
    Flag(
        FAILED_ATTENTION,
        "wrong answers to clips that only check attention, as many as trials.catch_wrong",
        lambda answers, rules: (
            bool(rules.trials.catch) and answers.n_wrong_catches >= rules.trials.catch_wrong
        ),
    ),
    Flag(FAILED_HEADPHONES, "went on after failing a headphone screening", _failed_headphones),
    Flag("one answer", "the same answer to every clip", _gave_one_answer),
    Flag(
        "little heard",
        "half of the clips were heard for less than analysis.minimum_listening_s",
        lambda answers, rules: (
            answers.share(lambda j: (j.heard_s or 0) < rules.analysis.minimum_listening_s) >= HALF
        ),
    ),
    Flag(
        "sound trouble",
        "the sound stalled or failed in a quarter of the clips",
        lambda answers, _: answers.share(lambda j: bool(j.stalls or j.load_errors)) >= QUARTER,
    ),
    Flag(
        "was away",
        "left the page during half of the clips",
        lambda answers, _: answers.share(lambda j: bool(j.hidden_count)) >= HALF,
    ),
)


def settle(db: Session, found: StudySession, config: Config) -> None:
    """Work out a finished session's flags and duration, once; needs a writing session."""
    if found.finished_at is None or found.flags is not None:
        return
    rows = db.execute(
        select(Trial.trial_kind, Judgment)
        .join(Judgment, Judgment.trial_id == Trial.trial_id)
        .where(Trial.session_id == found.session_id)
        .order_by(Trial.trial_index)
    ).all()
    answers = Answers(found, [kind for kind, _ in rows], [judgment for _, judgment in rows])
    rules = _find_rules(db, found, config)
    found.flags = SEPARATOR.join(flag.name for flag in FLAGS if flag.is_met(answers, rules))
    ended = datetime.fromisoformat(found.finished_at)
    found.duration_s = (ended - datetime.fromisoformat(found.arrived_at)).total_seconds()


def settle_all(store: Store, config: Config) -> int:
    """Settle sessions that ended while nobody looked, the first hundreds of them; return how many."""
    with store.read() as db:
        if is_settled(db):
            return 0
    with store.write() as db:
        found = db.scalars(select(StudySession).where(UNSETTLED).limit(AT_ONCE)).all()
        for session in found:
            settle(db, session, config)
        return len(found)


def is_settled(db: Session) -> bool:
    """Tell whether every session that ended is settled."""
    return db.scalars(select(StudySession.session_id).where(UNSETTLED).limit(1)).first() is None


def _find_rules(db: Session, found: StudySession, config: Config) -> Rules:
    """Return the rules that a session was taken by: those of an earlier version stand in its protocol."""
    if found.study_version == config.version:
        return Rules(config.trials, config.screening, config.analysis)
    frozen = db.get_one(Protocol, found.protocol_sha256).config
    return Rules(
        _read_section(TrialsConfig, frozen.get("trials")),
        _read_section(ScreeningConfig, frozen.get("screening")),
        _read_section(AnalysisConfig, frozen.get("analysis")),
    )


def _read_section(section: type[S], frozen: Any) -> S:
    """Return a section of a protocol's config but for keys that only other versions of the software know."""
    known = {name: value for name, value in (frozen or {}).items() if name in section.model_fields}
    return section.model_validate(known, strict=False)


def list_flags(found: StudySession) -> list[str]:
    """Return a settled session's flags."""
    return [name for name in (found.flags or "").split(SEPARATOR) if name]
