"""What every table is built on: the base, and the ids, codes and times that rows are given."""

import secrets
from datetime import UTC, datetime

from sqlalchemy.orm import DeclarativeBase

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like something else


def make_id() -> str:
    """Return a new opaque id: 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)


def make_code(groups: int = 3) -> str:
    """Return a code that a person can copy by hand: groups of four characters, 20 bits each."""
    return "-".join("".join(secrets.choice(CODE_ALPHABET) for _ in range(4)) for _ in range(groups))


def now_utc() -> str:
    """Return this moment in UTC, ISO 8601 with milliseconds; such texts sort by time."""
    return format_utc(datetime.now(UTC))


def format_utc(moment: datetime) -> str:
    """Return a moment in UTC as the store writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Table(DeclarativeBase):
    """The base of every table; ids and times are text."""
