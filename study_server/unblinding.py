"""Blind monitoring: results by system stay hidden until the stop rule is met; earlier looks are logged.

Whatever shows results by system, a page, a file or a command, goes through `look` first.
"""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_core.config import Config
from study_core.errors import StudyError
from study_server.tables import Change, StudySession, Unblinding

SHORTEST_REASON = 10
IMPORTED = "imported"
"""The change that makes a store one of a data set that was out before."""


class BlindError(StudyError):
    """Results by system were asked for before the stop rule is met, without a reason."""


def count_finished(db: Session, version: str) -> int:
    """Return how many real participants of a version finished, count, and have not withdrawn."""
    finished = select(func.count()).where(
        StudySession.study_version == version,
        StudySession.is_simulated == False,  # noqa: E712 (SQL, and an index wants it so)
        StudySession.finished_at.is_not(None),
        StudySession.excluded_at.is_(None),
    )
    return db.scalar(finished) or 0


def is_stop_rule_met(db: Session, config: Config) -> bool:
    """Tell whether as many real participants have finished as the study declared to want."""
    return count_finished(db, config.version) >= config.recruitment.target_participants


def is_open(db: Session, config: Config) -> bool:
    """Tell whether results by system may be seen without a reason."""
    return is_stop_rule_met(db, config) or _is_imported(db, config.version)


def look(db: Session, config: Config, reason: str, *, who: str) -> None:
    """Log an early look at results by system; once the stop rule is met there is nothing to log.

    Needs a writing session. `who` is the account that ran the command, or `researcher's page`.

    Raises
    ------
    BlindError
        If the stop rule is not met and the reason is too short.
    """
    if is_open(db, config):
        return
    n_finished, wanted = count_finished(db, config.version), config.recruitment.target_participants
    if len(reason.strip()) < SHORTEST_REASON:
        raise BlindError(
            f"{n_finished} of {wanted} participants have finished: results by system stay hidden until the "
            f"stop rule is met. To look earlier, say why (at least {SHORTEST_REASON} characters): --unblind "
            '"REASON"; it is logged and shown to everybody who runs the study.'
        )
    db.add(Unblinding(study_version=config.version, n_finished=n_finished, reason=reason.strip()))
    db.add(Change(what="unblinded", who=who, reason=reason.strip()))


def list_looks(db: Session) -> Sequence[Unblinding]:
    """Return the log of early looks, oldest first."""
    return db.scalars(select(Unblinding).order_by(Unblinding.unblinded_at)).all()


def _is_imported(db: Session, version: str) -> bool:
    """Tell whether all there is was imported: whoever takes part since then has a secret to keep again."""
    imported_at = db.scalar(select(func.max(Change.changed_at)).where(Change.what == IMPORTED))
    last_arrival = select(func.max(StudySession.arrived_at)).where(
        StudySession.study_version == version,
        StudySession.is_simulated == False,  # noqa: E712 (SQL, and an index wants it so)
    )
    return imported_at is not None and (db.scalar(last_arrival) or "") <= imported_at
