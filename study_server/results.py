"""How often clips of each system were judged human, or how they were rated: hidden until it may be seen.

Shares and means without intervals, for orientation; `study analyze` says how sure one may be of them. Only
whoever went through `unblinding` may ask.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from study_core.types import HUMAN_SYSTEMS
from study_server.protocol import RunningProtocol
from study_server.tables import Judgment, StudySession, Trial


@dataclass(frozen=True, slots=True)
class SystemCount:
    """What was said of one system's clips in finished sessions that count."""

    system: str
    n_clips: int
    n_judgments: int
    n_human: int
    sum_ratings: int

    @property
    def share_human(self) -> float | None:
        """The share judged human: of a generator it is the fooling rate; None where nothing was judged."""
        return self.n_human / self.n_judgments if self.n_judgments else None

    @property
    def mean_rating(self) -> float | None:
        """The mean rating, where clips were rated; None where nothing was."""
        return self.sum_ratings / self.n_judgments if self.n_judgments else None


def count_by_system(db: Session, protocol: RunningProtocol, *, is_simulated: bool) -> Sequence[SystemCount]:
    """Return the judgments of each system's clips, human ones first; repeats are left out."""
    says_human = case((Judgment.judged_human.is_(True), 1), else_=0)
    rows = db.execute(
        select(Trial.stimulus_id, func.count(), func.sum(says_human), func.sum(Judgment.rating))
        .join(Judgment, Judgment.trial_id == Trial.trial_id)
        .join(StudySession, StudySession.session_id == Trial.session_id)
        .where(
            StudySession.protocol_sha256 == protocol.sha256,
            StudySession.is_simulated == is_simulated,
            StudySession.finished_at.is_not(None),
            StudySession.excluded_at.is_(None),
            Trial.trial_kind != "repeat",
        )
        .group_by(Trial.stimulus_id)
    ).all()
    judged = {stimulus_id: (n, n_human, ratings or 0) for stimulus_id, n, n_human, ratings in rows}
    clips: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for stimulus in protocol.trial_stimuli:
        clips[stimulus.system].append(judged.get(stimulus.stimulus_id, (0, 0, 0)))
    counts = [
        SystemCount(system, len(each), *map(sum, zip(*each, strict=True))) for system, each in clips.items()
    ]
    return sorted(counts, key=lambda count: (count.system not in HUMAN_SYSTEMS, count.system))
