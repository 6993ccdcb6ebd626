"""What the data set tells of participants beside their judgments: background, screening, practice."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_server.questions import score_training
from study_server.tables import PracticeTrial, QuestionAnswer, ScreeningTrial, StudySession

BACKGROUND_COLUMNS: dict[str, dict[str, Any]] = {
    "session_language": {"description": "Language in which the listener gave consent.", "format": "BCP 47"},
    "age_band": {"description": "Age in years, as a band; empty where it was not asked."},
    "musical_training": {
        "description": "Gold-MSI Musical Training, the sum of seven items, 7 to 49; empty where not asked."
    },
    "games_played": {"description": "Pokémon games played, as the listener counts them; empty: not asked."},
    "headphones": {
        "description": "Share of right answers in the best attempt at a headphone screening, the mean over "
        "the screenings; empty where there was none."
    },
    "reason": {"description": "What gave it away, in the listener's words at the end; empty: nothing said."},
}
"""Columns of the data set that are the same in all rows of a listener."""

SIDE_COLUMNS: dict[str, tuple[str, ...]] = {
    "questions": ("participant_id", "question_id", "answer", "language", "answered_at"),
    "screening": (
        "participant_id", "place", "test", "attempt", "trial_index", "sound_id", "correct_answer", "answer",
        "answered_at",
    ),
    "practice": (
        "participant_id", "trial_index", "stimulus_id", "judged_human", "confidence", "answered_at",
        "feedback_seen_at",
    ),
}  # fmt: skip
"""The columns of the tables beside the responses, a row per answer."""

TABLES = {"questions": QuestionAnswer, "screening": ScreeningTrial, "practice": PracticeTrial}


def read_backgrounds(db: Session, *, is_simulated: bool) -> dict[str, dict[str, object]]:
    """Return the background columns by session id, of sessions that have begun their trials."""
    sessions = select(StudySession.session_id, StudySession.language).where(
        StudySession.is_simulated == is_simulated, StudySession.started_at.is_not(None)
    )
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for row in db.scalars(_of(select(QuestionAnswer), QuestionAnswer, is_simulated=is_simulated)):
        answers[row.session_id][row.question_id] = row.answer
    shares = _share_right(db, is_simulated=is_simulated)
    return {
        session_id: {
            "session_language": language,
            "age_band": answers[session_id].get("age_band", ""),
            "musical_training": score_training(answers[session_id]),
            "games_played": answers[session_id].get("pokemon_games", ""),
            "headphones": shares.get(session_id),
            "reason": answers[session_id].get("gave_it_away", ""),
        }
        for session_id, language in db.execute(sessions)
    }


def read_side_table(db: Session, name: str, *, is_simulated: bool) -> list[dict[str, object]]:
    """Return a table beside the responses, a row per answer, ordered by participant."""
    table = TABLES[name]
    query = _of(select(StudySession.participant_id, table), table, is_simulated=is_simulated)
    order = [
        getattr(table, key)
        for key in ("place", "trial_index", "answered_at", "question_id")
        if key in table.__table__.columns
    ]
    rows = db.execute(query.order_by(StudySession.participant_id, *order))
    return [
        {
            column: participant_id if column == "participant_id" else getattr(row, column)
            for column in SIDE_COLUMNS[name]
        }
        for participant_id, row in rows
        if row.answered_at is not None
    ]


def _share_right(db: Session, *, is_simulated: bool) -> dict[str, float]:
    """Return each session's share of right answers: of each test the best attempt, the mean over tests."""
    attempts: dict[tuple[str, str, int], list[bool]] = defaultdict(list)
    rows = db.scalars(_of(select(ScreeningTrial), ScreeningTrial, is_simulated=is_simulated))
    for row in rows:
        if row.answer is not None:
            attempts[row.session_id, row.test, row.attempt].append(row.answer == row.correct_answer)
    best: dict[str, dict[str, float]] = defaultdict(dict)
    for (session_id, test, _), right in attempts.items():
        best[session_id][test] = max(best[session_id].get(test, 0.0), sum(right) / len(right))
    return {session_id: sum(tests.values()) / len(tests) for session_id, tests in best.items()}


def _of(query: Any, table: Any, *, is_simulated: bool) -> Any:
    """Return a query of a table's rows for real or for simulated participants only."""
    return query.join(StudySession, StudySession.session_id == table.session_id).where(
        StudySession.is_simulated == is_simulated
    )
