"""Bots at work over HTTP while something breaks, and what was acknowledged to them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import httpx
from sqlalchemy import select

from study_core.config import Config
from study_core.folders import STIMULI_FILE
from study_core.manifest import read_manifest
from study_core.types import Stimulus
from study_server import places
from study_server.bots import Bot, Crowd
from study_server.listeners import Skill
from study_server.security import PROOF_HEADER, prove_simulation
from study_server.store import Store
from study_server.tables import Judgment, StudySession

PAUSES_S = [1.0] * 1200
"""Of a bot whose server is gone: it does not give up before the test does."""
LONGEST_WAIT_S = 1200


class BotsAtWork:
    """So many bots at once, shared out among servers, until the block ends and all have finished."""

    def __init__(self, config: Config, urls: Sequence[str], n_bots: int) -> None:
        self.n_bots, self.config = n_bots, config
        self.acknowledged: list[str] = []
        """Trial ids, in the order in which their judgments were acknowledged."""
        self.n_told_to_wait = 0
        rows = read_manifest(config.folders.stimuli / STIMULI_FILE, Stimulus)
        self._stimuli = {stimulus.stimulus_sha256: stimulus for stimulus in rows}
        self._urls = urls
        self._crowd = Crowd(n_bots, Skill(dprime=1.0), seed=7, concurrency=n_bots)
        self._pool = ThreadPoolExecutor(n_bots)
        self._runs: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._runs = [self._pool.submit(self._take_part, index) for index in range(self.n_bots)]
        return self

    def __exit__(self, *fault: object) -> None:
        if not any(fault):
            for run in self._runs:
                run.result()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait_for(self, is_reached: Callable[[], bool]) -> None:
        """Wait until that is so, or somebody failed."""
        until = time.monotonic() + LONGEST_WAIT_S
        while not is_reached():
            failed = [run for run in self._runs if run.done() and run.exception()]
            if failed:
                failed[0].result()
            assert time.monotonic() < until, f"stuck after {len(self.acknowledged)} judgments"
            time.sleep(0.005)

    def wait_for_judgments(self, n: int) -> None:
        """Wait until so many judgments have been acknowledged."""
        self.wait_for(lambda: len(self.acknowledged) >= n)

    def _take_part(self, index: int) -> None:
        with httpx.Client(
            base_url=self._urls[index % len(self._urls)],
            headers={PROOF_HEADER: prove_simulation(self.config.folders)},
            follow_redirects=True,
            timeout=60,
            event_hooks={"response": [self._note]},
        ) as client:
            Bot(self._crowd, index, self.config, self._stimuli, {}).take_part(client)

    def _note(self, reply: httpx.Response) -> None:
        if reply.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            assert reply.headers["Refresh"], "the page tries again by itself"
            self.n_told_to_wait += 1
            raise httpx.ReadError("told to wait")  # the bot does what the page says: it tries again
        path = reply.request.url.path
        is_answer = reply.request.method == "POST" and path.startswith("/trial/")
        if is_answer and reply.status_code == httpx.codes.SEE_OTHER:
            self.acknowledged.append(path.rsplit("/", 1)[1])

    def require_all_kept(self, store: Store) -> None:
        """Fail unless what was acknowledged is stored once, all who started have finished, places add up."""
        n_trials = sum(self.config.trials.per_participant.values())
        with store.read() as db:
            stored = Counter(db.scalars(select(Judgment.trial_id)))
            started = db.scalars(select(StudySession).where(StudySession.started_at.is_not(None))).all()
            assert places.count_taken(db) == places.recount(db)
        assert not set(self.acknowledged) - set(stored)
        assert set(stored.values()) == {1}
        assert len(set(self.acknowledged)) == len(stored) == self.n_bots * n_trials
        assert [found.n_judged for found in started] == [n_trials] * self.n_bots
        assert all(found.finished_at for found in started)
