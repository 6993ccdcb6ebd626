"""The preview's pages: where to jump, in which language; the pages themselves; the trials of a seed."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from study_server import places
from study_server.i18n import LANGUAGES
from study_server.preview import PREFIX, Preview, Walker, list_places
from study_server.security import PROOF_HEADER, prove_simulation
from study_server.study import current_study

NOTICES = ("paused", "closed")
MOST_SEED = 2**63 - 1

blueprint = Blueprint("preview", __name__, url_prefix="/preview")


@dataclass(frozen=True, slots=True)
class DrawnTrial:
    """A trial of a list that nobody has heard yet."""

    index: int
    stimulus_id: str
    kind: str
    system: str


@blueprint.get("")
def show() -> str:
    """Show where one can jump, and the trials that a seed gives.

    200 the page.
    """
    study = current_study()
    languages = [LANGUAGES[tag] for tag in study.config.recruitment.languages]
    chosen = request.args.get("language", languages[0].tag)
    seed = request.args.get("seed", type=int)
    if seed is not None and not 0 <= seed <= MOST_SEED:
        seed = None
    is_from_now = request.args.get("counts") == "now"
    return render_template(
        "desk/preview.html",
        places=list_places(study.config),
        languages=languages,
        chosen=chosen if chosen in study.config.recruitment.languages else languages[0].tag,
        seed=seed,
        is_from_now=is_from_now,
        names_systems=request.args.get("systems") == "shown",
        trials=_draw(seed, from_now=is_from_now) if seed is not None else [],
    )


@blueprint.get("/jump/<place>")
def jump(place: str) -> Response | str | tuple[str, int]:
    """Go to a page of the study as a new participant of the preview.

    303 to the page.
    """
    config = current_study().config
    language = request.args.get("language", "")
    language = language if language in config.recruitment.languages else config.recruitment.languages[0]
    if place not in {known.name for known in list_places(config)}:
        return redirect(url_for(".show"), 303)
    if place == "welcome" or place in NOTICES or place == "withdraw":
        below = {"welcome": "/", "withdraw": "/withdraw"}.get(place, f"/away/{place}")
        reply = redirect(f"{request.script_root}{PREFIX}{below}?lang={language}", 303)
        reply.delete_cookie(_name_cookie(), path=_find_cookie_path())
        return reply
    app = _find_app()
    path, cookies = Walker(app, place, language, request.host_url).go()
    reply = redirect(request.script_root + path, 303)
    for value in cookies:
        reply.set_cookie(
            _name_cookie(),
            value,
            path=_find_cookie_path(),
            secure=app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return reply


@blueprint.get("/walk/", defaults={"path": ""})
@blueprint.get("/walk/<path:path>")
def walk(path: str) -> Response:
    """Show a page of the preview.

    What the participants' own page answers, out of a store that is no part of the study.
    """
    return _hand_on(path)


@blueprint.post("/walk/", defaults={"path": ""})
@blueprint.post("/walk/<path:path>")
def walk_on(path: str) -> Response:
    """Take a form of the preview; its own app looks at the token.

    What the participants' own form answers, into that store.
    """
    return _hand_on(path)


def _hand_on(_path: str) -> Response:
    """Hand a request to the preview's pages, which know nothing of the study's store."""
    form = urlencode([*request.form.items(multi=True)]).encode()
    proof = prove_simulation(current_study().config.folders)
    environ: dict[str, Any] = {
        **request.environ,
        f"HTTP_{PROOF_HEADER.upper().replace('-', '_')}": proof,
        "wsgi.input": BytesIO(form),  # what came was read when it was looked through
        "CONTENT_LENGTH": str(len(form)),
    }
    return Response.from_app(_find_app().wsgi_app, environ, buffered=True)


def _find_app() -> Any:
    preview: Preview = current_app.extensions["preview"]
    return preview.get_app(_name_cookie(), _find_cookie_path())


def _name_cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-preview"


def _find_cookie_path() -> str:
    return current_app.config["SESSION_COOKIE_PATH"] or "/"


def _draw(seed: int, *, from_now: bool) -> list[DrawnTrial]:
    """Return the trials that a draw's seed gives, to the first participant or to the next one."""
    study = current_study()
    taken: dict[str, int] = {}
    if from_now:
        with study.store.read() as db:
            taken = places.list_taken(db, study.protocol.sha256, is_simulated=False)
    planned = study.protocol.draw(taken, seed)
    return [
        DrawnTrial(index, trial.stimulus_id, trial.kind, study.protocol.by_id[trial.stimulus_id].system)
        for index, trial in enumerate(planned, start=1)
    ]
