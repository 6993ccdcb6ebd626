"""What can happen to a session: arrive, consent, start, judge, finish; each in one transaction."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from study_core.seeds import child_seed
from study_core.types import HUMAN
from study_server.protocol import RunningProtocol, record_protocol
from study_server.tables import Judgment, StudySession, Trial, make_code, now_utc

STALE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a participant answered to a trial, and how they listened; None where it was not measured."""

    judged_human: bool
    confidence: int
    knows_tune: bool
    heard_s: float | None = None
    n_plays: int | None = None
    stalls: int | None = None
    load_errors: int | None = None
    coverage: float | None = None
    output_latency_s: float | None = None
    answer_time_s: float | None = None
    hidden_count: int | None = None
    language: str = "en"


def arrive(
    db: Session, protocol: RunningProtocol, *, is_simulated: bool, language: str = "en"
) -> StudySession:
    """Return a new session."""
    study_session = StudySession(
        is_simulated=is_simulated,
        language=language,
        study_version=protocol.config.version,
        withdrawal_code=make_code(),
    )
    db.add(study_session)
    db.flush()
    return study_session


def consent(study_session: StudySession, language: str = "en") -> None:
    """Record consent and the language of the document; the first one counts."""
    if study_session.consented_at is None:
        study_session.consented_at, study_session.language = now_utc(), language
    study_session.last_seen_at = now_utc()


def start(db: Session, study_session: StudySession, protocol: RunningProtocol) -> None:
    """Draw the session's trials, once; needs a writing session, so that draws see each other's counts."""
    study_session.last_seen_at = now_utc()
    if study_session.started_at is not None:
        return
    counts = count_places(db, protocol, is_simulated=study_session.is_simulated)
    seed = child_seed(protocol.config.seed, "draw", study_session.participant_id)
    record_protocol(db, protocol, is_frozen=not study_session.is_simulated)
    study_session.study_version = protocol.config.version
    study_session.protocol_sha256 = protocol.sha256
    study_session.draw_seed, study_session.draw_counts = seed, counts
    study_session.started_at = now_utc()
    study_session.trials = [
        Trial(trial_index=index, stimulus_id=stimulus_id)
        for index, stimulus_id in enumerate(protocol.draw(counts, seed), start=1)
    ]


def count_places(db: Session, protocol: RunningProtocol, *, is_simulated: bool) -> dict[str, int]:
    """Return taken places by stimulus id: judgments of finished sessions, and all trials of sessions alive.

    A session is alive until `trials.lease_minutes` after it was last seen; then its places are free again.
    """
    lease = timedelta(minutes=protocol.config.trials.lease_minutes)
    oldest = (datetime.now(UTC) - lease).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    taken: ColumnElement[bool] = or_(
        and_(StudySession.finished_at.is_not(None), Judgment.trial_id.is_not(None)),
        and_(StudySession.finished_at.is_(None), StudySession.last_seen_at >= oldest),
    )
    rows = db.execute(
        select(Trial.stimulus_id, func.count())
        .join(StudySession)
        .outerjoin(Judgment)
        .where(
            StudySession.protocol_sha256 == protocol.sha256, StudySession.is_simulated == is_simulated, taken
        )
        .group_by(Trial.stimulus_id)
        .order_by(Trial.stimulus_id)
    )
    return dict(rows.all())


def find_next(study_session: StudySession) -> Trial | None:
    """Return the first trial without an answer, or None at the end."""
    return next((trial for trial in study_session.trials if trial.judgment is None), None)


def judge(study_session: StudySession, trial_id: str, answer: Answer) -> None:
    """Store the answer to the session's next trial; one to any other trial changes nothing.

    An answered trial comes again by a double click, a second tab or a lost acknowledgment; a later one
    cannot come from a page, for it was never shown.
    """
    study_session.last_seen_at = now_utc()
    trial = find_next(study_session)
    if trial is None or trial.trial_id != trial_id:
        return
    trial.judgment = Judgment(**asdict(answer))
    if find_next(study_session) is None:
        study_session.finished_at = now_utc()
        study_session.completion_code = make_code(groups=2)


def is_stale(study_session: StudySession) -> bool:
    """Tell whether the session was last seen so long ago that the store should learn it is back."""
    last_seen = datetime.fromisoformat(study_session.last_seen_at)
    return datetime.now(UTC) - last_seen > timedelta(seconds=STALE_S)


def count_correct(study_session: StudySession, protocol: RunningProtocol) -> int:
    """Return how many clips of a session were judged rightly."""
    return sum(
        trial.judgment.judged_human == (protocol.by_id[trial.stimulus_id].system == HUMAN)
        for trial in study_session.trials
        if trial.judgment is not None
    )
