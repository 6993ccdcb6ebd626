"""The analysis plan that was frozen with the protocol, and where the analysis departs from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from study_core.config import AnalysisConfig
from study_core.errors import ResponsesError

MISSING = "not in the plan"
UNKNOWN = "not in protocol.json, so unknown"


@dataclass(frozen=True, slots=True)
class Plan:
    """The section `analysis` of the config that each frozen protocol held.

    Attributes
    ----------
    protocols
        By the protocol's SHA-256, in the order of the file: the section as it was.
    """

    protocols: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One key of the analysis that was used otherwise than planned."""

    key: str
    planned: str
    used: str


def read_plan(path: Path) -> Plan | None:
    """Return the plan in a `protocol.json`; None where there is no such file.

    The file is one protocol or a list of them (alone or under the key `protocols`), each with its
    `protocol_sha256` and `config`. Raises ResponsesError where it is not.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.get("protocols", content) if isinstance(content, dict) else content
        protocols = found if isinstance(found, list) else [found]
        return Plan({str(one["protocol_sha256"]): dict(one["config"]["analysis"]) for one in protocols})
    except (ValueError, TypeError, KeyError):
        raise ResponsesError(
            f"{path} holds no analysis plan (protocol_sha256 and config.analysis). "
            "Write it again with `study export`, or remove it."
        ) from None


def list_deviations(
    plan: Plan | None, config: AnalysisConfig, rows: pd.DataFrame
) -> tuple[Deviation, ...] | None:
    """Return every key whose value in use differs from that frozen for these rows; None without a plan.

    The keys are in the order of the config. Only the protocols that the rows name are held against it, or
    all of the plan where they name none; one that they name and the plan lacks stands last.
    """
    if plan is None:
        return None
    hashes = rows["protocol_sha256"].dropna() if "protocol_sha256" in rows else pd.Series(dtype=object)
    counts = {str(sha256): int(n) for sha256, n in hashes.value_counts(sort=False).items()}
    used = config.model_dump(mode="json")
    found = []
    for sha256, analysis in plan.protocols.items():
        if counts and sha256 not in counts:
            continue
        for key in (*used, *(key for key in analysis if key not in used)):
            planned = analysis.get(key, MISSING)
            if planned != used.get(key, MISSING):
                found.append(
                    Deviation(key, show_value(planned), show_value(used.get(key, "no longer a key")))
                )
    lacking = [
        Deviation(f"protocol {sha256[:12]}", UNKNOWN, f"{count:,} of {len(rows):,} judgments")
        for sha256, count in counts.items()
        if sha256 not in plan.protocols
    ]
    return tuple(dict.fromkeys([*found, *lacking]))


def show_value(value: object) -> str:
    """Return a value of the config in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {show_value(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(show_value, value)) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
