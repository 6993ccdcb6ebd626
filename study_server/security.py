"""What keeps the study to itself: headers, cookies, form tokens, the password, proofs of bots."""

import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, Response
from flask_wtf.csrf import CSRFProtect

from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.secret import load_secret, opaque_id

PASSWORD_VARIABLE = "STUDY_RESEARCHER_PASSWORD"  # noqa: S105 (the name of a variable)
PASSWORD_FILE = "researcher_password"  # noqa: S105 (the name of a file)
SHORTEST_PASSWORD = 8
PASSWORD_BYTES = 8  # tries are throttled, and people type it
PROOF_HEADER = "X-Study-Simulation"
MOST_REQUEST_BYTES = 64 * 1024
MOST_FAILED_TRIES = 5
LOCKED_S = 30.0
COOKIE_DAYS = 30

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def protect(app: Flask, folders: DataFolders) -> None:
    """Give an app its signed cookie, form tokens, size limit and security headers."""
    app.config.update(
        SECRET_KEY=load_secret(folders.secrets, "cookie"),
        SESSION_COOKIE_NAME="study",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=COOKIE_DAYS * 24 * 3600,
        MAX_CONTENT_LENGTH=MOST_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_REQUEST_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # a laptop closed over lunch must not lose its answer
    )
    CSRFProtect(app)
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Pages are not stored: going back asks the server, which knows where the participant is.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def prove_simulation(folders: DataFolders) -> str:
    """Return the proof that a listener is simulated; only who reads the data folder can make it."""
    return opaque_id(load_secret(folders.secrets, "simulation"), "simulated listener")


def is_proof(folders: DataFolders, proof: str) -> bool:
    """Tell whether a proof is right, in constant time."""
    return hmac.compare_digest(prove_simulation(folders).encode(), proof.encode())


@dataclass
class Throttle:
    """Counts failed tries per address; after the fifth an address waits half a minute."""

    clock: Callable[[], float] = time.monotonic
    _failed: dict[str, tuple[int, float]] = field(default_factory=dict)

    def is_locked(self, address: str) -> bool:
        """Tell whether an address must wait."""
        tries, last = self._failed.get(address, (0, 0.0))
        return tries >= MOST_FAILED_TRIES and self.clock() - last < LOCKED_S

    def record_failure(self, address: str) -> None:
        """Count a failed try; a try after the wait counts from one again."""
        now = self.clock()
        self._failed = {a: (n, t) for a, (n, t) in self._failed.items() if now - t < LOCKED_S}
        tries, _ = self._failed.get(address, (0, 0.0))
        self._failed[address] = (tries + 1, now)

    def forget(self, address: str) -> None:
        """Forget an address that got in."""
        self._failed.pop(address, None)


class ResearcherPassword:
    """The researcher's password, from the environment or made on first use; kept only as its hash."""

    def __init__(self, folders: DataFolders) -> None:
        """Read the password.

        Raises
        ------
        StudyError
            If the one in the environment is too short.
        """
        given = os.environ.get(PASSWORD_VARIABLE)
        if given is not None and len(given) < SHORTEST_PASSWORD:
            raise StudyError(
                f"{PASSWORD_VARIABLE} has {len(given)} characters; it needs at least {SHORTEST_PASSWORD}. "
                "Set a longer one, or unset it to have one made."
            )
        password = given or load_secret(folders.secrets, PASSWORD_FILE, n_bytes=PASSWORD_BYTES)
        self.place = f"${PASSWORD_VARIABLE}" if given else str(folders.secrets / PASSWORD_FILE)
        self._hasher = PasswordHasher()
        self._hash = self._hasher.hash(password)
        self.badge = opaque_id(load_secret(folders.secrets, "cookie"), "researcher", password)
        """Stands in the cookie of who knew the password; another password makes it worthless."""

    def matches(self, password: str) -> bool:
        """Tell whether that is the password."""
        try:
            return self._hasher.verify(self._hash, password)
        except VerifyMismatchError:
            return False
