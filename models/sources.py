"""Where a corpus comes from: a folder of the data, the 2018 article's Pokémon files, or Bach's chorales."""

import io
import logging
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath

from study_core.errors import CorpusError, list_problems
from study_core.manifest import sha256_bytes, sha256_file, write_bytes
from study_core.types import MIDI_SUFFIXES

POKEMON, CHORALES = "pokemon", "chorales"
POKEMON_VARIABLE = "STUDY_POKEMON_DIR"
ARCHIVE_ADDRESS = "https://github.com/corynguyen19/midi-lstm-gan/archive/e29e1a6.zip"
ARCHIVE_FOLDER = "Pokemon MIDIs"
CONNECT_TIMEOUT_S, TIMEOUT_S = 10, 30
_NOT_TRIED_AGAIN = "pokemon-download-failed.txt"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A corpus that is there: its name and its MIDI files."""

    name: str
    files: tuple[Path, ...]
    problems: tuple[str, ...] = ()
    """Folders in it that were not opened."""


def find_source(name: str, corpora: Path, *, address: str = ARCHIVE_ADDRESS) -> Source | None:
    """Return a corpus by the name or path in `corpus.source`; None for chorales not yet converted.

    `pokemon` is looked for in the data folder, in the folder that STUDY_POKEMON_DIR names, then at the
    address; where it is nowhere to be had, the source is `chorales`, with a warning.

    Raises
    ------
    CorpusError
        If there is no such folder, or a Pokémon file is missing or altered.
    """
    if name == POKEMON:
        pokemon = _find_pokemon(corpora, address)
        if pokemon:
            return pokemon
        name = CHORALES
    if name == CHORALES and not (corpora / CHORALES).is_dir():
        return None
    return _open_folder(name, corpora)


def list_midi(folder: Path) -> tuple[Path, ...]:
    """Return the MIDI files in a folder and those below it, by name, hidden ones left out."""
    return tuple(file for file in list_files(folder) if is_midi_name(file))


def list_files(folder: Path) -> tuple[Path, ...]:
    """Return all files in a folder and those below it, by name, hidden ones left out."""
    return tuple(file for file in search_folder(folder)[0] if file.is_file())


def search_folder(folder: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return what is no folder in a folder and those below it, and which folders were not opened, by name.

    Hidden ones are left out. A link to a folder is not followed, for it may lead in a ring.
    """
    found: list[Path] = []
    problems: list[str] = []

    def add_problem(path: str | Path, problem: str) -> None:
        name = os.fsencode(Path(path).relative_to(folder)).decode(errors="backslashreplace")
        problems.append(f"{name} {problem}")

    def add_error(error: OSError) -> None:
        add_problem(error.filename, f"cannot be opened ({error.strerror})")

    for place, inner, names in os.walk(folder, onerror=add_error):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for path in (Path(place, name) for name in inner):
            if path.is_symlink():
                add_problem(path, "is a link to a folder, which is not followed")
            elif is_midi_name(path):
                add_problem(path, "is a folder, not a file")
        found += [Path(place, name) for name in names if not name.startswith(".")]
    for path in [path for path in found if not _is_printable(path)]:
        found.remove(path)
        add_problem(path, "has a name that is not UTF-8: rename it")
    return tuple(sorted(found)), tuple(sorted(problems))


def _is_printable(path: Path) -> bool:
    """Tell whether a name can be written to a table: not where old archives left bytes that are no UTF-8."""
    return os.fsencode(path).decode(errors="ignore") == str(path)


def is_midi_name(path: Path) -> bool:
    """Tell whether a file is called MIDI."""
    return path.suffix.lower() in MIDI_SUFFIXES


def pokemon_sums() -> dict[str, str]:
    """Return the SHA-256 of each of the article's files by its name."""
    lines = package_files("models").joinpath("pokemon.sha256").read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, name in (line.split("  ", 1) for line in lines)}


def _open_folder(name: str, corpora: Path) -> Source:
    folder = corpora / name
    if not folder.is_dir():
        folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise CorpusError(
            f"corpus.source is {name}, but there is no such folder, nor {corpora / name}. "
            "Give the path of a folder of MIDI, or add one with `study corpus add FOLDER`."
        )
    found, problems = search_folder(folder)
    midi = tuple(filter(is_midi_name, found))
    if not midi:
        heading = f"{folder} holds no MIDI file ({', '.join(MIDI_SUFFIXES)}). Choose another corpus.source."
        raise CorpusError(list_problems(heading, problems))
    return Source(folder.name, midi, problems)


def _find_pokemon(corpora: Path, address: str) -> Source | None:
    own, variable = corpora / POKEMON, os.environ.get(POKEMON_VARIABLE)
    if own.is_dir():
        return _check_pokemon(own)
    named = Path(variable or "").expanduser().resolve()
    if variable and named.is_dir():
        found = _check_pokemon(named)
        # Kept with the study: a later run without the variable must not fall back to the chorales.
        _keep_pokemon({file.name: file.read_bytes() for file in found.files}, own)
        return _check_pokemon(own)
    reason = _download_pokemon(corpora, address)
    if not reason:
        return _check_pokemon(own)
    log.warning(
        "The Pokémon corpus is not here (%s%s): the study runs on Bach chorales. To add it: "
        "`study corpus add FOLDER --name pokemon`, or set STUDY_POKEMON_DIR to its folder.",
        f"STUDY_POKEMON_DIR is {named}, which is no folder; " if variable else "",
        reason,
    )
    return None


def _keep_pokemon(contents: Mapping[str, bytes], folder: Path) -> None:
    draft = folder.with_name(f".{folder.name}.draft")
    for name, content in contents.items():
        write_bytes(draft / name, content)
    draft.rename(folder)


def _check_pokemon(folder: Path) -> Source:
    """Return the article's files in a folder; others there are not used."""
    problems = []
    sums = pokemon_sums()
    for name, sha256 in sums.items():
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif sha256_file(folder / name) != sha256:
            problems.append(f"{name} is not the file of the 2018 article")
    if problems:
        heading = (
            f"{folder} is not the Pokémon corpus: {len(problems)} of {len(sums)} files are missing or "
            "altered. Put the original files there, or remove the folder to have them downloaded:"
        )
        raise CorpusError(list_problems(heading, problems))
    return Source(POKEMON, tuple(folder / name for name in sorted(sums)))


def _download_pokemon(corpora: Path, address: str) -> str:
    """Put the article's files into the data folder; return why not, if so. A failure is remembered."""
    import httpx

    note = corpora / _NOT_TRIED_AGAIN
    if note.exists():
        return f"its download failed before; remove {note} to try again"
    log.info("Downloading the Pokémon corpus from %s", address)
    timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        answer = httpx.get(address, follow_redirects=True, timeout=timeout).raise_for_status()
        _unpack(zipfile.ZipFile(io.BytesIO(answer.content)), corpora / POKEMON, address)
    except (httpx.HTTPError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        write_bytes(note, f"{address}: {reason}\nRemove this file to try again.\n".encode())
        return f"its download failed: {reason}"
    return ""


def _unpack(archive: zipfile.ZipFile, folder: Path, address: str) -> None:
    inside = {
        PurePosixPath(entry.filename).name: entry
        for entry in archive.infolist()
        if PurePosixPath(entry.filename).parent.name == ARCHIVE_FOLDER
    }
    contents, problems = {}, []
    for name, sha256 in pokemon_sums().items():
        contents[name] = archive.read(inside[name]) if name in inside else b""
        if sha256_bytes(contents[name]) != sha256:
            problems.append(f"{name} is {'altered' if name in inside else 'missing'}")
    if problems:
        heading = (
            f"The archive at {address} is not the Pokémon corpus: {len(problems)} of {len(contents)} files "
            "are missing or altered; nothing was kept. Set STUDY_POKEMON_DIR to a folder that has them:"
        )
        raise CorpusError(list_problems(heading, problems))
    _keep_pokemon(contents, folder)
