"""Soundfonts by name or path, verified before any work: `soundfonts/soundfonts.yaml` lists the known ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from study_core.config import SOUNDFONT_TYPES
from study_core.errors import StimulusError
from study_core.manifest import sha256_file
from synthesis.download import download_soundfont

SOUNDFONT_FOLDER = Path(__file__).resolve().parent.parent / "soundfonts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Soundfont:
    """A soundfont file whose content is known."""

    name: str
    path: Path
    sha256: str


def find_soundfont(name_or_path: str, *, folder: Path = SOUNDFONT_FOLDER) -> Soundfont:
    """Return the soundfont of a listed name, or of a path to an .sf2 or .sf3 file, its content verified.

    A listed soundfont is looked for in the folder of the list, then where its Debian package puts it, and is
    fetched into the folder where it is in neither.

    Raises
    ------
    StimulusError
        If the name is unknown, or the file is missing, altered or no soundfont.
    """
    if name_or_path.lower().endswith(SOUNDFONT_TYPES):
        return _take_file(Path(name_or_path).expanduser())
    listed = list_soundfonts(folder)
    if name_or_path not in listed:
        raise StimulusError(
            f"synthesis.soundfont: {name_or_path!r} is not listed in {folder / 'soundfonts.yaml'}. "
            f"Use {', '.join(listed)}, or the path of an .sf2 or .sf3 file."
        )
    return _take_listed(name_or_path, listed[name_or_path], folder)


def list_soundfonts(folder: Path = SOUNDFONT_FOLDER) -> dict[str, dict[str, Any]]:
    """Return what is known of each soundfont that config.yaml may name."""
    listed: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(
        (folder / "soundfonts.yaml").read_text(encoding="utf-8")
    )
    return listed


def list_places(entry: dict[str, Any], folder: Path = SOUNDFONT_FOLDER) -> list[Path]:
    """Return where a listed soundfont may be, the first place that has it counts."""
    return [folder / entry["file"], Path(entry["debian_path"])]


def _take_listed(name: str, entry: dict[str, Any], folder: Path) -> Soundfont:
    places = list_places(entry, folder)
    path = next((place for place in places if place.exists()), None)
    if path is None:
        try:
            path = download_soundfont(entry["address"], entry["file"], entry["sha256"], folder)
        except StimulusError as error:
            raise StimulusError(
                f"The soundfont {name} is missing: neither {places[0]} nor {places[1]} exists, and {error}. "
                f"Run `sudo apt-get install {entry['debian_package']}`, or put the file into {folder}."
            ) from None
    soundfont = _take_file(path, name)
    if soundfont.sha256 != entry["sha256"]:
        raise StimulusError(
            f"The soundfont {path} is not the {name} that soundfonts.yaml lists: its sha256 is "
            f"{soundfont.sha256[:12]}..., not {entry['sha256'][:12]}... Remove it and run "
            f"`sudo apt-get install --reinstall {entry['debian_package']}`, "
            "or give its path in synthesis.soundfont to use it as it is."
        )
    return soundfont


def _take_file(path: Path, name: str = "") -> Soundfont:
    try:
        with path.open("rb") as file:
            head = file.read(12)
        sha256 = sha256_file(path)
    except OSError as error:
        raise StimulusError(
            f"The soundfont {path} cannot be read: {error.strerror}. Correct synthesis.soundfont."
        ) from None
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise StimulusError(f"{path} is not a soundfont. Give an .sf2 or .sf3 file in synthesis.soundfont.")
    return Soundfont(name=name or path.name, path=path.resolve(), sha256=sha256)
