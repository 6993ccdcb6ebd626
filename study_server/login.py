"""The researcher's password and who has given it: logins end after half a day or by logging out."""

import hashlib
import os
import secrets
import threading
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import session
from sqlalchemy import delete

from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.secret import load_secret, opaque_id
from study_server.security import load_cookie_key
from study_server.store import Store
from study_server.tables import ResearcherLogin, format_utc

PASSWORD_VARIABLE = "STUDY_RESEARCHER_PASSWORD"  # noqa: S105 (the name of a variable)
PASSWORD_FILE = "researcher_password"  # noqa: S105 (the name of a file)
SHORTEST_PASSWORD = 8
FEWEST_SYMBOLS = 4
PASSWORD_BYTES = 8  # tries are throttled, and people type it
KNOWN_PASSWORDS = ("password", "12345678", "changeme", "change-me", "qwertyui", "researcher", "admin123")
"""What begins with one of these is refused."""
LOGIN_HOURS = 12
LOGIN_KEY, KNOWN_KEY = "login", "known"


class ResearcherPassword:
    """The researcher's password, from the environment or made on first use; kept only as its hash."""

    def __init__(self, folders: DataFolders) -> None:
        """Read the password.

        Raises
        ------
        StudyError
            If the one in the environment is too short or known to everybody.
        """
        given = os.environ.get(PASSWORD_VARIABLE)
        if given is not None:
            _refuse_weak(given)
        password = given or load_secret(folders.secrets, PASSWORD_FILE, n_bytes=PASSWORD_BYTES)
        self.place = f"${PASSWORD_VARIABLE}" if given else str(folders.secrets / PASSWORD_FILE)
        self._hasher = PasswordHasher()
        self._hash = self._hasher.hash(password)
        self._one_at_a_time = threading.Lock()  # a check takes 64 MiB
        self.badge = opaque_id(load_cookie_key(folders), "researcher", password)
        """Stands in the cookie of who knew the password; another password makes it worthless."""

    def matches(self, password: str) -> bool:
        """Tell whether that is the password, in a time that does not depend on it."""
        with self._one_at_a_time:
            try:
                return self._hasher.verify(self._hash, password)
            except VerifyMismatchError:
                return False


def _refuse_weak(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise StudyError(
            f"{PASSWORD_VARIABLE} has {len(password)} characters; it needs at least {SHORTEST_PASSWORD}. "
            "Set a longer one, or unset it to have one made."
        )
    if password.lower().startswith(KNOWN_PASSWORDS) or len(set(password)) < FEWEST_SYMBOLS:
        raise StudyError(
            f"{PASSWORD_VARIABLE} is a password that everybody tries first. Set another, or unset it to have "
            "one made."
        )


def open_login(store: Store, badge: str) -> None:
    """Log this browser in, under a new id and with new form tokens: nobody can have prepared them."""
    login_id = secrets.token_hex(16)
    with store.write() as db:
        db.execute(delete(ResearcherLogin).where(ResearcherLogin.opened_at < _oldest()))
        db.add(ResearcherLogin(login_sha256=_hash(login_id)))
    session.pop("csrf_token", None)
    session[LOGIN_KEY], session[KNOWN_KEY] = login_id, badge
    session.permanent = True


def is_logged_in(store: Store, badge: str) -> bool:
    """Tell whether this browser's login is open and the password still the same."""
    login_id = session.get(LOGIN_KEY)
    if not login_id or not is_known(badge):
        return False
    with store.read() as db:
        row = db.get(ResearcherLogin, _hash(login_id))
    return row is not None and row.opened_at >= _oldest()


def is_known(badge: str) -> bool:
    """Tell whether today's password was once given in this browser."""
    return bool(session.get(KNOWN_KEY) == badge)


def close_login(store: Store) -> None:
    """Log this browser out: a copy of its cookie is worth nothing from now on."""
    login_id = session.pop(LOGIN_KEY, None)
    if login_id:
        with store.write() as db:
            db.execute(delete(ResearcherLogin).where(ResearcherLogin.login_sha256 == _hash(login_id)))


def _hash(login_id: str) -> str:
    return hashlib.sha256(login_id.encode()).hexdigest()


def _oldest() -> str:
    return format_utc(datetime.now(UTC) - timedelta(hours=LOGIN_HOURS))
