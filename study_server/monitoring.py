"""What a researcher may know while the study runs: counts, nothing by system."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_server.protocol import RunningProtocol
from study_server.tables import Protocol, StudySession, Tombstone


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


def find_frozen_at(db: Session, protocol: RunningProtocol) -> str | None:
    """Return since when the running protocol is frozen, or None."""
    row = db.get(Protocol, protocol.sha256)
    return row.frozen_at if row else None
