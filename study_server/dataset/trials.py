"""The rows of the table of trials: one per judgment, of a clip or of a pair, which the store holds as two."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from study_server.dataset.listener import Listener
from study_server.tables import Judgment, Trial

ANSWERS = (
    "rating", "confidence", "knows_tune", "heard_s", "n_plays", "stalls", "load_errors", "coverage",
    "output_latency_s", "answer_time_s", "hidden_count", "language",
)  # fmt: skip
"""What a judgment holds beside who was taken for human and when, in the order of the table."""
SECOND = ("heard_s", "n_plays", "stalls", "load_errors", "coverage")
"""What of that is a pair's second clip's own."""
Clips = Mapping[str | None, Mapping[str, tuple[object, ...]]]
"""Of each protocol, a stimulus' id, clip and system by its id."""
_NO_CLIP, _NO_FACTS = (None,) * 3, (None,) * len(SECOND)


def _select_trials(listeners: Mapping[str, Listener]) -> Select[Any]:
    answers = (getattr(Judgment, name) for name in ANSWERS)
    return (
        select(
            Trial.session_id,
            Trial.trial_index,
            Trial.trial_kind,
            Trial.stimulus_id,
            Judgment.judged_human,
            Judgment.judged_at,
            *answers,
        )
        .join(Judgment, Judgment.trial_id == Trial.trial_id)
        .where(Trial.session_id.in_(listeners))
    )


def list_trials(db: Session, listeners: Mapping[str, Listener], clips: Clips) -> Iterator[tuple[object, ...]]:
    """Yield a row per judgment; of a pair, which is stored as two trials, one row."""
    places = {session_id: place for place, session_id in enumerate(listeners)}
    rows = iter(sorted(db.execute(_select_trials(listeners)), key=lambda row: (places[row[0]], row[1])))
    for row in rows:
        it = listeners[row[0]]
        make = _list_pair if it.hears_pairs else _list_clip
        yield make(it, clips[it.session.protocol_sha256], row, rows)


def _list_clip(it: Listener, heard: Mapping[str, Any], row: Row[Any], _: Any) -> tuple[object, ...]:
    _, index, kind, stimulus_id, judged_human, judged_at, *answers = tuple(row)
    said, moment = (judged_human, None), it.since_arrival(judged_at)
    return (*it.shared, index, kind, *heard[stimulus_id], *_NO_CLIP, *said, *answers, *_NO_FACTS, moment)


def _list_pair(
    it: Listener, heard: Mapping[str, Any], row: Row[Any], rows: Iterator[Row[Any]]
) -> tuple[object, ...]:
    _, index, kind, stimulus_id, chose_first, judged_at, *answers = tuple(row)
    second = next(rows)
    said, moment = (None, chose_first), it.since_arrival(judged_at)
    kind = "catch" if second.trial_kind == "catch" else kind
    clips = (*heard[stimulus_id], *heard[second.stimulus_id])
    facts = (getattr(second, name) for name in SECOND)
    return (*it.shared, index, kind, *clips, *said, *answers, *facts, moment)
