"""Where a session is: the one page that is its turn, and what that page needs.

Consent, questions, volume, headphone screening, practice, trials with a break, closing questions, thanks;
each part that the config leaves out is passed over. A part is done by what is stored about it, so a reload,
the back button, an old link, a second tab and a server that restarts all lead to the same page.
"""

from collections.abc import Callable

from flask import url_for
from sqlalchemy.orm import Session

from study_server import practice, screening, services
from study_server.questions import list_pages
from study_server.study import Study, current_study
from study_server.tables import StudySession

Part = Callable[[StudySession, Study], str | None]
"""Returns the path of the part's page that is next, or None where the part is done."""


def locate(found: StudySession) -> str:
    """Return the path of the page that is a session's turn."""
    study = current_study()
    parts = AFTER_START if found.started_at is not None else BEFORE_START
    places = (part(found, study) for part in parts)
    return next(filter(None, places), url_for("debrief.thanks"))


def locate_turn(turn: services.Turn, study: Study) -> str:
    """Return the path of the page that is due where that trial is a session's turn: its own, or a pause."""
    if turn.protocol_sha256 != study.protocol.sha256:
        return url_for("debrief.changed")
    every, n_done = study.config.trials.break_after, (turn.trial_index - 1) // study.clips_per_page
    if every is not None and n_done // every > turn.breaks_taken:
        return url_for("trials.pause")
    return url_for("trials.show", trial_id=turn.trial_id)


def advance(db: Session, found: StudySession) -> str:
    """Make what the next page needs, start the trials where nothing is before them, and locate it.

    Needs a writing session.
    """
    study = current_study()
    if found.consented_at is not None and found.started_at is None and found.screened_out_at is None:
        screening.prepare(found, study.screening, study.config.seed)
        practice.prepare(found, study.protocol)
        if db.new:
            db.flush()  # their trials get the ids that their pages are called by
        if not any(part(found, study) for part in PARTS_BEFORE):
            services.start(db, found, study.protocol)
        db.flush()
    return locate(found)


def _end_screened_out(found: StudySession, _: Study) -> str | None:
    return url_for("screening.screened_out") if found.screened_out_at is not None else None


def _consent(found: StudySession, _: Study) -> str | None:
    return url_for("participant.consent") if found.consented_at is None else None


def _ask_before(found: StudySession, study: Study) -> str | None:
    return _find_open_page(found, study, "before")


def _ask_after(found: StudySession, study: Study) -> str | None:
    return _find_open_page(found, study, "after")


def _set_volume(found: StudySession, _: Study) -> str | None:
    return url_for("participant.volume") if found.volume_set_at is None else None


def _screen(found: StudySession, study: Study) -> str | None:
    trial = screening.find_next(found) if study.config.screening.tests else None
    return url_for("screening.show", trial_id=trial.screening_trial_id) if trial else None


def _practise(found: StudySession, study: Study) -> str | None:
    trial = practice.find_next(found) if study.config.practice.trials else None
    return url_for("practice.show", trial_id=trial.practice_trial_id) if trial else None


def _start(_found: StudySession, _: Study) -> str:
    """Lead to a page whose form starts the trials; only a changed config leaves them unstarted."""
    return url_for("participant.volume")


def _go_on_with_trials(found: StudySession, study: Study) -> str | None:
    turn = services.find_turn(found)
    return locate_turn(turn, study) if turn is not None else None


def _find_open_page(found: StudySession, study: Study, when: str) -> str | None:
    pages = list_pages(study.config.questions, "after" if when == "after" else "before")
    answered = {answer.question_id for answer in found.question_answers} if pages else set()
    for number, page in enumerate(pages, start=1):
        if not answered >= {question.question_id for question in page.questions}:
            return url_for("questions.show", when=when, number=number)
    return None


PARTS_BEFORE: tuple[Part, ...] = (_ask_before, _set_volume, _screen, _practise)
BEFORE_START: tuple[Part, ...] = (_end_screened_out, _consent, *PARTS_BEFORE, _start)
AFTER_START: tuple[Part, ...] = (_go_on_with_trials, _ask_after)
