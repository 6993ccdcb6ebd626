"""What a study still lacks before it goes live: each folder checks its own part, and all is said at once."""

import importlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from study_core.config import Config
from study_core.errors import StudyError

CHECKS = {
    "links": ("study_core.readiness", "check_links"),
    "disk": ("study_core.readiness", "check_disk"),
    "clock": ("study_core.readiness", "check_clock"),
    "corpus and clips": ("models.readiness", "check_clips"),
    "soundfont": ("synthesis.readiness", "check_soundfont"),
    "stimuli": ("synthesis.readiness", "check_stimuli"),
    "session": ("study_server.readiness", "check_session"),
    "consent": ("study_server.readiness", "check_texts"),
    "secrets": ("study_server.readiness", "check_secrets"),
    "store": ("study_server.readiness", "check_store"),
    "power": ("analysis.readiness", "check_power"),
}
"""What is checked, in the order in which it is said: module and function, imported when its turn comes."""
LEAST_FREE_BYTES = 1024**3
CLOCK_TOLERANCE_S = 120
MTURK = "workerId"
"""The link's name for a worker of Mechanical Turk, whose last page needs no address: it hands in a form."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    missing
        What keeps the study from going live, a line each with what to do.
    doubts
        What a researcher should know and may accept.
    found
        What is there.
    """

    found: str = ""
    missing: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


Check = Callable[[Config], Finding]


def check_study(config: Config) -> Iterator[tuple[str, Finding]]:
    """Yield the name of every check with what it found; an error that a person can act on is a finding."""
    for name, (module, function) in CHECKS.items():
        check: Check = getattr(importlib.import_module(module), function)
        try:
            yield name, check(config)
        except StudyError as error:
            yield name, Finding(missing=(str(error),))


def check_links(config: Config) -> Finding:
    """Find where participants come from and go to, and whether they can."""
    recruitment, server = config.recruitment, config.server
    missing, doubts = [], []
    leaves = recruitment.id_parameter not in (None, MTURK)
    if leaves and not recruitment.completion_url:
        doubts.append(
            f"participants arrive with {recruitment.id_parameter} but go nowhere at the end: set "
            "recruitment.completion_url, or have them copy the code they are shown"
        )
    if "prolific" in (recruitment.completion_url or "") and not recruitment.completion_code:
        missing.append(
            "recruitment.completion_code is null: set the code that Prolific shows for this study, or it "
            "refuses those who come back"
        )
    if recruitment.contact == type(recruitment).model_fields["contact"].default:
        doubts.append("recruitment.contact names nobody: participants read it in the consent document")
    if server.public_url is None:
        doubts.append("server.public_url is null: reachable as you share it, without TLS; see docs/deploy.md")
    elif urlsplit(server.public_url).scheme != "https":
        missing.append(f"server.public_url {server.public_url} is not https: answers would travel open")
    elif server.trusted_proxy is None:
        missing.append("server.public_url is https, but server.trusted_proxy is null: who adds the TLS?")
    found = f"participants open {server.public_url or f'http://{server.host}:{server.port}'}/"
    return Finding(found, tuple(missing), tuple(doubts))


def check_disk(config: Config) -> Finding:
    """Find room for what participants will add, and the right to add it."""
    folder = config.folders.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return Finding(found, (f"only {found} for {folder}: make room for {LEAST_FREE_BYTES / 1e9:.1f} GB",))
    if not os.access(folder, os.W_OK):
        return Finding(found, (f"{folder} may not be written to: change its owner or rights",))
    return Finding(found)


def check_clock(config: Config) -> Finding:
    """Find out whether this machine's clock is right: every answer carries its time."""
    now = time.time()
    newest = max(_list_times(config.folders.root), default=0.0)
    if newest > now + CLOCK_TOLERANCE_S:
        return Finding(
            missing=(
                f"the clock says {_show(now)}, but a file of this study is from {_show(newest)}: set it",
            )
        )
    is_synchronized = _ask_for_synchronization()
    found = f"{_show(now)}, {'synchronized' if is_synchronized else 'not known to be synchronized'}"
    if is_synchronized is False:
        return Finding(found, doubts=("the clock is not synchronized: `timedatectl set-ntp true`",))
    return Finding(found)


def _list_times(folder: Path) -> Iterator[float]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a draft or a journal of a server at work
            yield path.stat().st_mtime


def _ask_for_synchronization() -> bool | None:
    """Return whether the system keeps the clock right by the network; None where it does not tell."""
    if shutil.which("timedatectl") is None:
        return None
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (fixed words)
    return {"yes": True, "no": False}.get(done.stdout.strip())


def _show(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
