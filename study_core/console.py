"""How commands speak: one log format, one progress bar; libraries only log and yield."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_PER_LINE = 10


def set_up_logging(*, quiet: bool) -> None:
    """Send log records to standard error as plain lines: warnings only where quiet."""
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    for chatty in ("matplotlib", "httpx", "absl", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class ProgressBar:
    """What a long loop reports to; `advance` and `describe` are all it needs to know."""

    def __init__(self, progress: "Progress", total: int, label: str) -> None:
        """Add a bar of that many steps."""
        self._progress = progress
        self._task = progress.add_task(label, total=total, note="")

    def advance(self, steps: int = 1) -> None:
        """Count steps done."""
        self._progress.advance(self._task, steps)

    def describe(self, note: str) -> None:
        """Show a live note, such as the loss, behind the bar."""
        self._progress.update(self._task, note=note)


class ProgressLines:
    """A progress bar for a log file: a line now and then."""

    def __init__(self, total: int, label: str) -> None:
        """Begin to count that many steps."""
        self._total, self._label, self._note = total, label, ""
        self._done, self._said_at = 0, time.monotonic()

    def advance(self, steps: int = 1) -> None:
        """Count steps done; say so where the last line is old."""
        self._done += steps
        if time.monotonic() - self._said_at >= SECONDS_PER_LINE or self._done == self._total:
            self._said_at = time.monotonic()
            logging.getLogger(__name__).info(
                "%s: %d of %d %s", self._label, self._done, self._total, self._note
            )

    def describe(self, note: str) -> None:
        """Keep a note, such as the loss, for the next line."""
        self._note = note


@contextmanager
def show_progress(label: str, total: int) -> Iterator[ProgressBar | ProgressLines]:
    """Show a bar with the time left while the block runs; plain lines where there is no terminal."""
    if not sys.stderr.isatty():
        yield ProgressLines(total, label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ProgressBar(progress, total, label)


def say(line: str) -> None:
    """Print one result line to standard output."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
