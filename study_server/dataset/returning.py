"""Rows of a data set as rows of the store: the other way round of `rows.py`.

Moments are counted from midnight of the day of arrival, as the data set knows no more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from study_server.dataset.rows import EVENTS
from study_server.dataset.trials import ANSWERS, SECOND
from study_server.tables import format_utc, make_code, make_id

Values = dict[str, Any]
Row = Mapping[str, Any]
WHO = "import"


@dataclass(frozen=True, slots=True)
class Listener:
    """A session that is put back."""

    session_id: str
    arrived_at: datetime
    protocol_sha256: str | None
    hears_pairs: bool

    def find_moment(self, seconds: float | None) -> str | None:
        """Return the moment so many seconds after arrival."""
        return None if seconds is None else format_utc(self.arrived_at + timedelta(seconds=seconds))


def make_listener(row: Row, pairs: set[str]) -> Listener:
    """Return whom a row of the participants is about."""
    arrived_at = datetime.fromisoformat(row["arrived_on"]).replace(tzinfo=UTC)
    sha256 = row["protocol_sha256"]
    return Listener(make_id(), arrived_at, sha256, sha256 in pairs)


def make_session(row: Row, it: Listener, events: Mapping[str, float]) -> Values:
    """Return a participant's session; who finished is settled already."""
    moments = {column: it.find_moment(events.get(event)) for event, column in EVENTS.items()}
    arrived_at = format_utc(it.arrived_at)
    finished_at = moments["finished_at"]
    return {
        "session_id": it.session_id,
        "participant_id": row["participant_id"],
        "withdrawal_code": make_code(),
        "is_simulated": row["is_simulated"],
        "language": row["session_language"] or "en",
        "study_version": row["study_version"].removeprefix("v"),
        "protocol_sha256": it.protocol_sha256,
        "arrived_at": arrived_at,
        "last_seen_at": finished_at or arrived_at,
        **moments,
        "breaks_taken": row["breaks_taken"] or 0,
        "n_trials": row["n_trials"],
        "n_judged": row["n_judged"] or 0,
        "excluded_at": arrived_at if row["is_excluded"] else None,
        "recruitment_id_until": row["recruitment_id_until"],
        "device": row["device"] or "",
        "duration_s": row["session_duration_s"],
        "flags": row["flags"] or ("" if finished_at else None),
    }


def make_trials(row: Row, it: Listener) -> Iterator[tuple[Values, Values]]:
    """Yield a judgment's trials, two of a pair, each with what was answered to it."""
    facts = {name: row.get(name) for name in ANSWERS}
    facts |= {"judged_at": it.find_moment(row["judged_after_s"]), "language": row["language"] or "en"}
    chose_first = row.get("chose_first")
    said = chose_first if it.hears_pairs else row.get("judged_human")
    yield _make_trial(row, it, row["trial_index"], row["stimulus_id"], facts | {"judged_human": said})
    if it.hears_pairs:
        facts |= {name: row.get(f"second_{name}") for name in SECOND}
        index, stimulus_id = row["trial_index"] + 1, row["second_stimulus_id"]
        yield _make_trial(row, it, index, stimulus_id, facts | {"judged_human": not chose_first})


def _make_trial(
    row: Row, it: Listener, index: int, stimulus_id: str, judgment: Values
) -> tuple[Values, Values]:
    trial_id = make_id()
    trial = {
        "trial_id": trial_id,
        "session_id": it.session_id,
        "trial_index": index,
        "stimulus_id": stimulus_id,
        "trial_kind": row["trial_kind"],
        "audio_token": make_id(),
    }
    return trial, {"trial_id": trial_id, **judgment}


def make_screening(row: Row, it: Listener) -> Values:
    """Return an answered trial of a headphone screening."""
    kept = ("place", "test", "attempt", "trial_index", "sound_id")
    return {
        "screening_trial_id": make_id(),
        "session_id": it.session_id,
        **{name: row[name] for name in kept},
        "correct_answer": row["correct_interval"],
        "answer": row["answered_interval"],
        "answered_at": it.find_moment(row["answered_after_s"]),
    }


def make_practice(row: Row, it: Listener) -> Values:
    """Return an answered practice trial."""
    kept = ("trial_index", "stimulus_id", "rating", "confidence")
    return {
        "practice_trial_id": make_id(),
        "session_id": it.session_id,
        "audio_token": make_id(),
        **{name: row.get(name) for name in kept},
        "judged_human": row.get("taken_for_human"),
        "answered_at": it.find_moment(row["answered_after_s"]),
        "feedback_seen_at": it.find_moment(row["feedback_seen_after_s"]),
    }


def make_answer(row: Row, it: Listener) -> Values:
    """Return the answer to a question."""
    return {
        "session_id": it.session_id,
        "question_id": row["question_id"],
        "answer": row["answer"] or "",
        "language": row["language"] or "en",
        "answered_at": it.find_moment(row["answered_after_s"]),
    }


def make_change(row: Row, _: Listener) -> Values:
    """Return a decision about a listener; those of one day keep their order."""
    day = datetime.fromisoformat(row["changed_on"]).replace(tzinfo=UTC)
    return {
        "change_id": make_id(),
        "changed_at": format_utc(day + timedelta(milliseconds=row["change_index"])),
        "what": row["change"],
        "who": WHO,
        "participant_id": row["participant_id"],
        "reason": row["change_reason"] or "",
    }
