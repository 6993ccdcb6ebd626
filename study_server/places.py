"""Places: how many sessions hold each clip, counted as they take and give back, never by a scan.

A session takes a place for each of its clips when it starts. It keeps them when it finishes, and gives them
back when it was not seen for `trials.lease_minutes`, is excluded or withdraws; who comes back after that
takes them again. All of this happens in the one writing transaction, so that draws see each other's places.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from study_server.table_base import format_utc
from study_server.tables import Place, StudySession, Trial

Key = tuple[str, bool, str]
"""A protocol's hash, whether simulated, and a stimulus id."""

TAKEN = select(Place.stimulus_id, Place.n_taken).where(
    Place.protocol_sha256 == bindparam("sha256"), Place.is_simulated == bindparam("simulated")
)
TAKE = text(
    "INSERT INTO places (protocol_sha256, is_simulated, stimulus_id, n_taken) "
    "SELECT s.protocol_sha256, s.is_simulated, t.stimulus_id, 1 "
    "FROM sessions s JOIN trials t ON t.session_id = s.session_id "
    "WHERE s.session_id = :session_id AND t.trial_kind <> 'repeat' "
    "ON CONFLICT (protocol_sha256, is_simulated, stimulus_id) DO UPDATE SET n_taken = places.n_taken + 1"
)
GIVE_BACK = text(
    "UPDATE places SET n_taken = n_taken - 1 "
    "WHERE protocol_sha256 = :protocol_sha256 AND is_simulated = :is_simulated AND stimulus_id IN "
    "(SELECT stimulus_id FROM trials WHERE session_id = :session_id AND trial_kind <> 'repeat')"
)
LAPSE = text(
    "UPDATE sessions SET holds_places = false "
    "WHERE holds_places AND finished_at IS NULL AND last_seen_at < :oldest "
    "RETURNING session_id, protocol_sha256, is_simulated"
)


def list_taken(db: Session, protocol_sha256: str, *, is_simulated: bool) -> dict[str, int]:
    """Return the places taken by stimulus id; clips that nobody holds may be missing."""
    rows = db.execute(TAKEN, {"sha256": protocol_sha256, "simulated": is_simulated})
    return dict(rows.all())


def take(db: Session, study_session: StudySession) -> None:
    """Take the places of a started session, where it does not hold them and counts."""
    if study_session.holds_places or study_session.excluded_at is not None:
        return
    study_session.holds_places = True
    db.flush()
    db.execute(TAKE, {"session_id": study_session.session_id})


def give_back(db: Session, study_session: StudySession) -> None:
    """Give the places of a session to others."""
    if not study_session.holds_places:
        return
    study_session.holds_places = False
    db.flush()
    db.execute(GIVE_BACK, _key(study_session))


def give_back_lapsed(db: Session, lease: timedelta) -> int:
    """Give back the places of unfinished sessions not seen for so long; return how many sessions lapsed."""
    oldest = format_utc(datetime.now(UTC) - lease)
    lapsed = db.execute(LAPSE, {"oldest": oldest}).mappings().all()
    if lapsed:
        db.execute(GIVE_BACK, [dict(row) for row in lapsed])
    return len(lapsed)


def count_taken(db: Session) -> dict[Key, int]:
    """Return the places as the table holds them; those that nobody holds are left out."""
    rows = db.execute(select(Place.protocol_sha256, Place.is_simulated, Place.stimulus_id, Place.n_taken))
    return {(sha256, simulated, clip): n for sha256, simulated, clip, n in rows if n}


def recount(db: Session) -> dict[Key, int]:
    """Return the places counted anew from all sessions and trials, which is what `count_taken` must equal."""
    rows = db.execute(
        select(StudySession.protocol_sha256, StudySession.is_simulated, Trial.stimulus_id, func.count())
        .join(Trial, Trial.session_id == StudySession.session_id)
        .where(StudySession.holds_places, Trial.trial_kind != "repeat")
        .group_by(StudySession.protocol_sha256, StudySession.is_simulated, Trial.stimulus_id)
    )
    return {(sha256 or "", simulated, clip): n for sha256, simulated, clip, n in rows}


def _key(study_session: StudySession) -> Mapping[str, object]:
    return {
        "session_id": study_session.session_id,
        "protocol_sha256": study_session.protocol_sha256,
        "is_simulated": study_session.is_simulated,
    }
