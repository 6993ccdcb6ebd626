"""A page per system: its numbers and its best and worst clips, small counts not mistaken for records."""

from dataclasses import dataclass

import pandas as pd

from analysis.exploration import Exploration
from analysis.findings import Generator
from analysis.fooling import Fooling

SHOWN = 5
"""Clips from either end of a system's order."""


@dataclass(frozen=True, slots=True)
class SystemPage:
    """One system.

    Attributes
    ----------
    generator
        Its findings; None for human clips.
    best, worst
        Rows of `Exploration.clips`: those most, and least, called human, by the share pulled towards the
        system's mean; no clip stands in both.
    """

    fooling: Fooling
    generator: Generator | None
    best: list[dict[str, object]]
    worst: list[dict[str, object]]


def describe_systems(explored: Exploration) -> list[SystemPage]:
    """Return a page per system, human ones first."""
    found = explored.study.findings
    generators = {generator.system: generator for generator in found.generators}
    return [
        SystemPage(fooling, generators.get(fooling.system), *_pick(explored.clips, fooling.system))
        for fooling in found.systems
    ]


@dataclass(frozen=True, slots=True)
class SystemClips:
    """The clips of one system that were most, and least, taken for human."""

    system: str
    best: list[dict[str, object]]
    worst: list[dict[str, object]]


def list_clips(clips: pd.DataFrame) -> list[SystemClips]:
    """Return the best and worst clips of every system, in the order of the table."""
    return [SystemClips(str(name), *_pick(clips, str(name))) for name in clips["system"].unique()]


def _pick(clips: pd.DataFrame, system: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    own = clips[clips["system"] == system].sort_values(["shrunk", "clip_id"], ascending=[False, True])
    size = min(SHOWN, len(own) // 2) or len(own)
    known = own.astype(object).where(own.notna(), None)
    rows = [{str(key): value for key, value in row.items()} for row in known.to_dict("records")]
    return rows[:size], rows[size:][::-1][:size]
