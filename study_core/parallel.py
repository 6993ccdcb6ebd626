"""An ordered map over processes: same results with one worker as with many."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from study_core.errors import StudyError

Item = TypeVar("Item")
Result = TypeVar("Result")


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_ordered(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int | None = None,
    on_progress: Callable[[], object] | None = None,
) -> Iterator[Result]:
    """Yield the function of every item, in the order of the items.

    The function runs in worker processes, all cores by default, or here where one worker is enough.
    `on_progress` is called once per finished item.

    Raises
    ------
    StudyError
        If a worker was killed. What the function raises is raised here.
    """
    count = min(workers or count_cores(), len(items))
    results = map(function, items) if count <= 1 else _map_over_processes(function, items, count)
    for result in results:
        if on_progress is not None:
            on_progress()
        yield result


def _map_over_processes(
    function: Callable[[Item], Result], items: Sequence[Item], count: int
) -> Iterator[Result]:
    # Spawned, because a fork of a process with threads (the progress bar's) may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_set_up_worker) as pool:
        try:
            yield from pool.map(function, items)
        except BrokenProcessPool:
            raise StudyError(
                f"One of {count} worker processes was killed, perhaps for want of memory. "
                "What was finished is kept: run the command again, with fewer workers if it repeats."
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
