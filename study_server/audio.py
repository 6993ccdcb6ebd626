"""The clips' sound: to their own session only, in time, by ranges, under a name that tells nothing."""

from collections.abc import Sequence
from pathlib import Path

from flask import Blueprint, Response, abort, request, session

from study_core.errors import StimulusError, list_problems
from study_core.types import Stimulus
from study_server.study import current_study
from study_server.visitor import COOKIE_KEY

MEDIA_TYPES = {"opus": 'audio/ogg; codecs="opus"', "mp3": "audio/mpeg"}
"""The formats in the order in which a browser should try them; the choice is by the browser alone."""
CACHE = "private, max-age=86400, immutable"
# A trial's clip may be had as soon as the trial before it is there, that of a practice trial at any time.
FIND = (
    "SELECT stimulus_id FROM trials JOIN sessions USING (session_id) "
    "WHERE audio_token = :token AND session_id = :session_id AND trial_index <= n_judged + :n_ahead "
    "UNION ALL SELECT stimulus_id FROM practice_trials "
    "WHERE audio_token = :token AND session_id = :session_id"
)

blueprint = Blueprint("audio", __name__)


def list_formats(folder: Path, stimuli: Sequence[Stimulus]) -> tuple[str, ...]:
    """Return the formats that every stimulus has, in the order in which a browser should try them.

    Raises
    ------
    StimulusError
        If some stimuli have an Opus file and others have none: which format is sent would tell clips apart.
    """
    missing = [s.stimulus_id for s in stimuli if not _find_file(folder, s, "opus").is_file()]
    if not missing:
        return tuple(MEDIA_TYPES)
    if len(missing) == len(stimuli):
        return ("mp3",)
    raise StimulusError(
        list_problems(
            f"{len(missing)} of {len(stimuli)} stimuli in {folder} have no Opus file and the others have "
            "one; run `study render` again, or delete the .opus files. Without one:",
            missing,
        )
    )


@blueprint.get("/audio/<token>.<any(opus,mp3):kind>")
def clip(token: str, kind: str) -> Response:
    """Send a trial's audio to its own session: of trials heard, of the present one, of the next.

    200 the sound; 206 the part that was asked for; 304 one that the browser has; 404 any other; 416 no such
    part.
    """
    study = current_study()
    stimulus = study.protocol.by_id.get(_find_stimulus_id(token))
    if stimulus is None or kind not in study.audio_formats:
        abort(404)
    content = _find_file(study.config.folders.stimuli, stimulus, kind).read_bytes()
    # From memory, so that neither the file's name nor its time reaches a header.
    response = Response(content, content_type=MEDIA_TYPES[kind])
    response.headers["Cache-Control"] = CACHE
    response.set_etag(token)
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response


def _find_stimulus_id(token: str) -> str:
    """Return the stimulus behind a token where the visitor may have it now; else an empty text."""
    own = session.get(COOKIE_KEY)
    if not own:
        return ""
    study = current_study()
    found = study.store.find(FIND, {"token": token, "session_id": own, "n_ahead": 2 * study.clips_per_page})
    return str(found[0]) if found else ""


def _find_file(folder: Path, stimulus: Stimulus, kind: str) -> Path:
    return (folder / stimulus.stimulus_file).with_suffix(f".{kind}")
