"""What a benchmark found, in lines that `python benchmarks` collects: ratios, and how cost grows."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

CLAIMS_VARIABLE = "STUDY_CLAIMS"
"""Names the file that claims are added to; without it they are only printed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One ratio of two figures of the same run."""

    what: str
    """The work, such as "Import of 307 MIDI files"."""
    ratio: float
    meaning: str
    """What the ratio says, such as "times as fast as music21"."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What the same work costs in several sizes."""

    what: str
    unit: str
    """What the size counts, such as "files"."""
    costs_s: dict[str, float]
    """Seconds of processor time by size; JSON wants text for keys."""


def state_claim(what: str, ratio: float, meaning: str) -> None:
    """Print a ratio, and keep it where claims are collected."""
    print(f"claim: {what}: {ratio:.3g} {meaning}", flush=True)
    _keep(Claim(what, float(ratio), meaning))


def state_growth(what: str, unit: str, costs_s: Mapping[int, float]) -> None:
    """Print what sizes cost, and keep it where claims are collected."""
    print(
        f"growth: {what}: " + ", ".join(f"{size:,} {unit} {s:.3g} s" for size, s in costs_s.items()),
        flush=True,
    )
    _keep(Growth(what, unit, {str(size): float(s) for size, s in costs_s.items()}))


def read_claims(path: Path) -> list[Claim | Growth]:
    """Return what was kept in a file, in the order in which it was stated."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Growth(**line) if "costs_s" in line else Claim(**line) for line in lines]


def _keep(found: Claim | Growth) -> None:
    collected = os.environ.get(CLAIMS_VARIABLE)
    if collected:
        with Path(collected).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(found)) + "\n")
