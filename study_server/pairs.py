"""A pair: two trials answered together, in one transaction, so that no session stands between them."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select

from study_server.services import Answer, come_back, find_turn
from study_server.store import Store
from study_server.tables import Judgment, StudySession, Trial, make_code, now_utc


def judge_pair(store: Store, session_id: str, trial_id: str, answers: Sequence[Answer]) -> None:
    """Store the answers to a session's next pair durably; to any other pair they change nothing.

    The trial is the pair's first, and the answers are to both, in their order.
    """
    with store.write() as db:
        found = db.get(StudySession, session_id)
        turn = find_turn(found) if found is not None else None
        if found is None or turn is None or turn.trial_id != trial_id:
            return
        come_back(db, found)
        pair = select(Trial.trial_id).where(
            Trial.session_id == session_id,
            Trial.trial_index.between(turn.trial_index, turn.trial_index + 1),
        )
        now, ids = now_utc(), db.scalars(pair.order_by(Trial.trial_index))
        db.add_all(
            Judgment(trial_id=one, judged_at=now, **asdict(answer))
            for one, answer in zip(ids, answers, strict=True)
        )
        found.n_judged += len(answers)
        found.n_stalls += sum(answer.stalls or 0 for answer in answers)
        found.n_load_errors += sum(answer.load_errors or 0 for answer in answers)
        if found.n_judged == found.n_trials:
            found.finished_at, found.completion_code = now, make_code(groups=2)
