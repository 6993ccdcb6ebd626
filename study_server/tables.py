"""The tables: protocols, and sessions with what belongs to them; `records` has those that outlive a session.

All of them are to be had here, so that whoever asks for the tables has them all.
"""

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
from sqlalchemy.orm import Mapped, mapped_column, relationship

from study_server.records import (
    Change,
    FailedTry,
    Notice,
    Phase,
    ResearcherLogin,
    Tombstone,
    Unblinding,
)
from study_server.table_base import Table, format_utc, make_code, make_id, now_utc

__all__ = [
    "TROUBLED",
    "UNSETTLED",
    "Change",
    "FailedTry",
    "Judgment",
    "Notice",
    "Phase",
    "Place",
    "PracticeTrial",
    "Protocol",
    "QuestionAnswer",
    "RecruitmentId",
    "ResearcherLogin",
    "ScreeningTrial",
    "StudySession",
    "Table",
    "Tombstone",
    "Trial",
    "Unblinding",
    "format_utc",
    "make_code",
    "make_id",
    "now_utc",
]

UNSETTLED = text("finished_at IS NOT NULL AND flags IS NULL")
TROUBLED = text("n_stalls + n_load_errors > 0")


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
