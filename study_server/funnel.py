"""How far people came and where they stopped, counted over sessions and never over judgments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from study_core.participation import TrialsConfig
from study_server.tables import PracticeTrial, StudySession, Tombstone, format_utc

BEFORE = ("Consent", "Questions, volume", "Sound check, practice")
THERE_MINUTES = 10
"""Whoever was seen so lately is there now; whoever was not, and has not finished, has left."""


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions that have language, device and flags in common, and how many of them came how far."""

    language: str
    device: str
    flags: str
    is_excluded: bool
    arrived: int
    consented: int
    sounded: int
    screened_out: int
    started: int
    finished: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the way: how many are there now, and how many left there."""

    name: str
    n_there: int
    n_left: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many people came how far; those who withdrew are counted in every stage they had reached."""

    arrived: int
    consented: int
    screened: int
    """Came through the headphone check, or there was none."""
    started: int
    finished: int
    screened_out: int
    withdrawn: int
    excluded: int
    """Of those who are there, whatever they had reached."""


def count_groups(db: Session, version: str, *, is_simulated: bool) -> list[Group]:
    """Return the sessions of a version, counted in one pass over an index."""
    row = StudySession
    alike = (row.language, row.device, func.coalesce(row.flags, ""), row.excluded_at.is_not(None))
    reached = (row.consented_at, row.volume_set_at, row.screened_out_at, row.started_at, row.finished_at)
    rows = db.execute(
        select(*alike, func.count(), *map(func.count, reached))
        .where(row.study_version == version, row.is_simulated == is_simulated)
        .group_by(*alike)
    )
    names = [field.name for field in fields(Group)]
    return [Group(**dict(zip(names, counted, strict=True))) for counted in rows]


def count_funnel(db: Session, version: str, groups: Sequence[Group], *, is_simulated: bool) -> Funnel:
    """Return the funnel of a version, made of its counted groups and of those who withdrew."""
    gone = db.execute(
        select(
            func.count(),
            *(
                func.coalesce(func.sum(case((reached, 1), else_=0)), 0)
                for reached in (Tombstone.had_consented, Tombstone.had_started, Tombstone.had_finished)
            ),
        ).where(Tombstone.study_version == version, Tombstone.is_simulated == is_simulated)
    ).one()
    n_gone, consented, started, finished = gone
    screened_out = sum(group.screened_out for group in groups)
    in_screening = _count_in_screening(db, version, is_simulated=is_simulated)
    return Funnel(
        arrived=sum(group.arrived for group in groups) + n_gone,
        consented=sum(group.consented for group in groups) + consented,
        screened=sum(group.sounded for group in groups) - screened_out - in_screening + started,
        started=sum(group.started for group in groups) + started,
        finished=sum(group.finished for group in groups) + finished,
        screened_out=screened_out,
        withdrawn=n_gone,
        excluded=sum(group.arrived for group in groups if group.is_excluded),
    )


def list_stops(db: Session, version: str, trials: TrialsConfig, *, is_simulated: bool) -> list[Stop]:
    """Return every place where somebody can stop, in the order of the way."""
    row = StudySession
    since = format_utc(datetime.now(UTC) - timedelta(minutes=THERE_MINUTES))
    place = (
        row.consented_at.is_not(None),
        row.volume_set_at.is_not(None),
        row.started_at.is_not(None),
        row.n_judged,
        row.last_seen_at >= since,
    )
    rows = db.execute(
        select(*place, func.count())
        .where(
            row.study_version == version,
            row.is_simulated == is_simulated,
            row.finished_at.is_(None),
            row.screened_out_at.is_(None),
        )
        .group_by(*place)
    ).all()
    names = [*BEFORE, *(name_page(trials, index) for index in range(1, trials.n_pages + 1))]
    counts: Counter[tuple[str, bool]] = Counter()
    for consented, sounded, started, n_judged, is_there, n in rows:
        page = len(BEFORE) + n_judged // trials.clips_per_page
        counts[names[page if started else bool(consented) + bool(sounded)], bool(is_there)] += n
    return [Stop(name, counts[name, True], counts[name, False]) for name in names]


def name_page(trials: TrialsConfig, index: int) -> str:
    """Return what the desk calls a page of the trials, from 1 on: a clip's, or a pair's."""
    return f"{'Pair' if trials.clips_per_page > 1 else 'Clip'} {index}"


def _count_in_screening(db: Session, version: str, *, is_simulated: bool) -> int:
    """Return how many are in the headphone screening, or left there: heard, but nothing to practise yet."""
    practised = select(text("1")).where(PracticeTrial.session_id == StudySession.session_id).exists()
    waiting = select(func.count()).where(
        StudySession.study_version == version,
        StudySession.is_simulated == is_simulated,
        StudySession.finished_at.is_(None),
        StudySession.started_at.is_(None),
        StudySession.volume_set_at.is_not(None),
        StudySession.screened_out_at.is_(None),
        ~practised,
    )
    return db.scalar(waiting) or 0
