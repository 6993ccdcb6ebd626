import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from study_core import parallel
from study_core.errors import StudyError, ToolMissingError
from study_core.parallel import count_cores, map_ordered


def wait_and_tell(item: int) -> tuple[int, int]:
    time.sleep(0.2 if item == 0 else 0)
    return item, os.getpid()


def refuse_two(item: int) -> int:
    if item == 2:
        raise StudyError("two is refused")
    return item


def die(_item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def die_once(item: tuple[int, str]) -> int:
    number, mark = item
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def write_pid(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)


def test_results_come_in_the_order_of_the_items_from_other_processes() -> None:
    results = list(map_ordered(wait_and_tell, range(6), workers=2))
    assert [item for item, _ in results] == list(range(6))
    assert os.getpid() not in {process for _, process in results}


def test_one_worker_runs_here_and_gives_the_same() -> None:
    results = list(map_ordered(wait_and_tell, range(3), workers=1))
    assert results == [(item, os.getpid()) for item in range(3)]


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_is_told_once_per_item(workers: int) -> None:
    steps: list[None] = []
    list(map_ordered(abs, [-1, -2, -3], workers=workers, on_progress=lambda: steps.append(None)))
    assert len(steps) == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_raised_here(workers: int) -> None:
    with pytest.raises(StudyError, match="two is refused"):
        list(map_ordered(refuse_two, range(4), workers=workers))


def test_a_killed_worker_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(StudyError, match=r"One of 2 worker processes was killed.*run the command again"):
        list(map_ordered(die, range(4), workers=2))


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "from tests.study_core.test_parallel import write_pid\n"
        "from study_core.parallel import map_ordered\n"
        f"if __name__ == '__main__': list(map_ordered(write_pid, ['{tmp_path}'] * 2, workers=2))\n"
    )
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(code)
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(root)})
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(is_running(worker) for worker in workers))


def test_count_of_cores_is_what_this_process_may_use() -> None:
    code = "import os, study_core.parallel as p; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    done = subprocess.run(
        [sys.executable, "-c", code + "print(p.count_cores())"], capture_output=True, check=True
    )
    assert int(done.stdout) == 1
    assert count_cores() == len(os.sched_getaffinity(0))


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(is_true: object, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not is_true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Return a Dask cluster of two real worker processes."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as running:
        yield running


def test_a_cluster_gives_the_results_in_order_from_its_processes(cluster: LocalCluster) -> None:
    steps: list[None] = []
    results = list(
        map_ordered(
            wait_and_tell,
            range(6),
            cluster=cluster.scheduler_address,
            on_progress=lambda: steps.append(None),
        )
    )
    assert [item for item, _ in results] == list(range(6))
    assert os.getpid() not in {process for _, process in results}
    assert len(steps) == 6


def test_an_error_in_a_worker_of_a_cluster_is_raised_here(cluster: LocalCluster) -> None:
    with pytest.raises(StudyError, match="two is refused"):
        list(map_ordered(refuse_two, range(4), cluster=cluster.scheduler_address))


def test_a_worker_of_a_cluster_killed_once_costs_nothing(cluster: LocalCluster, tmp_path: Path) -> None:
    items = [(item, str(tmp_path / "killed")) for item in range(6)]
    results = list(map_ordered(die_once, items, cluster=cluster.scheduler_address))
    assert results == list(range(6))
    assert (tmp_path / "killed").exists()


def test_workers_of_a_cluster_killed_on_one_item_are_an_error(cluster: LocalCluster) -> None:
    with pytest.raises(StudyError, match=r"killed over and over.*run the command again"):
        list(map_ordered(die, range(1), cluster=cluster.scheduler_address))


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_CONNECT_TIMEOUT_S", 0.5)
    with pytest.raises(
        StudyError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9 .*dask scheduler"
    ):
        list(map_ordered(abs, [1, 2], cluster="tcp://127.0.0.1:9"))


def test_missing_dask_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolMissingError, match="uv sync --extra cluster"):
        list(map_ordered(abs, [1, 2], cluster="tcp://127.0.0.1:9"))
