"""Errors that a person can act on; everything else is a bug and shows its traceback."""

import errno
from collections.abc import Sequence

_ALLOW = "Change its owner or rights, or use another folder with --data-dir."
_MAKE_ROOM = "Make room and run the same command again; what was finished is kept."
_REMEDIES = {
    errno.EACCES: _ALLOW,
    errno.EPERM: _ALLOW,
    errno.EROFS: _ALLOW,
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
}


class StudyError(Exception):
    """What is wrong (with the numbers), where, and what to do about it."""


class ConfigError(StudyError):
    """A config file that cannot be used."""


class CorpusError(StudyError):
    """MIDI that cannot be read, or a corpus that cannot be had."""


class StimulusError(StudyError):
    """Clips or stimuli that are missing, altered or cannot be rendered."""


class ToolMissingError(StudyError):
    """A program or library of the operating system that is not installed."""


class ResponsesError(StudyError):
    """A table of judgments that cannot be analyzed."""


def list_problems(heading: str, problems: Sequence[str]) -> str:
    """Return one message that names every problem, a line each, under a heading."""
    return "\n".join([heading, *(f"  {problem}" for problem in problems)])


def explain_refusal(error: OSError) -> str | None:
    """Return what to do where the system lets nothing be written; None for every other error."""
    remedy = _REMEDIES.get(error.errno or 0)
    where = f"{error.filename}: " if error.filename else ""
    return remedy and f"{where}{error.strerror}. {remedy}"
