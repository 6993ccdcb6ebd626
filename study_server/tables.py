"""The tables: protocols, sessions, trials, judgments, and the two records that outlive a session."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

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
    draw_counts: Mapped[dict[str, int] | None] = mapped_column(JSON)
    """Judgments per stimulus that the draw saw; with `draw_seed` it rebuilds the order."""

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
        UniqueConstraint("session_id", "stimulus_id"),
    )

    trial_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.session_id", ondelete="CASCADE"))
    trial_index: Mapped[int] = mapped_column(Integer)
    stimulus_id: Mapped[str] = mapped_column(String, index=True)
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
    judged_human: Mapped[bool] = mapped_column(Boolean)
    confidence: Mapped[int] = mapped_column(Integer)
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


class Tombstone(Table):
    """That somebody withdrew, and how far they had come; nothing that tells who."""

    __tablename__ = "tombstones"

    tombstone_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    study_version: Mapped[str] = mapped_column(String)
    is_simulated: Mapped[bool] = mapped_column(Boolean)
    had_consented: Mapped[bool] = mapped_column(Boolean)
    had_started: Mapped[bool] = mapped_column(Boolean)
    had_finished: Mapped[bool] = mapped_column(Boolean)
    withdrawn_on: Mapped[str] = mapped_column(String, default=lambda: now_utc()[:10])
    """The day only: a time of day could be matched with a server's log."""


class Unblinding(Table):
    """That results by system were taken out before the stop rule was met, and why."""

    __tablename__ = "unblindings"

    unblinding_id: Mapped[str] = mapped_column(String, primary_key=True, default=make_id)
    unblinded_at: Mapped[str] = mapped_column(String, default=now_utc)
    study_version: Mapped[str] = mapped_column(String)
    n_finished: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String)


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
