"""An ordered map over processes or a Dask cluster: same results with one worker as with many."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from study_core.errors import StudyError, ToolMissingError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Not forked from this process, because a fork of a process with threads (the progress bar's) may hang: forked
# from a server that has imported what the work needs, where the system has that.
_KNOWN_METHODS = multiprocessing.get_all_start_methods()
START_METHOD = "forkserver" if "forkserver" in _KNOWN_METHODS else "spawn"
_CONNECT_TIMEOUT_S = 10


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_ordered(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int | None = None,
    cluster: str | None = None,
    on_progress: Callable[[], object] | None = None,
) -> Iterator[Result]:
    """Yield the function of every item, in the order of the items.

    The function runs in worker processes, all cores by default, or here where one worker is enough; or on the
    Dask cluster whose scheduler has that address. `on_progress` is called once per finished item.

    Raises
    ------
    StudyError
        If a worker was killed or the cluster is lost. What the function raises is raised here.
    ToolMissingError
        If a cluster is wanted and Dask is not installed.
    """
    count = min(workers or count_cores(), len(items))
    if cluster is not None:
        results = _map_over_cluster(function, items, cluster)
    else:
        results = map(function, items) if count <= 1 else _map_over_processes(function, items, count)
    for result in results:
        if on_progress is not None:
            on_progress()
        yield result


def _map_over_processes(
    function: Callable[[Item], Result], items: Sequence[Item], count: int
) -> Iterator[Result]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([function.__module__])
    with ProcessPoolExecutor(count, mp_context=context, initializer=_set_up_worker) as pool:
        try:
            yield from pool.map(function, items)
        except BrokenProcessPool:
            raise StudyError(
                f"One of {count} worker processes was killed, perhaps for want of memory. "
                "What was finished is kept: run the command again, with fewer workers if it repeats."
            ) from None


def _map_over_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], address: str
) -> Iterator[Result]:
    try:
        import distributed
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise ToolMissingError(
            "Dask is not installed. Run `.tools/bin/uv sync --extra cluster`, here and on the cluster's "
            "machines."
        ) from None
    try:
        client: Any = distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_TIMEOUT_S, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise StudyError(
            f"No Dask scheduler answers at {address} ({error}). Start one with `dask scheduler`, "
            "or correct --cluster."
        ) from None
    with client:
        try:
            # Not pure: the same item may have to be done again after a file was removed.
            for future in client.map(function, items, pure=False):
                yield future.result()
        except distributed.KilledWorker:
            raise StudyError(
                f"Workers of the cluster at {address} were killed over and over, perhaps for want of "
                "memory. What was finished is kept: run the command again."
            ) from None
        except (distributed.CancelledError, CommClosedError):
            raise StudyError(
                f"The cluster at {address} was lost. What was finished is kept: run the command again."
            ) from None


def _set_up_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even where it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.join,), daemon=True).start()


def _follow(wait_for_end: Callable[[], None]) -> None:
    wait_for_end()
    os._exit(1)
