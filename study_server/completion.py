"""How a session ends for the recruitment platform: an outcome, its code, and the way back.

The code always stands on the page as text too, for a redirect may fail. Prolific and SONA are gone back to by
an address, Mechanical Turk by a form that is sent to the host which its link named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from flask import Response

from study_core.config import Config
from study_core.participation import RecruitmentConfig
from study_server.flags import FAILED_ATTENTION, list_flags
from study_server.security import HEADERS
from study_server.tables import RecruitmentId, StudySession

Outcome = Literal["completed", "screened out", "failed attention"]
MTURK_HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")
"""Where Mechanical Turk takes a HIT back; no link can name another host."""
MTURK_PATH = "/mturk/externalSubmit"
SONA_BLANK, SONA_FILLED = "survey_code=XXXX", "survey_code={id}"
"""What SONA shows in its completion address, and what that stands for."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a participant takes along; `url` is empty where there is nowhere to go back to."""

    code: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of the form that is sent to `url`; none: it is a link."""


def find_outcome(found: StudySession, config: Config) -> Outcome | None:
    """Return how a session ended, or None where it goes on; a finished one has been settled before."""
    if found.screened_out_at is not None:
        return "screened out"
    if found.finished_at is None:
        return None
    has_own_code = config.recruitment.failed_attention_code is not None
    return "failed attention" if has_own_code and FAILED_ATTENTION in list_flags(found) else "completed"


def describe_ending(config: Config, found: StudySession, recruit: RecruitmentId | None) -> Ending:
    """Return how a session that has ended goes back to where it was sent from."""
    code, url = _choose(config.recruitment, find_outcome(found, config) or "completed")
    code = code or found.completion_code or ""
    told = (recruit.parameters or {}) if recruit else {}
    host, assignment = told.get("turkSubmitTo", "").rstrip("/"), told.get("assignmentId", "")
    if not url and host in MTURK_HOSTS and assignment:
        return Ending(code, host + MTURK_PATH, {"assignmentId": assignment, "code": code})
    return Ending(code, _fill(url, code, recruit.recruitment_id if recruit else ""))


def allow_handing_in(page: str, ending: Ending) -> Response:
    """Return the last page; where its form goes to Mechanical Turk, the page may send it there."""
    response = Response(page)
    if ending.fields:
        policy, host = HEADERS["Content-Security-Policy"], ending.url.removesuffix(MTURK_PATH)
        response.headers["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {host}"
        )
    return response


def _choose(config: RecruitmentConfig, outcome: Outcome) -> tuple[str | None, str]:
    """Return an outcome's code and address; an address that takes any code is that of every outcome."""
    own = {
        "completed": (config.completion_code, config.completion_url),
        "screened out": (config.screened_out_code, config.screened_out_url),
        "failed attention": (config.failed_attention_code, config.failed_attention_url),
    }
    code, url = own[outcome]
    shared = config.completion_url or ""
    return code, url or (shared if code and "{code}" in shared else "")


def _fill(url: str, code: str, recruitment_id: str) -> str:
    """Return an address with code and id filled in; one that wants an id leads nowhere without."""
    url = url.replace(SONA_BLANK, SONA_FILLED)
    if "{id}" in url and not recruitment_id:
        return ""
    return url.replace("{code}", quote(code, safe="")).replace("{id}", quote(recruitment_id, safe=""))
