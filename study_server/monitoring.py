"""What a researcher may know while the study runs: counts and durations, nothing by system."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_core.config import Config
from study_server.protocol import RunningProtocol
from study_server.tables import Judgment, Protocol, StudySession, Tombstone, Trial, Unblinding


@dataclass(frozen=True, slots=True)
class Flow:
    """How many people came how far; those who withdrew are counted in every stage they had reached."""

    arrived: int
    consented: int
    started: int
    finished: int
    withdrawn: int


def count_flow(db: Session, *, is_simulated: bool, version: str | None = None) -> Flow:
    """Return the flow account of real or of simulated participants, of one version or of all."""
    there = select(
        func.count(),
        func.count(StudySession.consented_at),
        func.count(StudySession.started_at),
        func.count(StudySession.finished_at),
    ).where(StudySession.is_simulated == is_simulated)
    gone = select(Tombstone).where(Tombstone.is_simulated == is_simulated)
    if version is not None:
        there = there.where(StudySession.study_version == version)
        gone = gone.where(Tombstone.study_version == version)
    arrived, consented, started, finished = db.execute(there).one()
    tombstones = db.scalars(gone).all()
    return Flow(
        arrived + len(tombstones),
        consented + sum(stone.had_consented for stone in tombstones),
        started + sum(stone.had_started for stone in tombstones),
        finished + sum(stone.had_finished for stone in tombstones),
        len(tombstones),
    )


def list_versions(db: Session) -> list[str]:
    """Return every version that has sessions or withdrawals, sorted."""
    return sorted(
        {*db.scalars(select(StudySession.study_version)), *db.scalars(select(Tombstone.study_version))}
    )


def count_finished(db: Session, version: str) -> int:
    """Return how many real participants of a version finished and have not withdrawn."""
    finished = select(func.count()).where(
        StudySession.finished_at.is_not(None),
        StudySession.is_simulated.is_(False),
        StudySession.study_version == version,
    )
    return db.scalar(finished) or 0


def is_stop_rule_met(db: Session, config: Config) -> bool:
    """Tell whether as many real participants have finished as the study declared to want."""
    return count_finished(db, config.version) >= config.recruitment.target_participants


def count_clips_by_judgments(db: Session, protocol: RunningProtocol, *, is_simulated: bool) -> dict[int, int]:
    """Return the number of clips by their judgments in finished sessions; nothing says which clips."""
    rows = db.execute(
        select(Trial.stimulus_id, func.count())
        .join(Judgment)
        .join(StudySession)
        .where(
            StudySession.protocol_sha256 == protocol.sha256,
            StudySession.is_simulated == is_simulated,
            StudySession.finished_at.is_not(None),
        )
        .group_by(Trial.stimulus_id)
    )
    counts = dict(rows.all())
    histogram = Counter(counts.get(stimulus.stimulus_id, 0) for stimulus in protocol.trial_stimuli)
    return dict(sorted(histogram.items()))


def find_median_duration_min(db: Session, version: str, *, is_simulated: bool) -> float | None:
    """Return the median time from arrival to the last answer, in minutes; None before anyone finished."""
    rows = db.execute(
        select(StudySession.arrived_at, StudySession.finished_at).where(
            StudySession.finished_at.is_not(None),
            StudySession.study_version == version,
            StudySession.is_simulated == is_simulated,
        )
    )
    durations_min = [
        (datetime.fromisoformat(finished) - datetime.fromisoformat(arrived)).total_seconds() / 60
        for arrived, finished in rows
        if finished is not None
    ]
    return median(durations_min) if durations_min else None


def list_unblindings(db: Session) -> list[Unblinding]:
    """Return the log of early looks at results by system, oldest first."""
    return list(db.scalars(select(Unblinding).order_by(Unblinding.unblinded_at)))


def find_frozen_at(db: Session, protocol: RunningProtocol) -> str | None:
    """Return since when the running protocol is frozen, or None."""
    row = db.get(Protocol, protocol.sha256)
    return row.frozen_at if row else None
