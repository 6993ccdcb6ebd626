"""Errors that a person can act on; everything else is a bug and shows its traceback."""

from collections.abc import Sequence


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
