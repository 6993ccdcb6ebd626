"""Many bots, sixteen at a time, of whom three in ten walk away: places, order and draws stay as planned."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2
from sqlalchemy import select, update

from study_core.config import Config
from study_core.types import HUMAN
from study_server import places, services
from study_server.protocol import RunningProtocol, rebuild_draw
from study_server.services import Answer
from study_server.store import Store, open_store
from study_server.tables import Protocol, StudySession, Trial
from tests.study_server.databases import BOTH
from tests.study_server.made_study import make_stimulus

AT_A_TIME = 16
ABANDONED = 0.3
LONG_AGO = "2020-01-01T00:00:00.000Z"
LEAST_P = 1e-6
"""Orders are new in every run: of a million runs of sound draws, one would fail."""
ANSWER = Answer(judged_human=True, confidence=3, knows_tune=False)
hard = [pytest.mark.slow, pytest.mark.timeout(1800)]


class Crowd:
    """Bots without a browser, who arrive, start and judge at the store."""

    def __init__(self, store: Store, protocol: RunningProtocol) -> None:
        self.store, self.protocol = store, protocol
        self.n_abandoned = 0

    def send(self, n: int, *, share_abandoned: float = ABANDONED) -> None:
        """Let so many take part; who walks away does so after a random trial, and their lease ends."""
        chance = random.Random(n)  # noqa: S311 (who walks away, no secret)
        n_trials = self.protocol.n_trials
        stay = [
            chance.randrange(n_trials) if chance.random() < share_abandoned else n_trials for _ in range(n)
        ]
        self.n_abandoned += sum(n_judged < n_trials for n_judged in stay)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(self._take_part, stay))

    def _take_part(self, n_judged: int) -> None:
        with self.store.write() as db:
            found = services.arrive(db, self.protocol, is_simulated=True)
            services.consent(found)
            services.start(db, found, self.protocol)
            session_id, trials = found.session_id, [trial.trial_id for trial in found.trials]
        for trial_id in trials[:n_judged]:
            services.judge(self.store, session_id, trial_id, ANSWER)
        if n_judged < len(trials):
            with self.store.write() as db:
                gone = update(StudySession).where(StudySession.session_id == session_id)
                db.execute(gone.values(last_seen_at=LONG_AGO))

    def count_completed(self) -> dict[str, list[int]]:
        """Return how often each clip was heard in finished sessions, by system."""
        heard = select(Trial.stimulus_id).join(StudySession).where(StudySession.finished_at.is_not(None))
        with self.store.read() as db:
            counts = Counter(db.scalars(heard))
        by_system: dict[str, list[int]] = {}
        for stimulus in self.protocol.trial_stimuli:
            by_system.setdefault(stimulus.system, []).append(counts[stimulus.stimulus_id])
        return by_system

    def count_orders(self) -> dict[str, np.ndarray]:
        """Return how often each system, and each clip, stood at each position; shape (names, positions)."""
        with self.store.read() as db:
            heard = db.execute(select(Trial.stimulus_id, Trial.trial_index)).all()
        clips = sorted(self.protocol.by_id)
        systems = sorted({stimulus.system for stimulus in self.protocol.stimuli})
        tables = {
            "systems": np.zeros((len(systems), self.protocol.n_trials)),
            "clips": np.zeros((len(clips), self.protocol.n_trials)),
        }
        for stimulus_id, trial_index in heard:
            tables["clips"][clips.index(stimulus_id), trial_index - 1] += 1
            system = self.protocol.by_id[stimulus_id].system
            tables["systems"][systems.index(system), trial_index - 1] += 1
        return tables


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    """Return nobody yet, at an empty store."""
    stimuli = [make_stimulus(system, index) for system in (HUMAN, "lstm", "gan") for index in range(40)]
    config = Config.model_validate({"data_dir": str(tmp_path), "practice": {"trials": 0}}, strict=False)
    store = open_store(tmp_path / "study.sqlite3", threads=AT_A_TIME)
    yield Crowd(store, RunningProtocol(config, stimuli))
    store.close()


def find_p(table: np.ndarray) -> float:
    """Return the p value of Pearson's chi-square: whether the rows are spread alike over the columns."""
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    return float(chi2.sf(statistic, (table.shape[0] - 1) * (table.shape[1] - 1)))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("database", "n_bots"),
    [*((kind, 64) for kind in BOTH), *(pytest.param(kind, 1000, marks=hard) for kind in BOTH)],
    indirect=["database"],
)
def test_counts_orders_and_draws_are_as_planned_when_three_in_ten_walk_away(
    n_bots: int, crowd: Crowd
) -> None:
    crowd.send(n_bots)
    crowd.send(AT_A_TIME, share_abandoned=0)  # places left at the very end go to whoever comes then
    completed = crowd.count_completed()
    with crowd.store.read() as db:
        assert places.count_taken(db) == places.recount(db)
        protocol = db.scalars(select(Protocol)).one()
        sessions = db.scalars(select(StudySession)).all()
        for found in sessions:
            rebuilt = [(trial.stimulus_id, trial.kind) for trial in rebuild_draw(protocol, found)]
            assert rebuilt == [(trial.stimulus_id, trial.trial_kind) for trial in found.trials]
    assert len(sessions) == n_bots + AT_A_TIME
    assert sum(found.finished_at is None for found in sessions) == crowd.n_abandoned > 0.2 * n_bots
    assert max(max(counts) - min(counts) for counts in completed.values()) <= 1
    assert min(find_p(table) for table in crowd.count_orders().values()) > LEAST_P


def test_an_order_that_is_not_random_would_be_noticed(crowd: Crowd) -> None:
    crowd.send(AT_A_TIME)
    with crowd.store.write() as db:  # human clips first
        db.execute(update(Trial).values(trial_index=-Trial.trial_index))
        for found in db.scalars(select(StudySession)):
            heard = sorted(
                found.trials, key=lambda trial: not crowd.protocol.by_id[trial.stimulus_id].is_human
            )
            for index, trial in enumerate(heard, start=1):
                trial.trial_index = index
    assert find_p(crowd.count_orders()["systems"]) < LEAST_P
