"""After the trials: thanks with the score, who composed each clip, the codes, and withdrawal at any time."""

import logging
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from study_server import recruits, visitor, withdrawal
from study_server.completion import allow_handing_in, describe_ending, find_outcome
from study_server.flags import settle
from study_server.store import Store
from study_server.study import Study, current_study
from study_server.tables import Judgment, StudySession, Trial

JUDGED = (
    select(Trial.audio_token, Trial.stimulus_id, Judgment.judged_human, Judgment.rating, Judgment.knows_tune)
    .join(Judgment, Judgment.trial_id == Trial.trial_id)
    .where(Trial.session_id == bindparam("of"))
    .order_by(Trial.trial_index)
)

log = logging.getLogger(__name__)
blueprint = Blueprint("debrief", __name__)


@dataclass(frozen=True, slots=True)
class RevealedClip:
    """One clip that was judged, and who composed it."""

    token: str
    is_human: bool
    judged_human: bool | None
    """Of a pair, whether it was taken for the human one; None where clips are rated."""


@dataclass(frozen=True, slots=True)
class RevealedPage:
    """What was judged together: a clip, or a pair."""

    clips: tuple[RevealedClip, ...]
    rating: int | None
    knows_tune: bool

    @property
    def is_right(self) -> bool:
        """Whether it was judged rightly; of a pair, both clips are or none."""
        return self.clips[0].is_human == self.clips[0].judged_human

    @property
    def chosen_letter(self) -> str:
        """Which clip of a pair was taken for the human one."""
        return "A" if self.clips[0].judged_human else "B"


@blueprint.get("/thanks")
def thanks() -> Response:
    """Show the score, the clips and the codes.

    200 the page.
    """
    study = current_study()
    with study.store.read() as db:
        found = visitor.require_turn(db)
        if found.flags is None:
            found = _settle(study)
        ending = describe_ending(study.config, found, recruits.find_recruit(db, found))
        page = render_template(
            "thanks.html",
            outcome=find_outcome(found, study.config),
            pages=reveal(db, found, study),
            ending=ending,
            withdrawal_code=found.withdrawal_code,
        )
    return allow_handing_in(page, ending)


def _settle(study: Study) -> StudySession:
    """Return a session that has just ended with what it is noticed for: its code may depend on it."""
    with study.store.write() as db:
        ended = visitor.require_session(db)
        settle(db, ended, study.config)
    return ended


def reveal(db: Session, found: StudySession, study: Study) -> list[RevealedPage]:
    """Return what a session judged, page by page in the order it was heard."""
    judged = db.execute(JUDGED, {"of": found.session_id}).all()
    per_page = study.clips_per_page
    return [
        RevealedPage(
            tuple(
                RevealedClip(
                    row.audio_token, study.protocol.by_id[row.stimulus_id].is_human, row.judged_human
                )
                for row in judged[start : start + per_page]
            ),
            judged[start].rating,
            judged[start].knows_tune,
        )
        for start in range(0, len(judged), per_page)
    ]


@blueprint.post("/leave")
def leave() -> Response:
    """Let go of a session that has ended, so that somebody else can take part on this device.

    303 to the welcome.
    """
    with current_study().store.read() as db:
        found = visitor.require_session(db)
        if found.finished_at is not None or found.screened_out_at is not None:
            visitor.forget()
    return redirect(url_for("participant.welcome"), 303)


@blueprint.get("/changed")
def changed() -> str:
    """Say that the study went on without this session's version.

    200 the page.
    """
    with current_study().store.read() as db:
        found = visitor.require_turn(db)
        return render_template("changed.html", withdrawal_code=found.withdrawal_code)


@blueprint.get("/withdraw")
def withdraw() -> str:
    """Ask for the withdrawal code; this device's own is filled in.

    200 the page.
    """
    with current_study().store.read() as db:
        found = visitor.find_session(db)
        return render_template("withdraw.html", code=found.withdrawal_code if found else "", is_wrong=False)


@blueprint.post("/withdraw")
def delete_answers() -> str | tuple[str, int]:
    """Delete the answers under a withdrawal code.

    Removes the session and all that belongs to it, and stores that somebody withdrew. 200 it is done; 404 no
    such code; 429 too many wrong ones.
    """
    study = current_study()
    code = request.form.get("code", "")
    with study.store.write() as db:
        own = visitor.find_session(db)
        is_own = own is not None and own.withdrawal_code == withdrawal.tidy_code(code)
        is_deleted = withdrawal.delete_session(db, code)
    if not is_deleted:
        return render_template("withdraw.html", code=code, is_wrong=True), 404
    _forget_deleted(study.store)
    if is_own:
        visitor.forget()
    return render_template("withdrawn.html")


def _forget_deleted(store: Store) -> None:
    """Make the database give up what was deleted; where it cannot, the withdrawal is stored all the same."""
    try:
        store.forget_deleted()
    except (SQLAlchemyError, OSError) as error:
        log.error("Withdrawn answers may linger in the files of the store: %s", type(error).__name__)  # noqa: TRY400
