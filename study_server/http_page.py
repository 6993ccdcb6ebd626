"""Every address that a study answers, as tables for the documents: who may ask, and what comes back.

An address is described by its view's docstring: the first line says what it does, the rest what it stores and
answers. Who may ask stands in the view's code.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Flask

from study_server.app import ROOMS
from study_server.researcher import UNLOCKED

TITLES = {
    "participant": "Welcome, consent, volume",
    "questions": "Questions",
    "screening": "Headphone screening",
    "practice": "Practice",
    "trials": "Trials",
    "audio": "The clips' sound",
    "debrief": "The end, and withdrawal",
    "researcher": "The researcher's desk",
    "health": "Health",
}
ANYBODY, PARTICIPANT, RESEARCHER = "anybody", "participant", "researcher"
OWN_SOUNDS = ("audio.clip", "screening.sound")
"""Sent to the session that they belong to; to anybody else there is no such address."""
METHODS = ("GET", "POST")
VARIABLE = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<choices>[^)]*)\))?:)?(?P<name>\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """A method at an address."""

    method: str
    address: str
    endpoint: str
    who: str
    does: str
    answers: str

    @property
    def room(self) -> str:
        """The first part of the endpoint: a part of the participants' way, the desk, or health."""
        return self.endpoint.split(".", maxsplit=1)[0]


def list_routes() -> list[Route]:
    """Return what a study answers, in the order of the way through it; files that are static aside.

    Raises
    ------
    LookupError
        If a view's docstring does not say what it does and what it answers.
    """
    app = Flask("study_server", static_folder=None)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    return [
        _describe(method, rule.rule, rule.endpoint, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in (rule.methods or ())
    ]


def render_routes() -> str:
    """Return a Markdown section with a table for each part of the way."""
    return "\n\n".join(
        "\n".join(_render_room(room, routes))
        for room, routes in groupby(list_routes(), key=lambda route: route.room)
    )


def _describe(method: str, rule: str, endpoint: str, view: Callable[..., Any]) -> Route:
    does, _, answers = (inspect.getdoc(view) or "").partition("\n\n")
    if not does or not answers:
        raise LookupError(
            f"The docstring of the view of {method} {rule} ({endpoint}) has to say in its first line what it "
            "does, and below an empty line what it stores and answers, such as: 200 the page; 404 nobody."
        )
    address = VARIABLE.sub(lambda part: (part["choices"] or part["name"].upper()).replace(",", "|"), rule)
    return Route(method, address, endpoint, _find_who(endpoint, view), does, " ".join(answers.split()))


def _find_who(endpoint: str, view: Callable[..., Any]) -> str:
    if endpoint.startswith("researcher."):
        return ANYBODY if endpoint in UNLOCKED else RESEARCHER
    names = view.__code__.co_names
    if "require_turn" in names:
        return f"{PARTICIPANT}, in turn"
    return PARTICIPANT if "require_session" in names or endpoint in OWN_SOUNDS else ANYBODY


def _render_room(room: str, routes: Iterator[Route]) -> Iterator[str]:
    yield f"## {TITLES[room]}\n"
    yield "| address | who | what it does and answers |\n|---|---|---|"
    for route in routes:
        address = f"{route.method} {route.address}".replace("|", "\\|")
        yield f"| `{address}` | {route.who} | {route.does} *{route.answers}* |"
