"""The note table of a corpus: what every file holds, read once and kept by the file's content."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.arrays import Arrays, read_arrays, write_arrays
from models.midi import READER_VERSION, parse_midi, read_bytes
from models.performance import KEY, METER, NOTE, PEDAL, TEMPO, Performance, Table
from study_core.errors import CorpusError, StudyError
from study_core.manifest import sha256_bytes

if TYPE_CHECKING:
    import pandas as pd

_TABLES = {"notes": NOTE, "pedal": PEDAL, "tempi": TEMPO, "meters": METER, "keys": KEY}
_FACTS = ("file_format", "ticks_per_beat", "track_names", "texts", "repairs")
_SMALL = {"pitch": "u1", "velocity": "u1", "track": "u2", "channel": "u1", "program": "u1"}

Reading = Performance | str
"""A file's music, or what is wrong with it; the words go on from the file's name."""


@dataclass(frozen=True, slots=True)
class NoteTable:
    """What the files of a corpus hold, by file: each has its music or its problem."""

    hashes: Mapping[Path, str]
    """SHA-256 of the content; files that could not be opened have none."""
    performances: Mapping[Path, Performance]
    problems: Mapping[Path, str]
    """What is wrong with a file; the words go on from its name."""

    def to_frame(self) -> "pd.DataFrame":
        """Return a row per note: its file's path, the columns of `NOTE`, onset and duration in seconds."""
        import pandas as pd

        played = list(self.performances.values())
        table = pd.DataFrame(_join("notes", played, NOTE))
        index = np.repeat(np.arange(len(played)), [len(one.notes) for one in played])
        files = pd.Categorical.from_codes(index, pd.Index([str(file) for file in self.performances]))
        table.insert(0, "file", pd.Series(files))
        onsets = [one.seconds_at(one.notes["onset_beat"]) for one in played]
        ends = [one.seconds_at(one.notes["onset_beat"] + one.notes["duration_beat"]) for one in played]
        table["onset_s"] = np.concatenate([[], *onsets])
        table["duration_s"] = np.concatenate([[], *ends]) - table["onset_s"]
        return table


def read_notes(files: Iterable[Path], cache: Path) -> NoteTable:
    """Return what some files hold; only those whose content is not in the cache are parsed.

    The cache is one file, replaced whole when it lacks something: processes that share it may do work twice,
    but never see half of it. A cache that is damaged or of another version is made anew.
    """
    known = _load(cache)
    stored = set(known)
    hashes: dict[Path, str] = {}
    problems: dict[Path, str] = {}
    for file in files:
        try:
            data = read_bytes(file)
        except CorpusError as error:
            problems[file] = str(error)
            continue
        hashes[file] = sha256_bytes(data)
        if hashes[file] not in known:
            known[hashes[file]] = _read(data)
    if stored != set(hashes.values()):
        _save(cache, {sha256: known[sha256] for sha256 in hashes.values()})
    performances = {}
    for file, sha256 in hashes.items():
        reading = known[sha256]
        if isinstance(reading, Performance):
            performances[file] = reading
        else:
            problems[file] = reading
    return NoteTable(hashes, performances, problems)


def _read(data: bytes) -> Reading:
    try:
        return parse_midi(data)
    except CorpusError as error:
        return str(error)


def _save(cache: Path, readings: Mapping[str, Reading]) -> None:
    """Write each kind of table of all files end to end, their numbers of rows, and the rest as JSON."""
    played = [reading for reading in readings.values() if isinstance(reading, Performance)]
    facts = {
        sha256: reading if isinstance(reading, str) else {name: getattr(reading, name) for name in _FACTS}
        for sha256, reading in readings.items()
    }
    arrays: Arrays = {name: _join(name, played, _shrink(kind)) for name, kind in _TABLES.items()}
    arrays["counts"] = np.array([[len(getattr(one, name)) for name in _TABLES] for one in played], np.int64)
    arrays["facts"] = np.frombuffer(json.dumps([READER_VERSION, facts]).encode(), np.uint8)
    write_arrays(cache, arrays, is_packed=False)


def _load(cache: Path) -> dict[str, Reading]:
    """Return the readings in a cache by the files' SHA-256; none where it cannot be used."""
    try:
        stored = read_arrays(cache, "")
        version, facts = json.loads(stored["facts"].tobytes())
        if version != READER_VERSION:
            return {}
        tables: dict[str, Any] = {name: stored[name].astype(kind) for name, kind in _TABLES.items()}
        counts = stored["counts"].reshape(-1, len(_TABLES))
    except (OSError, StudyError, ValueError, KeyError):
        return {}
    ends = np.cumsum(counts, axis=0)
    rows = (
        {name: tables[name][start:end] for name, start, end in zip(_TABLES, *bounds, strict=True)}
        for bounds in zip((ends - counts).tolist(), ends.tolist(), strict=True)
    )
    return {
        sha256: fact if isinstance(fact, str) else Performance(**next(rows), **_thaw(fact))
        for sha256, fact in facts.items()
    }


def _thaw(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}


def _join(name: str, played: Iterable[Performance], kind: np.dtype[Any]) -> Table:
    tables = [np.empty(0, kind), *(getattr(one, name) for one in played)]
    return np.concatenate(tables, dtype=kind, casting="unsafe")


def _shrink(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Return the columns of a table in the types that they have on the disk."""
    return np.dtype([(name, _SMALL.get(name, kind[name].str)) for name in kind.names or ()])
