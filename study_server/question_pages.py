"""The pages of questions before and after the trials."""

from typing import Literal

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from study_server import flow, visitor
from study_server.i18n import current_language
from study_server.questions import Page, list_pages
from study_server.study import current_study
from study_server.tables import QuestionAnswer, StudySession

When = Literal["before", "after"]

blueprint = Blueprint("questions", __name__)


@blueprint.get("/questions/<any(before,after):when>/<int:number>")
def show(when: When, number: int) -> str:
    """Show the page of questions that is the session's turn.

    200 the page.
    """
    with current_study().store.read() as db:
        visitor.require_turn(db)
    return _render(_list_pages(when)[number - 1], {})


@blueprint.post("/questions/<any(before,after):when>/<int:number>")
def answer(when: When, number: int) -> Response | tuple[str, int]:
    """Store the answers; those that were stored before stay.

    303 to the next page; 400 the same page, with what is missing marked.
    """
    pages = _list_pages(when)
    with current_study().store.write() as db:
        found = visitor.require_session(db)
        if number <= len(pages) and flow.locate(found) == request.script_root + request.path:
            page = pages[number - 1]
            answers = {q.question_id: q.read(request.form.getlist(q.question_id)) for q in page.questions}
            if None in answers.values():
                return _render(page, answers), 400
            _store(found, answers)
        return redirect(flow.advance(db, found), 303)


def _list_pages(when: When) -> list[Page]:
    study = current_study()
    return list_pages(study.config.questions, when, are_clips_rated=not study.paradigm.is_scored)


def _store(found: StudySession, answers: dict[str, str | None]) -> None:
    there = {stored.question_id for stored in found.question_answers}
    found.question_answers += [
        QuestionAnswer(question_id=question_id, answer=text or "", language=current_language().tag)
        for question_id, text in answers.items()
        if question_id not in there
    ]


def _render(page: Page, answers: dict[str, str | None]) -> str:
    """Return the page; after a refused form it keeps what was given and marks what is missing."""
    return render_template("questions.html", page=page, answers=answers, given=request.form)
