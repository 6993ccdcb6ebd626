"""The page on HTTP tells every address, who may ask, and every status that comes back."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from flask import Flask, Response, request
from sqlalchemy import select

from study_core.config import Config
from study_server.http_page import (
    ANYBODY,
    OWN_SOUNDS,
    RESEARCHER,
    Route,
    _describe,
    list_routes,
    render_routes,
)
from study_server.study import Study
from study_server.tables import StudySession
from tests.study_server.attacks.conftest import use_a_quick_hash
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

PAGE = Path(__file__).parents[2] / "docs/http.md"
PASSWORD = "correct horse"
ROUTES = {(route.method, route.endpoint): route for route in list_routes()}
PREVIEW = ("researcher.preview.walk", "researcher.preview.walk_on")
NOT_MET = {
    *(f"screening.{view}" for view in ("show", "answer", "sound", "screened_out")),
    *("participant.volume_sound", "debrief.leave", "debrief.changed", "researcher.preview.walk_on"),
}
"""What a walk through this study and its desk leaves out."""
LED_TO_THEIR_TURN = 303
Seen = dict[tuple[str, str], set[int]]


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study with practice, questions and a pause."""
    return make_config(
        data_folder,
        practice={"trials": 1},
        questions={"before": ["age_band"], "after": ["gave_it_away"]},
        trials={"break_after": 4},
    )


@pytest.fixture
def seen(app: Flask) -> Seen:
    """Return the statuses that the app's addresses answer, as they come."""
    statuses: Seen = defaultdict(set)

    def note(response: Response) -> Response:
        if request.endpoint and request.endpoint != "static":
            statuses[request.method, request.endpoint].add(response.status_code)
        return response

    app.after_request(note)
    use_a_quick_hash(app.extensions["study"].password)
    return statuses


def fill_in(route: Route) -> str:
    """Return an address of a route, with something in each of its parts."""
    return re.sub(r"[A-Z_]+", "1", re.sub(r"(\w+)\|\w+", r"\1", route.address))


def test_the_page_is_the_one_that_the_code_makes() -> None:
    assert render_routes() in PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_the_page_has_every_address_of_a_running_study(app: Flask) -> None:
    running = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in {"GET", "POST"} & set(rule.methods or ())
        if rule.endpoint != "static"
    }
    assert running == set(ROUTES)


def test_a_view_that_does_not_say_what_it_answers_is_named() -> None:
    def view() -> None:
        """Do something."""

    with pytest.raises(
        LookupError, match=r"GET /new \(room\.view\).*what it does.*what it stores and answers"
    ):
        _describe("GET", "/new", "room.view", view)


@pytest.mark.parametrize("is_participant", [False, True])
def test_nobody_is_let_in_but_who_the_page_says(app: Flask, seen: Seen, *, is_participant: bool) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for route in ROUTES.values():
        client = app.test_client()
        if is_participant:
            client.post("/")
        reply = client.open(fill_in(route), method=route.method, follow_redirects=True)
        if route.who == RESEARCHER:
            assert reply.request.path == "/researcher/login", route
        elif route.endpoint in OWN_SOUNDS:
            assert reply.status_code == 404, route
        elif route.who != ANYBODY or fill_in(route) == "/":
            begins = is_participant or (route.method == "POST" and route.who == ANYBODY)
            assert reply.request.path == ("/consent" if begins else "/"), route
        else:
            assert reply.request.path == fill_in(route), route
    assert set(seen) == set(ROUTES)


def take_part(app: Flask) -> Participant:
    """Return a participant at the end, who sent every form unfilled first."""
    someone = Participant(app)
    for _ in range(40):
        if someone.send().path == "/thanks":
            break
        if someone.page.select_one("[name=answer]"):
            someone.client.get(someone.sound, headers={"Range": "bytes=0-9"})
            someone.answer()
        elif choices := someone.page.select("input[type=radio], input[name=agrees]"):
            someone.send({str(tag["name"]): str(tag["value"]) for tag in choices})
    return someone


def work_at_the_desk(app: Flask, participant_id: str) -> None:
    """Do what the desk has to offer, and what it refuses."""
    desk = Participant(app).open("/researcher").send({"password": "wrong"}).send({"password": PASSWORD})
    someone = f"/researcher/participants/{participant_id}"
    for path in (
        "/live",
        "/participants",
        "/participants/0",
        f"/participants?find={participant_id}",
        "/data",
    ):
        desk.open(f"/researcher{path}")
    for reason in ("", "somebody else answered, they wrote"):
        desk.send({"reason": reason}, path="/researcher/data/look")
        desk.send({"reason": reason}, path=f"{someone}/exclusion").open("/researcher/data")
        desk.send({"reason": reason}, path="/researcher/data/data-set").open("/researcher/data/look")
    desk.send({"phase": "paused"}, path="/researcher/phase").send({"phase": "open"}, path="/researcher/phase")
    for path in ("/preview", "/preview/jump/nowhere", "/preview/jump/volume"):
        desk.open(f"/researcher{path}")
    desk.open("/researcher").send(path="/researcher/logout")


def test_every_status_that_comes_back_stands_on_the_page(app: Flask, study: Study, seen: Seen) -> None:
    someone = take_part(app)
    with study.store.read() as db:
        (participant_id,) = db.scalars(select(StudySession.participant_id))
    work_at_the_desk(app, participant_id)
    someone.open("/withdraw").send({"code": "no"}).withdraw().open("/healthz").open("/readyz")
    untold = {}
    for key, statuses in seen.items():
        told = {int(status) for status in re.findall(r"\b[2-5]\d\d\b", ROUTES[key].answers)}
        if key[1] not in PREVIEW and statuses - told - {LED_TO_THEIR_TURN}:
            untold[key] = statuses - told
    assert untold == {}
    assert {endpoint for _, endpoint in set(ROUTES) - set(seen)} == NOT_MET
