"""Where a corpus is found, and what is said where it is not."""

import hashlib
import io
import logging
import os
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models import sources
from models.arrangement import arrange
from models.chorales import convert_chorales, list_chorales
from models.midi import read_performance
from models.sources import Source, find_source, list_midi, pokemon_sums, search_folder
from models.tokens import quantize
from study_core.errors import CorpusError, ToolMissingError

NOBODY = 65534
NOWHERE = "http://127.0.0.1:9/archive.zip"
FILES = {"Pokemon - One.mid": b"one", "Pokemon - Two, Too.mid": b"two"}


@pytest.fixture(autouse=True)
def _no_pokemon_dir(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sources.POKEMON_VARIABLE, raising=False)


@pytest.fixture
def two_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Let the article's files be two small ones."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setattr(sources, "pokemon_sums", lambda: sums)
    return dict(FILES)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Yield a folder, and the address at which a real server offers it."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def without_privileges() -> Iterator[None]:
    """Run a block as a user who may not open everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def put_archive(folder: Path, files: dict[str, bytes]) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("midi-lstm-gan-e29e1a6/lstm.py", "print()")
        for name, content in files.items():
            archive.writestr(f"midi-lstm-gan-e29e1a6/Pokemon MIDIs/{name}", content)
    (folder / "e29e1a6.zip").write_bytes(data.getvalue())


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_the_committed_list_names_307_files() -> None:
    sums = pokemon_sums()
    assert len(sums) == 307
    assert all(len(sha256) == 64 and name.endswith(".mid") for name, sha256 in sums.items())


def test_the_real_files_are_those_of_the_list(
    tmp_path: Path, pokemon_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sources.POKEMON_VARIABLE, str(pokemon_dir))
    source = find_source("pokemon", tmp_path, address=NOWHERE)
    assert source is not None
    assert (source.name, len(source.files)) == ("pokemon", 307)
    monkeypatch.delenv(sources.POKEMON_VARIABLE)
    assert find_source("pokemon", tmp_path, address=NOWHERE) == source, "the files are kept with the study"


def test_the_archive_is_downloaded_into_the_data_folder_once(
    tmp_path: Path, served: tuple[Path, str], two_files: dict[str, bytes]
) -> None:
    folder, address = served
    put_archive(folder, two_files)
    source = find_source("pokemon", tmp_path / "corpus", address=f"{address}/e29e1a6.zip")
    assert source is not None
    assert {file.name: file.read_bytes() for file in source.files} == two_files
    assert find_source("pokemon", tmp_path / "corpus", address=NOWHERE) == source


def test_an_archive_that_was_damaged_on_the_way_is_a_failed_download(
    tmp_path: Path, served: tuple[Path, str], two_files: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    folder, address = served
    put_archive(folder, two_files)
    path = folder / "e29e1a6.zip"
    content = two_files["Pokemon - One.mid"]
    path.write_bytes(path.read_bytes().replace(content, content[::-1], 1))
    assert find_source("pokemon", tmp_path / "corpus", address=f"{address}/e29e1a6.zip") is None
    assert "its download failed: Bad CRC-32 for file" in caplog.text
    assert not (tmp_path / "corpus" / "pokemon").exists()


def test_an_archive_with_other_files_is_refused_by_name_and_nothing_is_kept(
    tmp_path: Path, served: tuple[Path, str], two_files: dict[str, bytes]
) -> None:
    folder, address = served
    put_archive(folder, {**two_files, "Pokemon - One.mid": b"another"})
    with pytest.raises(CorpusError, match=r"1 of 2 files are missing or altered(?s:.*)One.mid is altered"):
        find_source("pokemon", tmp_path / "corpus", address=f"{address}/e29e1a6.zip")
    assert not (tmp_path / "corpus" / "pokemon").exists()


@pytest.mark.parametrize("offered", [None, b"<html>not an archive</html>"])
def test_without_the_pokemon_files_one_line_says_how_to_add_them_and_chorales_take_their_place(
    tmp_path: Path,
    served: tuple[Path, str],
    caplog: pytest.LogCaptureFixture,
    offered: bytes | None,
) -> None:
    folder, address = served
    if offered:
        (folder / "e29e1a6.zip").write_bytes(offered)
    with caplog.at_level(logging.WARNING):
        assert find_source("pokemon", tmp_path, address=f"{address}/e29e1a6.zip") is None
    (record,) = caplog.records
    assert "study corpus add FOLDER --name pokemon" in record.message
    assert "STUDY_POKEMON_DIR" in record.message
    assert "\n" not in record.message


def test_a_variable_that_names_no_folder_is_said_and_chorales_take_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(sources.POKEMON_VARIABLE, str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING):
        assert find_source("pokemon", tmp_path, address=NOWHERE) is None
    assert f"STUDY_POKEMON_DIR is {tmp_path / 'gone'}, which is no folder" in caplog.records[0].message


def test_a_failed_download_is_not_tried_again_until_the_note_is_removed(
    tmp_path: Path, served: tuple[Path, str], two_files: dict[str, bytes]
) -> None:
    folder, address = served
    assert find_source("pokemon", tmp_path, address=NOWHERE) is None
    put_archive(folder, two_files)
    assert find_source("pokemon", tmp_path, address=f"{address}/e29e1a6.zip") is None
    (tmp_path / "pokemon-download-failed.txt").unlink()
    assert find_source("pokemon", tmp_path, address=f"{address}/e29e1a6.zip") is not None


def test_missing_and_altered_pokemon_files_are_all_named_and_others_are_not_used(
    tmp_path: Path, two_files: dict[str, bytes]
) -> None:
    write_all(tmp_path / "pokemon", {"Pokemon - One.mid": b"changed", "mine.mid": b"mine"})
    with pytest.raises(CorpusError, match="2 of 2 files") as raised:
        find_source("pokemon", tmp_path, address=NOWHERE)
    assert "One.mid is not the file of the 2018 article" in str(raised.value)
    assert "Two, Too.mid is missing" in str(raised.value)
    (tmp_path / "pokemon" / "Pokemon - One.mid").unlink()
    for name, content in two_files.items():
        (tmp_path / "pokemon" / name).write_bytes(content)
    source = find_source("pokemon", tmp_path, address=NOWHERE)
    assert source is not None
    assert [file.name for file in source.files] == sorted(two_files)


def test_a_folder_is_found_by_its_name_in_the_data_and_by_its_path(tmp_path: Path) -> None:
    write_all(tmp_path / "corpus" / "mine", {"a.mid": b"", "b.MIDI": b"", ".hidden.mid": b"", "c.txt": b""})
    by_name = find_source("mine", tmp_path / "corpus")
    by_path = find_source(str(tmp_path / "corpus" / "mine"), tmp_path / "elsewhere")
    assert by_name == by_path == Source("mine", list_midi(tmp_path / "corpus" / "mine"))
    assert len(by_name.files) == 2


def test_a_source_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"corpus.source is nonsense, but there is no such folder"):
        find_source("nonsense", tmp_path)


def test_a_folder_without_midi_is_named(tmp_path: Path) -> None:
    write_all(tmp_path / "texts", {"a.txt": b""})
    with pytest.raises(CorpusError, match=r"texts holds no MIDI file"):
        find_source(str(tmp_path / "texts"), tmp_path)


def test_a_locked_folder_is_named_and_the_others_are_searched(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folder lets no other user in
        folder = Path(place)
        folder.chmod(0o755)
        write_all(folder / "open", FILES)
        write_all(folder / "locked", FILES)
        (folder / "locked").chmod(0)
        with without_privileges():
            source = find_source(str(folder), tmp_path)
        (folder / "locked").chmod(0o755)
    assert source is not None
    assert [file.name for file in source.files] == sorted(FILES)
    assert source.problems == ("locked cannot be opened (Permission denied)",)


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    write_all(tmp_path / "mine", FILES)
    write_all(tmp_path / "mine" / ".cache", FILES)
    (tmp_path / "mine" / "._Pokemon - One.mid").write_bytes(b"")
    assert search_folder(tmp_path / "mine") == (list_midi(tmp_path / "mine"), ())
    assert len(list_midi(tmp_path / "mine")) == 2


def test_chorales_for_four_voices_become_midi_on_both_cores(tmp_path: Path) -> None:
    files = list_chorales()
    assert len(files) > 370
    done = list(convert_chorales(files[:8], tmp_path / "chorales"))
    assert done == files[:8]
    made = list_midi(tmp_path / "chorales")
    assert len(made) == 7  # bwv1.6 has a horn too
    score = quantize(arrange(read_performance(made[0])))
    assert score.bar_ticks in {36, 48}
    assert 80 <= score.bpm <= 100
    assert find_source("chorales", tmp_path) == Source("chorales", made)


def test_chorales_begin_with_their_upbeat(tmp_path: Path) -> None:
    (file,) = [file for file in list_chorales() if file.stem == "bwv101.7"]
    list(convert_chorales([file], tmp_path / "chorales"))
    assert quantize(arrange(read_performance(tmp_path / "chorales" / "bwv101.7.mid"))).notes[0, 0] == 36


def test_a_missing_music21_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ToolMissingError, match="corpus of Bach chorales is not installed"):
        list_chorales()
