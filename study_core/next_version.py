"""The next version of a study: a folder of its own beside the old one, which stays as it was."""

import shutil
from pathlib import Path
from typing import Any

from study_core.beginning import CONFIG_FILE, refuse_overwriting, write_study
from study_core.config import Config, load_config
from study_core.config_page import fill_page, read_page
from study_core.folders import DataFolders

DATA = "data"
TAKEN_ALONG = ("corpus", "models")
"""Stages that need not be made again; participants, secrets and stimuli stay where they are."""


def begin_version(folder: Path, old: Path) -> Config:
    """Write the next version of a study into a folder of its own; return its config.

    Its page is the old one with `version` raised and its paths made absolute. Corpus and trained generators
    are taken along.

    Raises
    ------
    StudyError
        If the old folder holds no study, or the new one does.
    """
    refuse_overwriting(folder)
    was = load_config(old / CONFIG_FILE)
    for stage in TAKEN_ALONG:
        source: Path = getattr(was.folders, stage)
        if source.is_dir():
            shutil.copytree(source, getattr(DataFolders(folder / DATA), stage), dirs_exist_ok=True)
    # The page last: without it, a version whose copy was interrupted is begun again by the same command.
    values = {"version": _raise_version(was.version), "data_dir": DATA, **_list_paths(was)}
    write_study(folder, _fill(old / CONFIG_FILE, was, values))
    return load_config(folder / CONFIG_FILE)


def _fill(path: Path, was: Config, values: dict[str, Any]) -> str:
    """Return the old page with new values; a fresh one where the old has a form of its own."""
    try:
        return fill_page(path.read_text(encoding="utf-8"), values)
    except KeyError:
        return fill_page(read_page(), _flatten(was.model_dump(mode="json")) | values)


def _flatten(sections: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in sections.items():
        flat |= (
            {f"{name}.{key}": item for key, item in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat


def _list_paths(config: Config) -> dict[str, Any]:
    """Return the keys that name files, with their absolute paths; names of known things stay."""
    named = {
        "corpus.source": config.corpus.source,
        "synthesis.soundfont": config.synthesis.soundfont,
        "recruitment.consent": config.recruitment.consent or "",
    }
    paths: dict[str, Any] = {place: path for place, path in named.items() if Path(path).is_absolute()}
    if any(config.clips.systems.values()):
        paths["clips.systems"] = config.clips.model_dump(mode="json")["systems"]
    return paths


def _raise_version(version: str) -> str:
    return str(int(version) + 1) if version.isdecimal() else f"{version}-2"
