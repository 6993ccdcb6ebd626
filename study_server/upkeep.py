"""Upkeep of a running study: recruitment ids whose day has come, and hashes of who guessed, are deleted.

By the server itself, at its start and every quarter of an hour after; a store that is gone for a while is
looked at again the next time.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from study_server import recruits
from study_server.store import Store
from study_server.throttle import forget_old_tries

EVERY_S = 900.0
STOPPING_S = 30.0

log = logging.getLogger(__name__)


@contextmanager
def keeping_up(store: Store, *, every_s: float = EVERY_S) -> Iterator[None]:
    """Keep a store up in a thread of its own while the block runs."""
    stop = threading.Event()

    def keep_up() -> None:
        _turn(store)
        while not stop.wait(every_s):
            _turn(store)

    thread = threading.Thread(target=keep_up, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=STOPPING_S)


def forget_due(store: Store) -> int:
    """Delete the recruitment ids whose day has come, also from where the database keeps deleted rows.

    Nothing is written where there is none. Returns how many there were.
    """
    with store.read() as db:
        if not recruits.count_expired(db):
            return 0
    with store.write() as db:
        n_forgotten = recruits.forget_expired(db)
    store.forget_deleted()
    return n_forgotten


def _turn(store: Store) -> None:
    try:
        forget_old_tries(store)
        n_forgotten = forget_due(store)
    except (SQLAlchemyError, OSError) as error:
        log.warning("Upkeep waits, because the store does: %s", type(error).__name__)
        return
    if n_forgotten:
        log.info("Recruitment ids whose day has come were deleted: %d", n_forgotten)
