"""Guessing is slow: failed passwords and codes are counted per source, across restarts and processes.

A source is an address, an IPv6 network or "anywhere"; it is stored as a keyed hash, counts for a quarter of
an hour, and is then forgotten by the next failed try or by the server's upkeep. Somebody with very many
addresses meets the count over all of them, which a browser that the password was once given in does not.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import Flask, Response, render_template, request
from sqlalchemy import ColumnElement, delete, func, select

from study_core.secret import opaque_id
from study_server.i18n import gettext as _
from study_server.store import Store
from study_server.tables import FailedTry, format_utc

ANYWHERE = "anywhere"
KEPT_S = 15 * 60
LOCKED_S = 30
MOST_TRIES = 5
"""From one address, before it waits half a minute for each further try."""
MOST_TRIES_ANYWHERE = 200
DOORS = {"researcher.check_password": 403, "debrief.delete_answers": 404}
"""Forms that somebody may guess at, and the status that says that a guess was wrong."""


@dataclass
class Throttle:
    """Counts failed tries by door and source."""

    store: Store
    key: str = field(repr=False)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def is_locked(self, door: str, address: str, *, is_known: bool = False) -> bool:
        """Tell whether an address must wait; a known browser does not wait for what others did."""
        limits = {self._hash(address): MOST_TRIES}
        if not is_known:
            limits[self._hash(ANYWHERE)] = MOST_TRIES_ANYWHERE
        counted = (
            select(FailedTry.source_key, func.count(), func.max(FailedTry.tried_at))
            .where(
                FailedTry.door == door,
                FailedTry.source_key.in_(limits),
                FailedTry.tried_at >= self._ago(KEPT_S),
            )
            .group_by(FailedTry.source_key)
        )
        with self.store.read() as db:
            rows = db.execute(counted).all()
        return any(n >= limits[source] and last >= self._ago(LOCKED_S) for source, n, last in rows)

    def record_failure(self, door: str, address: str) -> None:
        """Count a failed try, and forget the old ones."""
        with self.store.write() as db:
            db.execute(delete(FailedTry).where(_is_old(self.clock())))
            for source in (address, ANYWHERE):
                db.add(FailedTry(door=door, source_key=self._hash(source), tried_at=self._ago(0)))

    def forget(self, door: str, address: str) -> None:
        """Forget the failed tries of an address that got in."""
        mine = FailedTry.source_key == self._hash(address)
        with self.store.write() as db:
            db.execute(delete(FailedTry).where(FailedTry.door == door, mine))

    def _hash(self, source: str) -> str:
        return opaque_id(self.key, "source of tries", find_network(source))

    def _ago(self, seconds: float) -> str:
        return format_utc(self.clock() - timedelta(seconds=seconds))


def forget_old_tries(store: Store) -> None:
    """Forget the failed tries that count no more; nothing is written where there is none."""
    is_old = _is_old(datetime.now(UTC))
    with store.read() as db:
        if not db.scalar(select(func.count()).where(is_old)):
            return
    with store.write() as db:
        db.execute(delete(FailedTry).where(is_old))


def _is_old(now: datetime) -> ColumnElement[bool]:
    return FailedTry.tried_at < format_utc(now - timedelta(seconds=KEPT_S))


def find_network(address: str) -> str:
    """Return what one visitor has: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped:  # noqa: PLR2004 (the protocol's number)
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def slow_guessing(app: Flask, throttle: Throttle, is_known: Callable[[], bool]) -> None:
    """Refuse tries at the doors from where too many failed, and count those that fail."""

    def refuse() -> tuple[str, int, dict[str, str]] | None:
        door = request.endpoint or ""
        if request.method != "POST" or door not in DOORS:
            return None
        if not throttle.is_locked(door, request.remote_addr or "", is_known=is_known()):
            return None
        text = _("Too many tries were wrong. Wait half a minute, then try again.")
        page = render_template("notice.html", heading=_("Please wait"), text=text)
        return page, 429, {"Retry-After": str(LOCKED_S), "Refresh": str(LOCKED_S)}

    def count(response: Response) -> Response:
        door = request.endpoint or ""
        if request.method == "POST" and DOORS.get(door) == response.status_code:
            throttle.record_failure(door, request.remote_addr or "")
        return response

    app.before_request(refuse)
    app.after_request(count)
