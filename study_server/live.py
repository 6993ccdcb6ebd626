"""The live page's figures: all of one moment, out of indexes and kept counts, nothing by system.

What is counted over judgments is counted where it happens: a clip's completed judgments are the places taken
less those of sessions under way, and a session carries its own stalls. So a page costs the same after a
million judgments as after a hundred thousand, but for one pass over an index of the sessions.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from study_server import funnel, phases, places
from study_server.flags import SEPARATOR
from study_server.protocol import RunningProtocol
from study_server.study import Study
from study_server.tables import TROUBLED, Protocol, StudySession, now_utc
from study_server.unblinding import count_finished

OPEN_TRIALS = text(
    "SELECT t.stimulus_id, count(*) FROM sessions s JOIN trials t ON t.session_id = s.session_id "
    "WHERE s.holds_places AND s.finished_at IS NULL AND s.protocol_sha256 = :protocol_sha256 "
    "AND s.is_simulated = :is_simulated AND t.trial_kind <> 'repeat' GROUP BY t.stimulus_id"
)
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class ClipCount:
    """How many sessions completed a clip, and how many hold it now; who composed it is not told."""

    stimulus_id: str
    n_completed: int
    n_open: int


@dataclass(frozen=True, slots=True)
class Troubles:
    """How often sound stalled or did not load, and in how many sessions."""

    n_sessions: int
    n_stalls: int
    n_load_errors: int


@dataclass(frozen=True, slots=True)
class Live:
    """One moment of a study."""

    at: str
    phase: phases.PhaseName
    frozen_at: str | None
    """Since when the running protocol may not change; None where no real participant has started."""
    n_finished: int
    """Real participants that count towards the target."""
    flow: funnel.Funnel
    stops: Sequence[funnel.Stop]
    clips: Sequence[ClipCount]
    minutes: Sequence[float] | None
    """Lower quartile, median and upper quartile from arrival to the last answer; None before anyone."""
    languages: dict[str, int]
    devices: dict[str, int]
    """Of those who consented; an empty class is one that did not tell."""
    flags: dict[str, int]
    troubles: Troubles

    @property
    def n_there(self) -> int:
        """How many take part at this moment."""
        return sum(stop.n_there for stop in self.stops)

    @property
    def n_left(self) -> int:
        """How many stopped before the end."""
        return sum(stop.n_left for stop in self.stops)


def look_at(db: Session, study: Study, *, is_simulated: bool) -> Live:
    """Return a study's figures, all of the moment that the reading session sees."""
    version = study.config.version
    groups = funnel.count_groups(db, version, is_simulated=is_simulated)
    languages, devices, flags = _count_kinds(groups)
    return Live(
        at=now_utc(),
        phase=phases.find_phase(db, version),
        frozen_at=_find_frozen_at(db, study.protocol),
        n_finished=count_finished(db, version),
        flow=funnel.count_funnel(db, version, groups, is_simulated=is_simulated),
        stops=funnel.list_stops(db, version, study.config.trials, is_simulated=is_simulated),
        clips=count_clips(db, study.protocol, is_simulated=is_simulated),
        minutes=_find_quartiles(db, version, is_simulated=is_simulated),
        languages=dict(languages.most_common()),
        devices=dict(devices.most_common()),
        flags=dict(flags.most_common()),
        troubles=_count_troubles(db, version, is_simulated=is_simulated),
    )


def count_clips(db: Session, protocol: RunningProtocol, *, is_simulated: bool) -> list[ClipCount]:
    """Return every clip of the trials by its opaque id, in an order that tells nothing."""
    taken = places.list_taken(db, protocol.sha256, is_simulated=is_simulated)
    values = {"protocol_sha256": protocol.sha256, "is_simulated": is_simulated}
    held: dict[str, int] = {clip: n for clip, n in db.execute(OPEN_TRIALS, values)}  # noqa: C416 (rows)
    ids = sorted(stimulus.stimulus_id for stimulus in protocol.trial_stimuli)
    return [ClipCount(i, taken.get(i, 0) - held.get(i, 0), held.get(i, 0)) for i in ids]


def _find_frozen_at(db: Session, protocol: RunningProtocol) -> str | None:
    return db.scalar(select(Protocol.frozen_at).where(Protocol.protocol_sha256 == protocol.sha256))


def _count_kinds(groups: Sequence[funnel.Group]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    languages, devices, flags = Counter[str](), Counter[str](), Counter[str]()
    for group in groups:
        if group.consented:
            languages[group.language] += group.consented
            devices[group.device] += group.consented
        for name in filter(None, group.flags.split(SEPARATOR)):
            flags[name] += group.finished
    return languages, devices, flags


def _find_quartiles(db: Session, version: str, *, is_simulated: bool) -> tuple[float, ...] | None:
    known = (
        StudySession.study_version == version,
        StudySession.is_simulated == is_simulated,
        StudySession.duration_s.is_not(None),
    )
    n = db.scalar(select(func.count()).where(*known)) or 0
    if not n:
        return None
    ordered = select(StudySession.duration_s).where(*known).order_by(StudySession.duration_s)
    return tuple((db.scalar(ordered.offset(round(q * (n - 1))).limit(1)) or 0.0) / 60 for q in QUARTERS)


def _count_troubles(db: Session, version: str, *, is_simulated: bool) -> Troubles:
    row = StudySession
    counted = db.execute(
        select(
            func.count(),
            func.coalesce(func.sum(row.n_stalls), 0),
            func.coalesce(func.sum(row.n_load_errors), 0),
        ).where(row.study_version == version, row.is_simulated == is_simulated, TROUBLED)
    ).one()
    return Troubles(*counted)
