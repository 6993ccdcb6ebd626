"""The tables: protocols, sessions with what belongs to them, and the records that outlive a session."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

UNSETTLED = text("finished_at IS NOT NULL AND flags IS NULL")
TROUBLED = text("n_stalls + n_load_errors > 0")
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like something else


def make_id() -> str:
    """Return a new opaque id: 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)


def make_code(groups: int = 3) -> str:
    """Return a code that a person can copy by hand: groups of four characters, 20 bits each."""
    return "-".join("".join(secrets.choice(CODE_ALPHABET) for _ in range(4)) for _ in range(groups))


def now_utc() -> str:
    """Return this moment in UTC, ISO 8601 with milliseconds; such texts sort by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Table(DeclarativeBase):
    """The base of every table; ids and times are text."""


class Protocol(Table):
    """What a study was when sessions ran under it; `frozen_at` tells since when it may not change."""

    __tablename__ = "protocols"

    protocol_sha256: Mapped[str] = mapped_column(String, primary_key=True)
    study_version: Mapped[str] = mapped_column(String, index=True)
    config: Mapped[dict[str, object]] = mapped_column(JSON)
    stimuli: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    first_used_at: Mapped[str] = mapped_column(String, default=now_utc)
    frozen_at: Mapped[str | None] = mapped_column(String)


class StudySession(Table):
    """One participant's run through the study.

    `session_id` stands in the participant's cookie and nowhere else; `participant_id` in the data set.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        # The few whose places may expire; not by when they were last seen, which every judgment changes.
        Index(
            "ix_sessions_alive",
            "started_at",
            sqlite_where=text("holds_places AND finished_at IS NULL"),
            postgresql_where=text("holds_places AND finished_at IS NULL"),
        ),
        # All that the desk counts over sessions; nothing in it changes with a judgment but the last one.
        Index(
            "ix_sessions_desk",
            *("study_version", "is_simulated", "finished_at", "started_at", "volume_set_at", "consented_at"),
            *("screened_out_at", "excluded_at", "language", "device", "flags"),
        ),
        Index("ix_sessions_duration", "study_version", "is_simulated", "duration_s"),
        Index("ix_sessions_arrived", "study_version", "is_simulated", "arrived_at"),
        Index("ix_sessions_unsettled", "session_id", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
        Index(
            "ix_sessions_troubled",
            *("study_version", "is_simulated"),
            sqlite_where=TROUBLED,
            postgresql_where=TROUBLED,
        ),
    )

    session_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    participant_id: Mapped[str] = mapped_column(String, unique=True, default=make_id)
    withdrawal_code: Mapped[str] = mapped_column(String, unique=True, default=make_code)
    completion_code: Mapped[str | None] = mapped_column(String)
    is_simulated: Mapped[bool] = mapped_column(Boolean, default=False)
    language: Mapped[str] = mapped_column(String, default="en", server_default="en")
    """The one that the participant gave consent in."""
    study_version: Mapped[str] = mapped_column(String)
    protocol_sha256: Mapped[str | None] = mapped_column(ForeignKey("protocols.protocol_sha256"), index=True)
    arrived_at: Mapped[str] = mapped_column(String, default=now_utc)
    consented_at: Mapped[str | None] = mapped_column(String)
    volume_set_at: Mapped[str | None] = mapped_column(String)
    screened_out_at: Mapped[str | None] = mapped_column(String)
    started_at: Mapped[str | None] = mapped_column(String)
    breaks_taken: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    finished_at: Mapped[str | None] = mapped_column(String)
    last_seen_at: Mapped[str] = mapped_column(String, default=now_utc)
    draw_seed: Mapped[int | None] = mapped_column(BigInteger)
    draw_counts: Mapped[list[int | None] | None] = mapped_column(JSON)
    """Places taken when it was drawn, of each of the protocol's stimuli in the order of their ids; null: set
    aside. With `draw_seed` they rebuild the draw."""
    n_trials: Mapped[int | None] = mapped_column(Integer)
    n_judged: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    holds_places: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether its trials are counted in `places`: started, and neither lapsed nor excluded."""
    excluded_at: Mapped[str | None] = mapped_column(String)
    recruitment_id_until: Mapped[str | None] = mapped_column(String)
    """Day on which the platform's id is deleted, or was; null where none was given."""
    device: Mapped[str] = mapped_column(String, default="", server_default=text("''"))
    """`phone`, `tablet` or `desktop`, by what the browser says of itself; empty where it does not tell."""
    n_stalls: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    n_load_errors: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    duration_s: Mapped[float | None] = mapped_column(Float)
    """From arrival to the last answer; known once the session is settled, as `flags` are."""
    flags: Mapped[str | None] = mapped_column(String)
    """What its answers were noticed for, joined by semicolons; null: not looked at yet. See `flags`."""

    trials: Mapped[list["Trial"]] = relationship(
        back_populates="session", order_by="Trial.trial_index", cascade="all, delete-orphan"
    )
    screening_trials: Mapped[list["ScreeningTrial"]] = relationship(
        order_by="ScreeningTrial.place", cascade="all, delete-orphan"
    )
    practice_trials: Mapped[list["PracticeTrial"]] = relationship(
        order_by="PracticeTrial.trial_index", cascade="all, delete-orphan"
    )
    question_answers: Mapped[list["QuestionAnswer"]] = relationship(cascade="all, delete-orphan")


class Trial(Table):
    """One presentation of one stimulus in a session."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("session_id", "trial_index"),
        UniqueConstraint("session_id", "stimulus_id", "trial_kind"),
    )

    trial_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.session_id", ondelete="CASCADE"))
    trial_index: Mapped[int] = mapped_column(Integer)
    stimulus_id: Mapped[str] = mapped_column(String)
    trial_kind: Mapped[str] = mapped_column(String, default="main", server_default="main")
    """`main`, `repeat` of a clip heard before, or `catch`: a clip that only checks attention."""
    audio_token: Mapped[str] = mapped_column(String, unique=True, default=make_id)
    """The only name of the stimulus that a browser sees; another one in every trial."""

    session: Mapped[StudySession] = relationship(back_populates="trials")
    judgment: Mapped["Judgment | None"] = relationship(
        back_populates="trial", cascade="all, delete-orphan", lazy="selectin"
    )


class Judgment(Table):
    """The answer to a trial; its key is the trial's, so that there is never a second one."""

    __tablename__ = "judgments"

    trial_id: Mapped[str] = mapped_column(ForeignKey("trials.trial_id", ondelete="CASCADE"), primary_key=True)
    judged_human: Mapped[bool | None] = mapped_column(Boolean)
    """Of a pair, true for the clip that was taken for the human one; empty where clips are rated."""
    confidence: Mapped[int | None] = mapped_column(Integer)
    rating: Mapped[int | None] = mapped_column(Integer)
    knows_tune: Mapped[bool] = mapped_column(Boolean)
    heard_s: Mapped[float | None] = mapped_column(Float)
    n_plays: Mapped[int | None] = mapped_column(Integer)
    stalls: Mapped[int | None] = mapped_column(Integer)
    load_errors: Mapped[int | None] = mapped_column(Integer)
    coverage: Mapped[float | None] = mapped_column(Float)
    output_latency_s: Mapped[float | None] = mapped_column(Float)
    answer_time_s: Mapped[float | None] = mapped_column(Float)
    hidden_count: Mapped[int | None] = mapped_column(Integer)
    language: Mapped[str] = mapped_column(String, default="en", server_default="en")
    judged_at: Mapped[str] = mapped_column(String, default=now_utc)

    trial: Mapped[Trial] = relationship(back_populates="judgment")


class ScreeningTrial(Table):
    """One trial of a headphone screening: which interval was the right one, and which was answered."""

    __tablename__ = "screening_trials"
    __table_args__ = (UniqueConstraint("session_id", "place"),)

    screening_trial_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.session_id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(Integer)
    """Its place among all screening trials of the session, from 1."""
    test: Mapped[str] = mapped_column(String)
    attempt: Mapped[int] = mapped_column(Integer)
    trial_index: Mapped[int] = mapped_column(Integer)
    sound_id: Mapped[str] = mapped_column(String)
    correct_answer: Mapped[int] = mapped_column(Integer)
    answer: Mapped[int | None] = mapped_column(Integer)
    answered_at: Mapped[str | None] = mapped_column(String)


class PracticeTrial(Table):
    """One practice clip; its answer is told at once and never counts."""

    __tablename__ = "practice_trials"
    __table_args__ = (UniqueConstraint("session_id", "trial_index"),)

    practice_trial_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.session_id", ondelete="CASCADE"))
    trial_index: Mapped[int] = mapped_column(Integer)
    stimulus_id: Mapped[str] = mapped_column(String)
    audio_token: Mapped[str] = mapped_column(String, unique=True, default=make_id)
    judged_human: Mapped[bool | None] = mapped_column(Boolean)
    confidence: Mapped[int | None] = mapped_column(Integer)
    rating: Mapped[int | None] = mapped_column(Integer)
    answered_at: Mapped[str | None] = mapped_column(String)
    feedback_seen_at: Mapped[str | None] = mapped_column(String)


class QuestionAnswer(Table):
    """The answer to one question; empty where it was left open, options joined by a semicolon."""

    __tablename__ = "question_answers"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.session_id", ondelete="CASCADE"), primary_key=True
    )
    question_id: Mapped[str] = mapped_column(String, primary_key=True)
    answer: Mapped[str] = mapped_column(String)
    language: Mapped[str] = mapped_column(String, default="en")
    answered_at: Mapped[str] = mapped_column(String, default=now_utc)


class Place(Table):
    """How many sessions hold a clip, or have finished with it; draws are balanced by this."""

    __tablename__ = "places"

    protocol_sha256: Mapped[str] = mapped_column(
        ForeignKey("protocols.protocol_sha256", ondelete="CASCADE"), primary_key=True
    )
    is_simulated: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    stimulus_id: Mapped[str] = mapped_column(String, primary_key=True)
    n_taken: Mapped[int] = mapped_column(Integer)


class RecruitmentId(Table):
    """Whom a recruitment platform sent, apart from what they answered, until a day."""

    __tablename__ = "recruitment_ids"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.session_id", ondelete="CASCADE"), primary_key=True
    )
    recruitment_id: Mapped[str] = mapped_column(String, unique=True)
    delete_on: Mapped[str] = mapped_column(String, index=True)
    parameters: Mapped[dict[str, str] | None] = mapped_column(JSON)
    """What else the platform's link said, such as the submission's id; the last link counts."""


class Tombstone(Table):
    """That somebody's answers were removed, how many, and how far they had come; nothing that tells who."""

    __tablename__ = "tombstones"

    tombstone_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    study_version: Mapped[str] = mapped_column(String, index=True)
    is_simulated: Mapped[bool] = mapped_column(Boolean)
    had_consented: Mapped[bool] = mapped_column(Boolean)
    had_started: Mapped[bool] = mapped_column(Boolean)
    had_finished: Mapped[bool] = mapped_column(Boolean)
    withdrawn_on: Mapped[str] = mapped_column(String, default=lambda: now_utc()[:10])
    """The day only: a time of day could be matched with a server's log."""
    what: Mapped[str] = mapped_column(String, default="withdrawn", server_default="withdrawn")
    """`withdrawn` by the participant's own hand, or `forgotten` at their request."""
    n_judgments: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class Unblinding(Table):
    """That results by system were taken out before the stop rule was met, and why."""

    __tablename__ = "unblindings"

    unblinding_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    unblinded_at: Mapped[str] = mapped_column(String, default=now_utc)
    study_version: Mapped[str] = mapped_column(String)
    n_finished: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String)


class Change(Table):
    """A deliberate change to what counts: who made it, when and why; rows are only ever added."""

    __tablename__ = "changes"

    change_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    changed_at: Mapped[str] = mapped_column(String, default=now_utc)
    what: Mapped[str] = mapped_column(String, index=True)
    """`excluded`, `readmitted`, `withdrawn`, `unblinded`, `restored` or `upgraded`."""
    who: Mapped[str] = mapped_column(String)
    """The account that ran the command, `researcher's page` or `participant`."""
    participant_id: Mapped[str | None] = mapped_column(String, index=True)
    """Whom it concerns; taken away when they withdraw."""
    reason: Mapped[str] = mapped_column(String)


class Phase(Table):
    """That the study was paused, opened again or closed, when and why; the last row counts, none is open."""

    __tablename__ = "phases"
    __table_args__ = (Index("ix_phases_study_version", "study_version", "began_at"),)

    phase_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    study_version: Mapped[str] = mapped_column(String)
    phase: Mapped[str] = mapped_column(String)
    """`open`, `paused` or `closed`."""
    began_at: Mapped[str] = mapped_column(String, default=now_utc)
    reason: Mapped[str] = mapped_column(String)


class Notice(Table):
    """Something that the researcher's webhook is to be told, once."""

    __tablename__ = "notices"

    notice_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    event: Mapped[str] = mapped_column(String)
    """`target reached`, `stalled` or `error`."""
    about: Mapped[str] = mapped_column(String, unique=True)
    """What makes it the same notice, so that it is noted once by all processes and after a restart."""
    facts: Mapped[dict[str, object]] = mapped_column(JSON)
    noted_at: Mapped[str] = mapped_column(String, default=now_utc)
    sent_at: Mapped[str | None] = mapped_column(String)
    n_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class FailedTry(Table):
    """A wrong password or code; where it came from is a keyed hash that is kept for minutes."""

    __tablename__ = "failed_tries"

    try_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    door: Mapped[str] = mapped_column(String)
    source_key: Mapped[str] = mapped_column(String, index=True)
    tried_at: Mapped[str] = mapped_column(String, default=now_utc)


class ResearcherLogin(Table):
    """A researcher who is logged in; the cookie holds the id whose hash this is."""

    __tablename__ = "researcher_logins"

    login_sha256: Mapped[str] = mapped_column(String, primary_key=True)
    opened_at: Mapped[str] = mapped_column(String, default=now_utc)
