"""Servers and databases killed, a disk filled: what was acknowledged is kept once, and service resumes."""

import errno
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from study_server.store import open_store
from tests.study_server.bots_at_work import PAUSES_S, BotsAtWork
from tests.study_server.databases import PostgreSQL
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

N_TRIALS = 8
hard = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots wait for as long as it takes."""
    monkeypatch.setattr("study_server.bots.PAUSES_S", PAUSES_S)
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")


def choose_moments(n: int, n_judgments: int) -> list[int]:
    """Return after how many judgments something happens, at random and in order."""
    chance = random.Random(n_judgments)  # noqa: S311 (moments, not secrets)
    return sorted(chance.sample(range(n_judgments * 9 // 10), n))


def start_again(server: Server) -> Server:
    """Kill a server as a power failure would, and start it on the same port."""
    server.stop(signal.SIGKILL)
    return Server(server.config, "--port", server.url.rsplit(":", 1)[1]).__enter__()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("database", "n_servers", "n_bots", "n_kills"),
    [
        ("sqlite", 1, 6, 2),
        pytest.param("sqlite", 1, 50, 20, marks=hard),
        pytest.param("postgresql", 2, 50, 20, marks=hard),
    ],
    indirect=["database"],
)
def test_servers_killed_at_random_lose_no_acknowledged_judgment(
    n_servers: int, n_bots: int, n_kills: int, data_folder: Path
) -> None:
    config = make_config(data_folder)
    servers = [Server(config).__enter__() for _ in range(n_servers)]
    chance = random.Random(n_kills)  # noqa: S311 (which of the servers, no secret)
    with BotsAtWork(config, [server.url for server in servers], n_bots) as bots:
        for moment in choose_moments(n_kills, N_TRIALS * n_bots):
            bots.wait_for_judgments(moment)
            killed = chance.randrange(n_servers)
            servers[killed] = start_again(servers[killed])
    for server in servers:
        assert server.stop(signal.SIGTERM) == 0
    store = open_store(config.folders.database)
    bots.require_all_kept(store)
    store.close()


@pytest.mark.parametrize(("n_bots", "n_kills"), [(4, 1), pytest.param(20, 5, marks=hard)])
def test_a_database_server_killed_makes_participants_wait_and_loses_nothing(
    n_bots: int, n_kills: int, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(data_folder)
    postgresql = PostgreSQL()
    monkeypatch.setenv("DATABASE_URL", postgresql.make_database())
    with Server(config) as server, BotsAtWork(config, [server.url], n_bots) as bots:
        for moment in choose_moments(n_kills, N_TRIALS * n_bots):
            bots.wait_for_judgments(moment)
            waited = bots.n_told_to_wait
            postgresql.kill()
            bots.wait_for(lambda: bots.n_told_to_wait > waited)  # noqa: B023 (waited for at once)
            postgresql.start()
    store = open_store(config.folders.database)
    bots.require_all_kept(store)
    store.close()
    postgresql.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 6 MiB; only root may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or ""
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], check=False)
    if made.returncode:
        pytest.skip("no right to mount a file system: the test with a limit on files stands in for it")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill_disk(folder: Path) -> Path:
    """Write until nothing more fits, and return the file."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as filler:
        for size in (65536, 512, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return path


@pytest.mark.slow
def test_a_full_disk_makes_participants_wait_and_loses_nothing(
    small_disk: Path, stimuli_folder: Path
) -> None:
    shutil.copytree(stimuli_folder, small_disk / "stimuli")
    config = make_config(small_disk)
    with Server(config) as server, BotsAtWork(config, [server.url], 8) as bots:
        for moment in (0, 20, 50):
            bots.wait_for_judgments(moment)
            filler = fill_disk(small_disk)
            waited = bots.n_told_to_wait
            bots.wait_for(lambda: bots.n_told_to_wait >= waited + 8)  # noqa: B023 (waited for at once)
            filler.unlink()
    store = open_store(config.folders.database)
    bots.require_all_kept(store)
    store.close()


def test_a_store_that_cannot_grow_makes_participants_wait_and_loses_nothing(data_folder: Path) -> None:
    config = make_config(data_folder)
    with Server(config) as server, BotsAtWork(config, [server.url], 4) as bots:
        bots.wait_for_judgments(5)
        limit_files(server, 4096)
        bots.wait_for(lambda: bots.n_told_to_wait >= 4)
        limit_files(server, resource.RLIM_INFINITY)
    store = open_store(config.folders.database)
    bots.require_all_kept(store)
    store.close()


def limit_files(server: Server, n_bytes: int) -> None:
    """Let a running server write no file beyond so many bytes."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
