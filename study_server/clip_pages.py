"""What a page of the trials, or of the practice, shows: one clip, or the two of a pair.

All of it but a few ids is the same for everybody, so it is laid out once and kept; a session's own ids are
filled in.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from flask import Flask, current_app, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import escape
from pydantic import ValidationError

from study_server.answer_forms import AnswerForm
from study_server.i18n import current_language
from study_server.study import current_study

MOST_LAYOUTS = 1000  # of some kilobytes: every page of a long study in a few languages
SLOT = re.compile(r"slot-(?:csrf|action|sound-\d|next-\d)-slot")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPage:
    """What the page of a clip or a pair shows."""

    action: str
    """Where its form is sent."""
    index: int
    n: int
    tokens: tuple[str, ...]
    """Of its sounds."""
    next_tokens: tuple[str, ...]
    """Of the sounds of the page after it, so that they are there in time; none after the last."""
    is_practice: bool = False

    def render(self, *, has_problem: bool = False, is_part: bool = False) -> str:
        """Return the page; after a refused form it says what is missing.

        A part is what a script puts in the place of the page before: the title and the main element.
        """
        sounds, following = _name_slots("sound", self.tokens), _name_slots("next", self.next_tokens)
        # The token that came with the request was found right, and none expires: the next page keeps it.
        csrf = request.form.get("csrf_token") or generate_csrf()
        own = {"slot-csrf-slot": csrf, "slot-action-slot": self.action, **sounds, **following}
        blank = replace(self, action="slot-action-slot", tokens=(*sounds,), next_tokens=(*following,))
        lay_out = current_app.extensions["layouts"]
        layout: str = lay_out(blank, has_problem, is_part, current_language().tag, request.script_root)
        return SLOT.sub(lambda slot: escape(own[slot[0]]), layout)


def keep_layouts(app: Flask) -> None:
    """Let an app keep the pages of clips that it has laid out."""
    app.extensions["layouts"] = lru_cache(MOST_LAYOUTS)(_lay_out)


def _lay_out(page: ClipPage, has_problem: bool, is_part: bool, *_of: str) -> str:  # noqa: FBT001 (a cache's key)
    """Return a page with slots for a session's ids; it differs by language and by where the study lies."""
    return render_template(
        "trial.html", page=page, has_problem=has_problem, is_part=is_part, csrf="slot-csrf-slot"
    )


def _name_slots(name: str, values: tuple[str, ...]) -> dict[str, str]:
    return {f"slot-{name}-{place}-slot": value for place, value in enumerate(values)}


def read_form() -> AnswerForm | None:
    """Return the request's answer, or None where it is incomplete or impossible."""
    study = current_study()
    try:
        form = study.paradigm.form.model_validate(
            {key: value for key, value in request.form.items() if value}
        )
    except ValidationError:
        return None
    return form if form.fits(study.config.trials) else None
