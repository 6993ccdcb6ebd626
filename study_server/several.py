"""Several studies, or versions of one, in one server: each below a name, with all that it has to itself.

Its own stimuli, protocol, store, keys and password lie in its own data folder; its cookie has its own name.
A visitor learns which other studies there are only where these ask to be listed.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.wrappers import Request, Response

from study_core.config import Config, ServerConfig, load_config
from study_core.errors import StudyError, list_problems
from study_server.app import create_app
from study_server.lobby import RESERVED, create_lobby
from study_server.namespace import claim_namespace, find_namespace
from study_server.security import HEADERS
from study_server.store import URL_VARIABLE

CONFIG_FILE = "config.yaml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class NamedStudy:
    """A study and the name below which it is served."""

    name: str
    config: Config


class SeveralStudies:
    """A WSGI app that hands every request to the study whose name its address begins with."""

    def __init__(self, studies: Sequence[NamedStudy]) -> None:
        """Open every study.

        Raises
        ------
        StudyError
            If studies cannot be opened: all of them named, each with the reason.
        """
        self.apps: dict[str, Flask] = {}
        problems = []
        for study in studies:
            try:
                if os.environ.get(URL_VARIABLE):
                    claim_namespace(study.config.folders, study.name)
                self.apps[study.name] = mount(create_app(study.config), study.name)
            except StudyError as error:
                problems.append(f"{study.name}: {error}")
        if problems:
            self.close()
            heading = f"{len(problems)} of {len(studies)} studies cannot be served, so none is:"
            raise StudyError(list_problems(heading, problems))
        found = {name: app.extensions["study"] for name, app in self.apps.items()}
        self._lobby = create_lobby(found, next(str(app.static_url_path) for app in self.apps.values()))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        name, slash, rest = environ.get("PATH_INFO", "").removeprefix("/").partition("/")
        app = self.apps.get(name)
        if app is None:
            return self._lobby(environ, start_response)
        if not slash:
            return _complete(Request(environ))(environ, start_response)
        below = {"SCRIPT_NAME": f"{environ.get('SCRIPT_NAME', '')}/{name}", "PATH_INFO": f"/{rest}"}
        return app({**environ, **below}, start_response)

    def close(self) -> None:
        """Close every store."""
        for app in self.apps.values():
            app.extensions["study"].store.close()


def mount(app: Flask, name: str) -> Flask:
    """Return a study's app with a cookie of its own name, sent below the study's name only.

    With TLS it keeps the prefix that binds it to the host, which is worth more and wants the path /.
    """
    if app.config["SESSION_COOKIE_SECURE"]:
        app.config["SESSION_COOKIE_NAME"] += f"-{name}"
    else:
        app.config.update(SESSION_COOKIE_NAME=f"study-{name}", SESSION_COOKIE_PATH=f"/{name}/")
    return app


def find_studies(folders: Sequence[Path]) -> list[NamedStudy]:
    """Return the studies in some folders: each is one, or holds some.

    Raises
    ------
    StudyError
        If a folder is and holds none, names are unfit or equal, or data folders or a database's schema are
        shared.
    """
    places = [place for folder in folders for place in _list_places(folder)]
    studies = [NamedStudy(place.resolve().name, load_config(place / CONFIG_FILE)) for place in places]
    problems = [
        f"{study.name!r} cannot be part of an address: name the folder with small letters, digits, - and _"
        for study in studies
        if not NAME.fullmatch(study.name) or study.name in RESERVED
    ]
    names = Counter(study.name for study in studies)
    problems += [f"{n} folders are called {name}: rename all but one" for name, n in names.items() if n > 1]
    shared = Counter(study.config.data_dir for study in studies)
    problems += [f"{n} studies keep their data in {place}" for place, n in shared.items() if n > 1]
    if os.environ.get(URL_VARIABLE):
        schemas = Counter(find_namespace(study.config.folders.root, study.name) for study in studies)
        problems += [
            f"{n} studies keep their tables in the schema {it}" for it, n in schemas.items() if n > 1
        ]
    if problems:
        raise StudyError(list_problems("These studies cannot be served together:", problems))
    return studies


def choose_address(studies: Sequence[NamedStudy]) -> ServerConfig:
    """Return how the server listens, which every study must say alike.

    Raises
    ------
    StudyError
        If they do not.
    """
    first = studies[0]
    others = [s.name for s in studies if s.config.server != first.config.server]
    if others:
        raise StudyError(
            f"One server has one address, but the section `server` of {', '.join(others)} differs from that "
            f"of {first.name}. Make them alike."
        )
    return first.config.server


def _list_places(folder: Path) -> list[Path]:
    if (folder / CONFIG_FILE).exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{CONFIG_FILE}"))
    if not found:
        raise StudyError(
            f"{folder} is no study and holds none: there is no {CONFIG_FILE} in it or in a folder of it. "
            "`study init` begins one."
        )
    return found


def _complete(request: Request) -> Response:
    """Lead to a study's first page from its address without the last slash; what a link carries is kept."""
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    reply = Response(status=308, headers={"Location": f"{request.path}/{query}"})
    reply.autocorrect_location_header = False
    reply.headers.extend({**HEADERS, "Cache-Control": "no-store"})
    return reply
