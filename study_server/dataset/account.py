"""The account of a data set (`flow.json`): who came how far, who left, what was removed, who looked early.

Counts and days only. With the tables it holds all that an import needs to give the same data set again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from study_server.tables import StudySession, Tombstone, Unblinding

STAGES = ("arrived", "consented", "started", "finished")
WITHDRAWN = "withdrawn"


def describe_flow(db: Session, *, is_simulated: bool) -> dict[str, Any]:
    """Return the account of real or of simulated participants, over all versions and of each."""
    removed = list_removed(db, is_simulated=is_simulated)
    versions = _count_stages(db, removed, is_simulated=is_simulated)
    return {
        "is_simulated": is_simulated,
        **{stage: sum(counts[stage] for counts in versions.values()) for stage in (*STAGES, WITHDRAWN)},
        "excluded": _count_excluded(db, is_simulated=is_simulated),
        "by_study_version": versions,
        "removed": removed,
        "recruitment_ids": list_id_deletions(db, is_simulated=is_simulated),
        "early_looks": [] if is_simulated else list_early_looks(db),
    }


def _count_stages(
    db: Session, removed: Sequence[Mapping[str, Any]], *, is_simulated: bool
) -> dict[str, dict[str, int]]:
    """Return how many of each version came how far; those removed count wherever they had come."""
    row = StudySession
    reached = (row.consented_at, row.started_at, row.finished_at)
    rows = db.execute(
        select(row.study_version, func.count(), *map(func.count, reached))
        .where(row.is_simulated == is_simulated)
        .group_by(row.study_version)
    )
    counts = {version: Counter(dict(zip(STAGES, there, strict=True))) for version, *there in rows}
    for it in removed:
        gone = {stage: it[stage] for stage in STAGES[1:]} | dict.fromkeys(
            ("arrived", WITHDRAWN), it["participants"]
        )
        counts.setdefault(it["study_version"], Counter()).update(gone)
    return {
        version: {stage: counts[version][stage] for stage in (*STAGES, WITHDRAWN)}
        for version in sorted(counts)
    }


def list_removed(db: Session, *, is_simulated: bool) -> list[dict[str, Any]]:
    """Return what left the store by version, manner and day: people, how far they came, judgments."""
    keys = (Tombstone.study_version, Tombstone.what, Tombstone.withdrawn_on)
    reached = (Tombstone.had_consented, Tombstone.had_started, Tombstone.had_finished)
    rows = db.execute(
        select(
            *keys,
            func.count(),
            *(func.sum(cast(stage, Integer)) for stage in reached),
            func.sum(Tombstone.n_judgments),
        )
        .where(Tombstone.is_simulated == is_simulated)
        .group_by(*keys)
        .order_by(*keys)
    )
    names = (
        "study_version", "what", "removed_on", "participants", "consented", "started", "finished", "judgments"
    )  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]


def list_id_deletions(db: Session, *, is_simulated: bool) -> list[Mapping[str, Any]]:
    """Return on which days how many recruitment ids are deleted from the store, or were."""
    day = StudySession.recruitment_id_until
    rows = db.execute(
        select(day, func.count())
        .where(
            day.is_not(None),
            StudySession.consented_at.is_not(None),
            StudySession.is_simulated == is_simulated,
        )
        .group_by(day)
        .order_by(day)
    )
    return [{"deleted_on": deleted_on, "participants": n} for deleted_on, n in rows]


def list_early_looks(db: Session) -> list[dict[str, Any]]:
    """Return who looked at results before the stop rule was met: when, at how many, and why."""
    looks = db.scalars(select(Unblinding).order_by(Unblinding.unblinded_at, Unblinding.unblinding_id))
    return [
        {
            "study_version": look.study_version,
            "looked_on": look.unblinded_at[:10],
            "n_finished": look.n_finished,
            "reason": look.reason,
        }
        for look in looks
    ]


def _count_excluded(db: Session, *, is_simulated: bool) -> int:
    excluded = select(func.count()).where(
        StudySession.excluded_at.is_not(None),
        StudySession.consented_at.is_not(None),
        StudySession.is_simulated == is_simulated,
    )
    return db.scalar(excluded) or 0
