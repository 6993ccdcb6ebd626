"""Withdrawal: a session and all its answers leave the store, by its private code or at its owner's request.

What stays is a tombstone: that somebody was there, how far they came and how many judgments went with them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from study_core.errors import StudyError
from study_server import places, recruits
from study_server.tables import (
    Change,
    Judgment,
    PracticeTrial,
    QuestionAnswer,
    RecruitmentId,
    ScreeningTrial,
    StudySession,
    Tombstone,
    Trial,
)

WITHDRAWN, FORGOTTEN = "withdrawn", "forgotten"
_TABLES = {
    "judgment": Judgment,
    "answer to a question": QuestionAnswer,
    "screening trial": ScreeningTrial,
    "practice trial": PracticeTrial,
    "recruitment id": RecruitmentId,
}


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of each kind left the store with a session."""

    counts: dict[str, int]

    def __str__(self) -> str:
        """Return it in words."""
        listed = [f"{n} {what if n == 1 else _pluralize(what)}" for what, n in self.counts.items() if n]
        return ", ".join(["1 session", *listed])


def delete_session(db: Session, code: str) -> bool:
    """Delete the session with that withdrawal code and all its answers; tell whether there was one."""
    found = _find_by_code(db, code)
    if found is None:
        return False
    _remove(db, found, what=WITHDRAWN, who="participant")
    return True


def forget(db: Session, *, code: str = "", recruitment_id: str = "", who: str) -> Removed:
    """Delete what is stored about a data subject who asks for it; the record of it does not say who.

    Raises
    ------
    StudyError
        If nothing is stored under that code or recruitment id.
    """
    found = _find_by_code(db, code) if code else recruits.find_session(db, recruitment_id)
    if found is None:
        raise StudyError(_explain_absence(db, is_code=bool(code)))
    return _remove(db, found, what=FORGOTTEN, who=who)


def tidy_code(code: str) -> str:
    """Return a code as it was given out, however it was typed: small letters, spaces, no dashes."""
    letters = [letter for letter in code.upper() if letter.isalnum()]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, len(letters), 4))


def _find_by_code(db: Session, code: str) -> StudySession | None:
    return db.scalars(select(StudySession).where(StudySession.withdrawal_code == tidy_code(code))).first()


def _remove(db: Session, found: StudySession, *, what: str, who: str) -> Removed:
    db.refresh(found, with_for_update=True)  # an answer on its way comes before, or finds nobody
    places.give_back(db, found)
    removed = Removed({name: _count(db, table, found.session_id) for name, table in _TABLES.items()})
    db.execute(
        update(Change).where(Change.participant_id == found.participant_id).values(participant_id=None)
    )
    db.add(Change(what=what, who=who, reason=""))
    db.add(
        Tombstone(
            study_version=found.study_version,
            is_simulated=found.is_simulated,
            had_consented=found.consented_at is not None,
            had_started=found.started_at is not None,
            had_finished=found.finished_at is not None,
            what=what,
            n_judgments=removed.counts["judgment"],
        )
    )
    db.delete(found)
    return removed


def _count(db: Session, table: Any, session_id: str) -> int:
    rows = select(func.count()).select_from(table)
    own = rows.join(Trial).where(Trial.session_id == session_id)
    return db.scalar(own if table is Judgment else rows.where(table.session_id == session_id)) or 0


def _explain_absence(db: Session, *, is_code: bool) -> str:
    if is_code:
        return (
            "No answers are stored under this withdrawal code: it was mistyped, or they were withdrawn "
            "before. It has 12 letters and digits, such as ABCD-2345-EFGH."
        )
    kept = db.scalar(select(func.count()).select_from(RecruitmentId)) or 0
    return (
        f"This recruitment id is not among the {kept} that are stored: it was mistyped, or its day of "
        "deletion (recruitment.keep_ids_days) has come. Then nothing ties the answers to the person but the "
        "withdrawal code: ask for that, and use --code."
    )


def _pluralize(what: str) -> str:
    return what.replace("answer ", "answers ") if what.startswith("answer") else f"{what}s"
