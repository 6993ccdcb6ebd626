"""Whether the study takes new participants: open, paused or closed, and who has begun may always finish.

A pause keeps out whoever has not begun; a platform's clock runs for the others, so that they go on. A closed
study is the same with other words on the page, and can be opened again. Every change has a reason and stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from study_core.errors import StudyError
from study_server.tables import Phase, format_utc, now_utc

PhaseName = Literal["open", "paused", "closed"]
PHASES: tuple[PhaseName, ...] = get_args(PhaseName)
SHORTEST_REASON = 3
LAST = (
    select(Phase.phase)
    .where(Phase.study_version == bindparam("version"))
    .order_by(Phase.began_at.desc(), Phase.phase_id)
    .limit(1)
)


def find_phase(db: Session, version: str) -> PhaseName:
    """Return the phase that a version is in; one that nobody has changed is open."""
    return cast("PhaseName", db.scalar(LAST, {"version": version}) or "open")


def begin_phase(db: Session, version: str, phase: str, reason: str) -> None:
    """Let a version be in another phase from now on; needs a writing session.

    Raises
    ------
    StudyError
        If there is no such phase, the version is in it already, or no reason is given.
    """
    now = find_phase(db, version)
    if phase not in PHASES:
        raise StudyError(f"A study is {', '.join(PHASES[:-1])} or {PHASES[-1]}; it cannot be {phase!r}.")
    if phase == now:
        raise StudyError(f"The study is {now} already.")
    if len(reason.strip()) < SHORTEST_REASON:
        raise StudyError(f"Say why the study is to be {phase}: it stays in the study's record.")
    db.add(
        Phase(study_version=version, phase=phase, began_at=_find_moment(db, version), reason=reason.strip())
    )


def list_phases(db: Session, version: str) -> Sequence[Phase]:
    """Return every change of phase of a version, oldest first."""
    return db.scalars(select(Phase).where(Phase.study_version == version).order_by(Phase.began_at)).all()


def _find_moment(db: Session, version: str) -> str:
    """Return now, but after every change before: the last row counts, even where a clock was set back."""
    now = now_utc()
    last = db.scalar(select(func.max(Phase.began_at)).where(Phase.study_version == version))
    if last is None or last < now:
        return now
    return format_utc(datetime.fromisoformat(last) + timedelta(milliseconds=1))
