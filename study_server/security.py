"""What keeps the study to itself: headers, cookies, form tokens, hosts, size limits, proofs of bots."""

import hmac
import os
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import RequestRedirect

from study_core.config import Config
from study_core.errors import StudyError
from study_core.folders import DataFolders
from study_core.secret import load_secret, opaque_id

KEY_VARIABLE = "STUDY_SECRET_KEY"
SHORTEST_KEY = 32
FEWEST_KEY_SYMBOLS = 10  # 32 random hex digits have fewer in one of a million
PROOF_HEADER = "X-Study-Simulation"
MOST_REQUEST_BYTES = 64 * 1024
COOKIE_DAYS = 30
FORM_TYPES = ("application/x-www-form-urlencoded", "")
YEAR_S = 365 * 24 * 3600

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


class SignedCookies(SecureCookieSessionInterface):
    """An app's signed cookie, by a signer that is made once."""

    def __init__(self, app: Flask) -> None:
        """Make the signer of an app that has its key."""
        self._signer = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:  # noqa: ARG002 (Flask's)
        """Return the signer."""
        return self._signer


def protect(app: Flask, config: Config) -> None:
    """Give an app its signed cookie, form tokens, host check, size limits and security headers.

    Raises
    ------
    StudyError
        If the secret key in the environment is one that could be guessed.
    """
    public = urlsplit(config.server.public_url or "")
    is_https = public.scheme == "https"
    app.config.update(
        SECRET_KEY=load_cookie_key(config.folders),
        # The prefix binds the cookie to this host and to TLS: no sibling site can plant one.
        SESSION_COOKIE_NAME="__Host-study" if is_https else "study",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=COOKIE_DAYS * 24 * 3600,
        TRUSTED_HOSTS=[public.hostname] if public.hostname else None,
        MAX_CONTENT_LENGTH=MOST_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_REQUEST_BYTES,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        WTF_CSRF_TIME_LIMIT=None,  # a laptop closed over lunch must not lose its answer
        WTF_CSRF_SSL_STRICT=False,  # some browsers send no referrer; token and SameSite suffice
    )
    app.session_interface = SignedCookies(app)
    app.before_request(_redirect_nobody)
    app.before_request(_take_plain_forms_only)
    CSRFProtect(app)
    headers = HEADERS | ({"Strict-Transport-Security": f"max-age={YEAR_S}"} if is_https else {})
    app.after_request(lambda response: _add_headers(response, headers))


def _redirect_nobody() -> None:
    """Refuse an address that is almost one of ours: a redirect would name a host that may be false."""
    if isinstance(request.routing_exception, RequestRedirect):
        abort(404)


def _take_plain_forms_only() -> None:
    """Refuse what no page of ours sends before anything reads it: uploads, JSON, forms in parts."""
    if request.method == "POST" and request.mimetype not in FORM_TYPES:
        abort(415)


def _add_headers(response: Response, headers: dict[str, str]) -> Response:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code < 400:  # noqa: PLR2004 (HTTP's line)
        # The address holds the hash of all static files: what it leads to never changes.
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    # Pages are not stored: going back asks the server, which knows where the participant is.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def load_cookie_key(folders: DataFolders) -> str:
    """Return the key that signs cookies: from the environment, or made in the data folder on first use.

    Raises
    ------
    StudyError
        If the one in the environment could be guessed.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given is None:
        return load_secret(folders.secrets, "cookie")
    if len(given) < SHORTEST_KEY or len(set(given)) < FEWEST_KEY_SYMBOLS:
        raise StudyError(
            f"{KEY_VARIABLE} has {len(given)} characters, {len(set(given))} different ones; it needs at "
            f"least {SHORTEST_KEY} and {FEWEST_KEY_SYMBOLS}, or anybody could sign cookies. Set what "
            "`openssl rand -hex 32` prints, or unset it to have one made in the data folder."
        )
    return given


def prove_simulation(folders: DataFolders) -> str:
    """Return the proof that a listener is simulated; only who reads the data folder can make it."""
    return opaque_id(load_secret(folders.secrets, "simulation"), "simulated listener")


def is_proof(folders: DataFolders, proof: str) -> bool:
    """Tell whether a proof is right, in constant time."""
    return hmac.compare_digest(prove_simulation(folders).encode(), proof.encode())
