"""The records that outlive a session: what was removed, looked at, decided, told and tried."""

import getpass
import os

from sqlalchemy import JSON, Boolean, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from study_server.table_base import Table, make_id, now_utc


def name_account() -> str:
    """Return the account that runs a command, as the record of changes names it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container an account may have a number and no name
        return f"user {os.getuid()}"


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
    """`excluded`, `readmitted`, `withdrawn`, `forgotten`, `unblinded`, `restored` or `imported`."""
    who: Mapped[str] = mapped_column(String)
    """The account that ran the command, `researcher's page`, `participant` or `import`."""
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
