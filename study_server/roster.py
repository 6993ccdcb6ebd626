"""The participants by their opaque ids: how far they are, how they listened, never what they answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from study_server.funnel import THERE_MINUTES
from study_server.tables import Change, Judgment, RecruitmentId, StudySession, Trial

KINDS = ("all", "finished", "unfinished", "screened out", "flagged", "excluded")
PER_PAGE = 50
SHORTEST_BEGINNING = 6
"""Of an id: so many of its first digits find it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Participants, the latest arrivals first, and whether there are more."""

    rows: Sequence[StudySession]
    number: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Listening:
    """How a trial was listened to."""

    trial_index: int
    trial_kind: str
    heard_s: float | None
    n_plays: int | None
    answer_time_s: float | None
    stalls: int | None
    load_errors: int | None
    hidden_count: int | None


def list_participants(db: Session, version: str, kind: str, number: int, *, is_simulated: bool) -> Page:
    """Return a page of participants, from number 1 on."""
    wanted = (
        select(StudySession)
        .where(StudySession.study_version == version, StudySession.is_simulated == is_simulated)
        .where(*_choose(kind))
        .order_by(StudySession.arrived_at.desc(), StudySession.participant_id)
        .offset(PER_PAGE * (number - 1))
        .limit(PER_PAGE + 1)
    )
    rows = db.scalars(wanted).all()
    return Page(rows[:PER_PAGE], number, len(rows) > PER_PAGE)


def find_participant(db: Session, said: str) -> StudySession | None:
    """Return whom somebody means by an opaque id, by its beginning, or by a recruitment platform's id."""
    said = said.strip()
    sent = select(StudySession).join(RecruitmentId).where(RecruitmentId.recruitment_id == said)
    if found := db.scalars(sent).first():
        return found
    if len(said) < SHORTEST_BEGINNING or not said.isalnum():
        return None
    begins = StudySession.participant_id.between(said.lower(), said.lower() + "g")
    found_ids = db.scalars(select(StudySession).where(begins).limit(2)).all()
    return found_ids[0] if len(found_ids) == 1 else None


def describe_state(found: StudySession) -> str:
    """Return how far a participant is, in a word or two."""
    if found.finished_at is not None:
        return "finished"
    if found.screened_out_at is not None:
        return "screened out"
    oldest = datetime.now(UTC) - timedelta(minutes=THERE_MINUTES)
    return "there now" if datetime.fromisoformat(found.last_seen_at) >= oldest else "left"


def list_listening(db: Session, found: StudySession) -> list[Listening]:
    """Return how each answered trial of a session was listened to."""
    named = (
        Judgment.heard_s,
        Judgment.n_plays,
        Judgment.answer_time_s,
        Judgment.stalls,
        Judgment.load_errors,
        Judgment.hidden_count,
    )
    rows = db.execute(
        select(Trial.trial_index, Trial.trial_kind, *named)
        .join(Judgment, Judgment.trial_id == Trial.trial_id)
        .where(Trial.session_id == found.session_id)
        .order_by(Trial.trial_index)
    )
    return [Listening(*row) for row in rows]


def list_changes(db: Session, found: StudySession) -> Sequence[Change]:
    """Return what was decided about a participant, oldest first."""
    about = select(Change).where(Change.participant_id == found.participant_id)
    return db.scalars(about.order_by(Change.changed_at)).all()


def _choose(kind: str) -> list[ColumnElement[bool]]:
    row = StudySession
    chosen: dict[str, list[ColumnElement[bool]]] = {
        "all": [],
        "finished": [row.finished_at.is_not(None)],
        "unfinished": [row.finished_at.is_(None), row.screened_out_at.is_(None)],
        "screened out": [row.screened_out_at.is_not(None)],
        "flagged": [row.flags != ""],
        "excluded": [row.excluded_at.is_not(None)],
    }
    return chosen[kind]
