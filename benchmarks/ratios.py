"""The table of measured ratios, for the page of benchmarks and for the README."""

import json
import statistics
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

CLAIMS_FILE = Path(__file__).parent / "claims.json"
Kept = dict[str, dict[str, Any]]
"""What each benchmark said in its last run, by name."""


def read_kept() -> Kept:
    """Return what the last `make bench` kept."""
    kept: Kept = json.loads(CLAIMS_FILE.read_text(encoding="utf-8"))
    return kept


def write_table(kept: Kept, leave_out: Collection[str] = ()) -> Iterable[str]:
    """Yield the table's lines: every ratio, or those of all benchmarks but some."""
    yield "| what | how much | spread |"
    yield "|---|---|---|"
    for name, found in kept.items():
        for claim in found["claims"] if name not in leave_out else ():
            ratios: Sequence[float] = claim["ratios"]
            spread = (
                f"{show(min(ratios))} to {show(max(ratios))} in {len(ratios)} runs"
                if len(ratios) > 1
                else "one run"
            )
            yield f"| {claim['what']} | **{show(statistics.median(ratios))}** {claim['meaning']} | {spread} |"


def show(ratio: float) -> str:
    """Return a ratio in three digits, without an exponent."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"  # noqa: PLR2004 (three digits before the point)
