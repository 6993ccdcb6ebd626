"""The note table: every note of a corpus, read once, and never from a damaged or foreign cache."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models import notes
from models.notes import NoteTable, read_notes
from models.performance import Performance
from models.sources import list_midi
from tests.models.conftest import REPOSITORY, make_score, write_midi_file


def assert_equal(one: Performance, other: Performance) -> None:
    for name in Performance.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype, name
            assert np.array_equal(mine, theirs), name
        else:
            assert mine == theirs, name


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the contents that are parsed from now on."""
    contents: list[bytes] = []
    parse = notes.parse_midi

    def remember(data: bytes) -> Performance:
        contents.append(data)
        return parse(data)

    monkeypatch.setattr(notes, "parse_midi", remember)
    return contents


def test_what_comes_from_the_cache_is_what_was_read(
    pokemon_dir: Path, tmp_path: Path, parsed: list[bytes]
) -> None:
    files = list_midi(pokemon_dir)
    first = read_notes(files, tmp_path / "cache.npz")
    assert len(parsed) == len(first.performances) == 307
    again = read_notes(files, tmp_path / "cache.npz")
    assert len(parsed) == 307
    for file in files:
        assert_equal(first.performances[file], again.performances[file])
    assert first.hashes == again.hashes


def test_a_changed_or_added_file_is_the_only_one_that_is_parsed(
    corpus_folder: Path, tmp_path: Path, parsed: list[bytes]
) -> None:
    read_notes(list_midi(corpus_folder), tmp_path / "cache.npz")
    added = write_midi_file(corpus_folder / "new.mid", make_score(99))
    changed = write_midi_file(corpus_folder / "piece 07.mid", make_score(98))
    parsed.clear()
    table = read_notes(list_midi(corpus_folder), tmp_path / "cache.npz")
    assert set(parsed) == {added.read_bytes(), changed.read_bytes()}
    assert len(table.performances) == 25
    parsed.clear()
    read_notes(list_midi(corpus_folder), tmp_path / "cache.npz")
    assert parsed == []


def test_what_is_wrong_with_a_file_is_kept_by_its_content_too(
    corpus_folder: Path, tmp_path: Path, parsed: list[bytes]
) -> None:
    (corpus_folder / "broken.mid").write_bytes(b"MThd")
    (corpus_folder / "gone.mid").symlink_to("nowhere.mid")
    files = [*list_midi(corpus_folder), corpus_folder / "gone.mid"]
    expected = {
        corpus_folder / "broken.mid": "is not readable MIDI (its header is cut off)",
        corpus_folder / "gone.mid": "cannot be opened (No such file or directory)",
    }
    assert read_notes(files, tmp_path / "cache.npz").problems == expected
    parsed.clear()
    assert read_notes(files, tmp_path / "cache.npz").problems == expected
    assert parsed == []


@pytest.mark.parametrize("damage", ["emptied", "cut", "altered", "text", "other version"])
def test_a_cache_that_cannot_be_used_is_made_anew(
    corpus_folder: Path, tmp_path: Path, parsed: list[bytes], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    cache, files = tmp_path / "cache.npz", list_midi(corpus_folder)
    first = read_notes(files, cache)
    whole = cache.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 3] ^= 1
    contents = {"emptied": b"", "cut": whole[: len(whole) // 2], "altered": bytes(altered), "text": b"notes"}
    cache.write_bytes(contents.get(damage, whole))
    if damage == "other version":
        monkeypatch.setattr(notes, "READER_VERSION", notes.READER_VERSION + 1)
    parsed.clear()
    again = read_notes(files, cache)
    assert len(parsed) == 24
    assert_equal(first.performances[files[0]], again.performances[files[0]])
    read_notes(files, cache)
    assert len(parsed) == 24


def test_processes_that_share_a_cache_all_get_every_note(corpus_folder: Path, tmp_path: Path) -> None:
    lines = (
        "import sys; from pathlib import Path; from models.notes import read_notes",
        "from models.sources import list_midi",
        "files = list_midi(Path(sys.argv[1]))[:: int(sys.argv[3])]",
        "tables = [read_notes(files, Path(sys.argv[2])) for _ in range(25)]",
        "print({sum(len(p.notes) for p in t.performances.values()) for t in tables}, len(files))",
    )
    expected = read_notes(list_midi(corpus_folder), tmp_path / "own.npz")
    commands = [
        [sys.executable, "-c", "\n".join(lines), str(corpus_folder), str(tmp_path / "cache.npz"), step]
        for step in ("1", "2", "1")
    ]
    started = [subprocess.Popen(one, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) for one in commands]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    for step, words in zip((1, 2, 1), said, strict=True):
        some = list(expected.performances.values())[::step]
        assert words == f"{{{sum(len(one.notes) for one in some)}}} {len(some)}\n"
    assert [path.name for path in tmp_path.glob("*cache*")] == ["cache.npz"], "no drafts are left"


def test_all_notes_are_one_data_frame(corpus_folder: Path, tmp_path: Path) -> None:
    shutil.copy(corpus_folder / "piece 03.mid", corpus_folder / "twin.mid")
    files = list_midi(corpus_folder)
    table = read_notes(files, tmp_path / "cache.npz")
    frame = table.to_frame()
    assert len(frame) == sum(len(performance.notes) for performance in table.performances.values())
    one = frame[frame["file"] == str(files[3])]
    performance = table.performances[files[3]]
    assert one["pitch"].tolist() == performance.notes["pitch"].tolist()
    assert one["onset_s"].tolist() == performance.seconds_at(performance.notes["onset_beat"]).tolist()
    assert one["duration_s"].to_numpy() == pytest.approx(
        performance.notes["duration_beat"] / 2
    )  # 120 per minute
    assert NoteTable({}, {}, {}).to_frame().empty
