"""What can happen to a session: arrive, consent, start, judge, come back; each in one transaction."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session, object_session

from study_core.seeds import child_seed
from study_server import places
from study_server.protocol import RunningProtocol, record_protocol
from study_server.store import Store
from study_server.tables import StudySession, Trial, make_code, now_utc

STALE_S = 60
# Moves the session on where this trial is its turn. Its row is locked until the commit, so that of two equal
# answers the second finds the session moved on and changes nothing. Returns a `Turn`.
ADVANCE = (
    "UPDATE sessions SET n_judged = n_judged + 1, last_seen_at = :judged_at, "
    "finished_at = CASE WHEN n_judged + 1 = n_trials THEN :finished_at ELSE finished_at END, "
    "n_stalls = n_stalls + COALESCE(:stalls, 0), n_load_errors = n_load_errors + COALESCE(:load_errors, 0), "
    "completion_code = CASE WHEN n_judged + 1 = n_trials THEN :code ELSE completion_code END "
    "WHERE session_id = :session_id AND (holds_places OR excluded_at IS NOT NULL) AND n_judged + 1 = "
    "(SELECT trial_index FROM trials WHERE trial_id = :trial_id AND session_id = :session_id) "
    "RETURNING n_trials, breaks_taken, protocol_sha256, n_judged + 1, "
    "(SELECT trial_id FROM trials WHERE session_id = sessions.session_id AND trial_index = n_judged + 1), "
    "(SELECT audio_token FROM trials WHERE session_id = sessions.session_id AND trial_index = n_judged + 1), "
    "(SELECT audio_token FROM trials WHERE session_id = sessions.session_id AND trial_index = n_judged + 2)"
)
FOLLOWING = (
    select(Trial.trial_id, Trial.audio_token)
    .where(
        Trial.session_id == bindparam("of"), Trial.trial_index.between(bindparam("first"), bindparam("last"))
    )
    .order_by(Trial.trial_index)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a participant answered to a trial, and how they listened; None where it was not measured."""

    judged_human: bool | None = None
    confidence: int | None = None
    rating: int | None = None
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


@dataclass(frozen=True, slots=True)
class Turn:
    """The trial that is a session's turn, and what its page needs."""

    n_trials: int
    breaks_taken: int
    protocol_sha256: str
    trial_index: int
    trial_id: str
    audio_tokens: tuple[str, ...]
    """Of this trial and of those after it, so that their sounds are there in time."""


ANSWERED = tuple(field.name for field in fields(Answer))
JUDGE = (
    f"INSERT INTO judgments (trial_id, judged_at, {', '.join(ANSWERED)}) "
    f"SELECT :trial_id, :judged_at, {', '.join(f':{name}' for name in ANSWERED)}"
)


def arrive(
    db: Session, protocol: RunningProtocol, *, is_simulated: bool, language: str = "en", device: str = ""
) -> StudySession:
    """Return a new session."""
    study_session = StudySession(
        is_simulated=is_simulated,
        language=language,
        device=device,
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
    if study_session.started_at is None:
        with db.no_autoflush:  # the session's row is written once, as it takes its places
            _draw(db, study_session, protocol)
        places.take(db, study_session)


def _draw(db: Session, study_session: StudySession, protocol: RunningProtocol) -> None:
    """Store the session's trials, and what its draw can be made again from."""
    places.give_back_lapsed(db, timedelta(minutes=protocol.config.trials.lease_minutes))
    taken = places.list_taken(db, protocol.sha256, is_simulated=study_session.is_simulated)
    seed = child_seed(protocol.config.seed, "draw", study_session.participant_id)
    planned = protocol.draw(taken, seed)
    record_protocol(db, protocol, is_frozen=not study_session.is_simulated)
    study_session.study_version = protocol.config.version
    study_session.protocol_sha256 = protocol.sha256
    study_session.draw_seed, study_session.draw_counts = seed, protocol.list_counts(taken)
    study_session.started_at = now_utc()
    study_session.n_trials = len(planned)
    trials = [
        {"trial_index": index, "stimulus_id": trial.stimulus_id, "trial_kind": trial.kind}
        for index, trial in enumerate(planned, start=1)
    ]
    db.execute(insert(Trial).values(session_id=study_session.session_id), trials)


def find_turn(study_session: StudySession, n_tokens: int = 2) -> Turn | None:
    """Return the first trial without an answer, or None at the end; the session is of an open store.

    It has the audio tokens of so many trials, fewer near the end.
    """
    done, n_trials = study_session.n_judged, study_session.n_trials
    if n_trials is None or done >= n_trials:
        return None
    which = {"of": study_session.session_id, "first": done + 1, "last": done + n_tokens}
    ahead = _find_db(study_session).execute(FOLLOWING, which).all()
    return Turn(
        n_trials,
        study_session.breaks_taken,
        study_session.protocol_sha256 or "",
        done + 1,
        ahead[0].trial_id,
        tuple(trial.audio_token for trial in ahead),
    )


def judge(store: Store, session_id: str, trial_id: str, answer: Answer) -> Turn | None:
    """Store the answer to a session's next trial durably; one to any other trial changes nothing.

    An answered trial comes again by a double click, a second tab or a lost acknowledgment; a later one
    cannot come from a page, for it was never shown. Returns whose turn it is then, where the answer was new
    and there is another trial.
    """
    now = now_utc()
    values = {
        "session_id": session_id,
        "trial_id": trial_id,
        "judged_at": now,
        "finished_at": now,
        "code": make_code(groups=2),
        **{name: getattr(answer, name) for name in ANSWERED},
    }
    advanced = store.append(ADVANCE, JUDGE, values)
    if advanced is None:
        _come_back(store, session_id)  # or another tab did since, so that the answer is tried again anyway
        advanced = store.append(ADVANCE, JUDGE, values)
    if advanced is None:
        return None
    n_trials, breaks, sha256, index, next_id, *tokens = advanced
    turn = Turn(n_trials, breaks, sha256, index, next_id, tuple(filter(None, tokens)))
    return turn if turn.trial_index <= turn.n_trials else None


def _come_back(store: Store, session_id: str) -> None:
    """Take the places of a session that lapsed again."""
    with store.write() as db:
        found = db.get(StudySession, session_id)
        if found is not None:
            come_back(db, found)


def come_back(db: Session, study_session: StudySession) -> None:
    """Note that somebody is back; where their places were given to others, they get places again."""
    study_session.last_seen_at = now_utc()
    if study_session.started_at is not None and study_session.finished_at is None:
        places.take(db, study_session)


def is_stale(study_session: StudySession) -> bool:
    """Tell whether the session was last seen so long ago that the store should learn it is back."""
    last_seen = datetime.fromisoformat(study_session.last_seen_at)
    return datetime.now(UTC) - last_seen > timedelta(seconds=STALE_S)


def _find_db(study_session: StudySession) -> Session:
    db = object_session(study_session)
    if db is None:
        raise RuntimeError("The session's row is used after its store was closed.")
    return db
