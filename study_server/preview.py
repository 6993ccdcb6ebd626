"""Preview: the participants' own pages over a store of their own, so that nothing of it is in the data.

The same code serves them below the researcher's address, for a simulated participant, whose answers go into
a file beside the study's store that no count, export or draw reads. To jump to a page, a walker fills in
every form before it, as a browser would; the session it made is then the researcher's.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, render_template
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from study_core.config import Config
from study_server import screening
from study_server.bots import Page
from study_server.funnel import name_page
from study_server.questions import list_pages
from study_server.security import PROOF_HEADER, prove_simulation
from study_server.sqlite import open_sqlite
from study_server.store import Store
from study_server.study import Study
from study_server.tables import StudySession, format_utc
from study_server.visitor import COOKIE_KEY

PREFIX = "/researcher/preview/walk"
STORE_FILE = "preview.sqlite3"
KEPT_HOURS = 12
MOST_STEPS = 500
PAGE_OF_OUTCOME = {"failed-attention": "thanks"}

blueprint = Blueprint("away", __name__)


@blueprint.get("/away/<any(paused,closed):phase>")
def show_away(phase: str) -> str:
    """Show what participants see of a study that is paused or closed; here it is neither."""
    return render_template("away.html", is_over=phase == "closed")


@dataclass(frozen=True, slots=True)
class Place:
    """A page that one can jump to: its name in the address, and what the researcher reads."""

    name: str
    title: str


def list_places(config: Config) -> list[Place]:
    """Return every page of a study in the order of the way, its endings last."""
    places = [Place("welcome", "Welcome"), Place("consent", "Consent")]
    places += _list_questions(config, "before")
    places.append(Place("volume", "Volume"))
    if config.screening.tests:
        places.append(Place("headphones", "Headphone check"))
    if config.practice.trials:
        places += [Place("practice", "Practice"), Place("feedback", "Practice: who composed it")]
    n_pages = config.trials.n_pages
    shown = sorted({1, (n_pages + 1) // 2, n_pages})
    places += [Place(f"trial-{index}", name_page(config.trials, index)) for index in shown]
    if config.trials.break_after is not None and config.trials.break_after < n_pages:
        places.append(Place("pause", "Pause"))
    places += _list_questions(config, "after")
    places.append(Place("thanks", "Thanks, completed"))
    if config.trials.catch:
        places.append(Place("failed-attention", "Thanks, failed attention"))
    if config.screening.tests and config.screening.on_fail == "end":
        places.append(Place("no-headphones", "Screened out"))
    return [*places, Place("paused", "Paused"), Place("closed", "Closed"), Place("withdraw", "Withdraw")]


def _list_questions(config: Config, when: Any) -> list[Place]:
    pages = list_pages(config.questions, when)
    return [
        Place(f"questions-{when}-{number}", f"Questions {when}, page {number}")
        for number in range(1, len(pages) + 1)
    ]


class Preview:
    """A study's preview, opened when somebody first looks at it."""

    def __init__(self, study: Study, make_app: Callable[[Study, str], Flask]) -> None:
        """Keep what is needed; `make_app` returns the app of a study's pages below a prefix."""
        self._study, self._make_app = study, make_app
        self._app: Flask | None = None
        self._lock = threading.Lock()

    def get_app(self, cookie_name: str, cookie_path: str) -> Flask:
        """Return the app of the preview's pages, whose cookie is none of the study's."""
        with self._lock:
            if self._app is None:
                self._app = self._open(cookie_name, cookie_path)
        return self._app

    def _open(self, cookie_name: str, cookie_path: str) -> Flask:
        store = open_sqlite(self._study.config.folders.root / STORE_FILE)
        throttle = replace(self._study.throttle, store=store)
        app = self._make_app(replace(self._study, store=store, throttle=throttle), PREFIX)
        app.config.update(SESSION_COOKIE_NAME=cookie_name, SESSION_COOKIE_PATH=cookie_path)
        app.config["PROPAGATE_EXCEPTIONS"] = True  # the study's own app logs faults, and explains them
        app.context_processor(lambda: {"is_preview": True})
        return app

    def close(self) -> None:
        """Close the preview's store, where it was opened."""
        if self._app is not None:
            self._app.extensions["study"].store.close()


class Walker:
    """Goes to a page of the preview by filling in every form before it."""

    def __init__(self, app: Flask, place: str, language: str, base_url: str) -> None:
        """Sit down before a new session."""
        self._app, self._place, self._language = app, place, language
        self._study: Study = app.extensions["study"]
        self._client: FlaskClient = app.test_client()
        self._base_url = base_url
        self._headers = Headers({PROOF_HEADER: prove_simulation(self._study.config.folders)})

    def go(self) -> tuple[str, Sequence[str]]:
        """Return the address of the page, or of the one where the way ends, and the cookies to come with."""
        forget_old(self._study.store)
        reply = self._send("GET", f"{PREFIX}/?lang={self._language}")
        for _ in range(MOST_STEPS):
            if self._is_there(reply):
                break
            page = Page(reply.text)
            if page.action is None or not page.action.startswith(PREFIX) or _ends(reply):
                break
            reply = self._send("POST", page.action, page.fields | self._choose(page))
        return reply.request.path, self._list_cookies()

    def _send(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> TestResponse:
        return self._client.open(
            path,
            method=method,
            data=fields,
            headers=self._headers,
            base_url=self._base_url,
            follow_redirects=True,
        )

    def _is_there(self, reply: TestResponse) -> bool:
        here = reply.request.path.removeprefix(PREFIX).strip("/").split("/")
        kind = here[0] or "welcome"
        if kind == "practice":
            kind = "feedback" if 'class="result' in reply.text else "practice"
        if kind == "questions":
            kind = "-".join(here)
        if kind == "trial":
            kind = f"trial-{self._count_judged(reply) + 1}"
        return kind == PAGE_OF_OUTCOME.get(self._place, self._place)

    def _choose(self, page: Page) -> dict[str, str]:
        """Return the first answer to whatever is asked; what has a right one gets it, but on the way out."""
        chosen = {name: values[0] for name, values in page.choices.items() if name != "knows_tune"}
        if "answer" in chosen and self._place != "failed-attention":
            chosen["answer"] = page.choices["answer"][-1]
        if "interval" in chosen:
            chosen["interval"] = self._hear(page.choices["interval"])
        return chosen | dict.fromkeys(page.numbers, "1")

    def _hear(self, intervals: Sequence[str]) -> str:
        with self._study.store.read() as db:
            found = db.get_one(StudySession, self._session_id())
            trial = screening.find_next(found)
            right = str(trial.correct_answer) if trial else intervals[0]
        if self._place == "no-headphones":
            return next(interval for interval in intervals if interval != right)
        return right

    def _count_judged(self, _reply: TestResponse) -> int:
        with self._study.store.read() as db:
            judged = db.get_one(StudySession, self._session_id()).n_judged
        return judged // self._study.clips_per_page

    def _session_id(self) -> str:
        with self._client.session_transaction(base_url=self._base_url) as cookie:
            return str(cookie[COOKIE_KEY])

    def _list_cookies(self) -> list[str]:
        name, path = self._app.config["SESSION_COOKIE_NAME"], self._app.config["SESSION_COOKIE_PATH"]
        host = self._base_url.split("://")[1].split("/")[0].rsplit(":", 1)[0]
        cookie = self._client.get_cookie(name, domain=host, path=path or "/")
        return [cookie.value] if cookie is not None else []


def forget_old(store: Store) -> None:
    """Delete the preview's sessions of other days."""
    oldest = format_utc(datetime.now(UTC) - timedelta(hours=KEPT_HOURS))
    with store.write() as db:
        db.execute(delete(StudySession).where(StudySession.arrived_at < oldest))


def _ends(reply: TestResponse) -> bool:
    return reply.request.path.endswith(("/thanks", "/no-headphones"))
