"""What a session costs a peer's server and ours as answers add up, and what people at once leave behind.

    python benchmarks/peer_server.py

The peer is pymushra's server as its package index has it, started as its manual says; uv makes an environment
of its own for it. It takes the twenty answers of a session in one request at the end, which favors it: ours
takes each answer when it is given, with a page before each, and counts are of answers on the disk.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from claims import state_claim, state_growth
from crowd import send_crowd
from served import make_study, serve
from sqlalchemy import func, select

from study_server.store import open_store
from study_server.tables import Judgment

PEER, PORT, START_S = "pymushra", 5987, 300
STORE_FILE, TEST = "answers.json", "study"
N_TRIALS, N_MEASURED = 20, 10
SIZES = (20, 60, 120)
N_PEOPLE, N_EACH, CROWD_S = 20, 3, 10.0
URL = f"http://127.0.0.1:{PORT}/collect"
ANSWER = {"stimulus": "C1", "score": 50, "time": 21.5, "comment": ""}
TRIALS = [{"type": "mushra", "id": f"t{n}", "testId": TEST, "responses": [ANSWER]} for n in range(N_TRIALS)]
SESSION = {
    "testId": TEST,
    "config": "study.yaml",
    "trials": TRIALS,
    "participant": {"name": [], "response": []},
}


class Kept(NamedTuple):
    """What a crowd left behind."""

    acknowledged: int
    """Answers that the server said it has."""
    stored: int
    """Answers that can be read from its store afterwards."""
    rate: float
    """Answers acknowledged per second."""

    @property
    def lost(self) -> float:
        """The share of acknowledged answers that are not there; one stored at the very end may be unread."""
        return max(0, self.acknowledged - self.stored) / max(1, self.acknowledged)


def main() -> None:
    """Print what both servers did."""
    uv = shutil.which("uv") or shutil.which(str(Path(".tools/bin/uv").absolute()))
    if uv is None:
        sys.exit("The peer needs uv for an environment of its own. Run `./setup.sh test` first.")
    with tempfile.TemporaryDirectory() as name:
        with serve_peer(uv, Path(name)):
            costs_s = dict(measure_growth())
            n_sessions = SIZES[-1] + N_MEASURED
            peer = crowd_peer(Path(name, STORE_FILE), n_sessions, N_TRIALS / costs_s[SIZES[-1]])
        ours = crowd_ours(Path(name, "ours"))
    for who, found in ((PEER, peer), ("ours", ours)):
        print(
            f"{who}: {found.rate:.1f} answers a second; {found.acknowledged} acknowledged, of which "
            f"{found.stored} can be read after {N_PEOPLE} people wrote at once"
        )
    state_growth(f"A session saved by {PEER}, wall time", "sessions before it", costs_s)
    state_claim(
        "Answers stored a second", ours.rate / peer.rate, f"times {PEER}'s behind {SIZES[-1]} sessions"
    )
    what = f"Acknowledged answers lost when {N_PEOPLE} people write at once"
    state_claim(what, 100 * peer.lost, f"% by {PEER}")
    state_claim(what, 100 * ours.lost, "% by this server")


@contextmanager
def serve_peer(uv: str, folder: Path) -> Iterator[None]:
    """Run the peer's server in a folder until it is no longer wanted."""
    (folder / "webmushra" / "configs").mkdir(parents=True)
    command = [uv, "run", "--isolated", "--no-project", "--with", PEER, PEER, "-d", STORE_FILE]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "server", "-p", str(PORT)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for_peer()
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def wait_for_peer() -> None:
    """Wait until the peer answers; its environment is made first."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            httpx.get(URL)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return
    sys.exit(f"{PEER} did not start within {START_S} s.")


def save_session(client: httpx.Client) -> bool:
    """Send one session to the peer; tell whether it says that it has it."""
    form = {"sessionJSON": json.dumps(SESSION)}
    try:
        return not client.post(URL, data=form).json()["error"]
    except (httpx.TransportError, ValueError):
        return False


def measure_growth() -> Iterator[tuple[int, float]]:
    """Yield what a session costs behind so many others, in seconds."""
    n_stored = 0
    with httpx.Client(timeout=60) as client:
        for size in SIZES:
            while n_stored < size:
                n_stored += save_session(client)
            began = time.perf_counter()
            n_stored += sum(save_session(client) for _ in range(N_MEASURED))
            yield size, (time.perf_counter() - began) / N_MEASURED


def crowd_peer(file: Path, n_sessions: int, rate: float) -> Kept:
    """Let people save sessions at the peer's at the same time, behind those that it has."""

    def save_some(_person: int) -> int:
        with httpx.Client(timeout=60) as client:
            return sum(save_session(client) for _ in range(N_EACH))

    with ThreadPoolExecutor(N_PEOPLE) as pool:
        n_sessions += sum(pool.map(save_some, range(N_PEOPLE)))
    return Kept(N_TRIALS * n_sessions, count_kept(file), rate)


def count_kept(file: Path) -> int:
    """Return how many answers the peer's file holds; none where it cannot be read any more."""
    try:
        return len(json.loads(file.read_text())[TEST])
    except ValueError:
        return 0


def crowd_ours(folder: Path) -> Kept:
    """Let as many people take this server's study at the same time."""
    config = make_study(folder)
    server = serve(folder)
    record, counted_s = asyncio.run(send_crowd(server.ports, N_PEOPLE, 0, CROWD_S))
    server.stop()
    store = open_store(config.folders.database)
    with store.read() as db:
        n_stored = db.scalar(select(func.count()).select_from(Judgment)) or 0
    store.close()
    return Kept(record.n_ever, n_stored, record.n_judged / counted_s)


if __name__ == "__main__":
    main()
