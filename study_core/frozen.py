"""The mark in a data folder that people take part in its study: from then on no stage replaces its files.

The server writes it when the first real participant starts. The store says the same, but the stages that make
stimuli know nothing of the store, and it may be on another host.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from study_core.config import Config
from study_core.errors import StudyError, list_problems
from study_core.manifest import write_json

UNFROZEN: dict[str, Any] = {
    "server": True,
    "data_dir": True,
    "corpus": {"source"},
    "synthesis": {"soundfont"},
    "recruitment": {
        *("consent", "listed", "completion_code", "completion_url", "screened_out_code", "screened_out_url"),
        *("failed_attention_code", "failed_attention_url"),
    },
}
"""What may change under a running study: where things lie (what paths lead to is hashed itself), where the
server listens, and what a recruitment platform gives out."""

FILES = {("recruitment", "consent"), ("screening", "sounds")}
"""Keys under which the server notes the hashes of consent documents and of screening sounds."""

ELSEWHERE = (
    "not config.yaml, but files under {folder}, or the software: an updated one would make them anew. "
    "`study serve` needs none of that: it serves the files as they are, and says which of them changed"
)


class FrozenError(StudyError):
    """Files were to be replaced of a study that people take part in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenStudy:
    """What people take part in, and since when."""

    study_version: str
    protocol_sha256: str
    frozen_at: str
    """UTC, ISO 8601."""
    config: Mapping[str, Any]
    """As `select_frozen` returns it; the server adds to it the hashes of `FILES`."""


def select_frozen(config: Config) -> dict[str, Any]:
    """Return the part of a config that may not change under a running study."""
    frozen = config.model_dump(mode="json", exclude=UNFROZEN)
    frozen["clips"]["systems"] = list(config.clips.systems)  # folders by their names alone
    return frozen


def mark_frozen(path: Path, study: FrozenStudy) -> None:
    """Write the mark, whole or not at all, unless it stands there already."""
    try:
        if read_frozen(path) == study:
            return
    except FrozenError:
        pass  # one that cannot be read is written again
    write_json(path, asdict(study))


def read_frozen(path: Path) -> FrozenStudy | None:
    """Return the mark, or None where nobody has taken part.

    Raises
    ------
    FrozenError
        If the file is there and is no such mark.
    """
    try:
        return FrozenStudy(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise FrozenError(
            f"{path} marks a study that people take part in, but cannot be read. `study serve` writes it "
            "again; where that study is over or its store was deleted, remove the file."
        ) from None


def refuse_frozen(config: Config, what: str) -> None:
    """Refuse to replace files where people take part; call it before any file is touched.

    Raises
    ------
    FrozenError
        If the data folder is of a frozen study, whatever version the config is of: its files are served.
    """
    path = config.folders.frozen
    frozen = read_frozen(path)
    if frozen is None:
        return
    heading = (
        f"Version {frozen.study_version!r} of this study is frozen since its first participant started "
        f"({frozen.frozen_at}), but {what} would change; nothing was touched. Restore what is listed here, "
        "and lost files from a copy. For a changed study set another `version:` and `data_dir:`. Only "
        f"when nobody takes part in version {frozen.study_version!r} any more, or its store was deleted, "
        f"remove {path} and set another `version:`; then its files are replaced. What differs:"
    )
    changes = list_changes(_leave_out_files(frozen.config), select_frozen(config))
    raise FrozenError(list_problems(heading, changes or [ELSEWHERE.format(folder=path.parent)]))


def _leave_out_files(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a frozen config without what the server added to it about files."""
    return {
        name: {key: value for key, value in section.items() if (name, key) not in FILES}
        if isinstance(section, Mapping)
        else section
        for name, section in config.items()
    }


def list_changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a line for every key of a config that differs."""
    old, new = _flatten(was), _flatten(now)
    return [
        f"{key}: was {old.get(key)!r}, is {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _flatten(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        nested = isinstance(value, Mapping) and value
        flat |= (
            {f"{key}.{inner}": item for inner, item in _flatten(value).items()} if nested else {key: value}
        )
    return flat
