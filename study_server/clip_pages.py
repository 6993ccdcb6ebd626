"""What a page of the trials, or of the practice, shows: one clip, or the two of a pair."""

from dataclasses import dataclass

from flask import render_template, request
from pydantic import ValidationError

from study_server.answer_forms import AnswerForm
from study_server.study import current_study


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

    def render(self, *, has_problem: bool = False) -> str:
        """Return the page; after a refused form it says what is missing."""
        return render_template("trial.html", page=self, has_problem=has_problem)


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
