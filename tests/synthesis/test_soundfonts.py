import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from study_core.errors import StimulusError
from study_core.manifest import sha256_bytes
from synthesis.download import download_soundfont
from synthesis.soundfonts import SOUNDFONT_FOLDER, find_soundfont

from .conftest import SOUNDFONT

CONTENT = b"RIFF\x00\x00\x00\x00sfbk and the rest"


def write_list(folder: Path, **changes: str) -> None:
    entry = {
        "file": "Small.sf2",
        "debian_package": "small-soundfont",
        "debian_path": str(folder / "debian" / "Small.sf2"),
        "address": "http://127.0.0.1:9/small.deb",
        "sha256": sha256_bytes(CONTENT),
    }
    with (folder / "soundfonts.yaml").open("w") as file:
        YAML().dump({"Small": entry | changes}, file)


def test_installed_soundfont_is_found_by_its_name() -> None:
    soundfont = find_soundfont(SOUNDFONT)
    assert (soundfont.name, soundfont.path.exists(), len(soundfont.sha256)) == (SOUNDFONT, True, 64)


def test_every_listed_soundfont_says_where_it_is_from_and_under_which_licence() -> None:
    listed = YAML(typ="safe", pure=True).load((SOUNDFONT_FOLDER / "soundfonts.yaml").read_text())
    keys = {"file", "debian_package", "debian_path", "address", "sha256", "licence", "n_bytes"}
    assert {"FluidR3_GM", "TimGM6mb"} <= set(listed)
    assert all(set(entry) == keys for entry in listed.values())


def test_file_beside_the_list_goes_before_debians(tmp_path: Path) -> None:
    write_list(tmp_path)
    for folder in (tmp_path, tmp_path / "debian"):
        folder.mkdir(exist_ok=True)
        (folder / "Small.sf2").write_bytes(CONTENT)
    assert find_soundfont("Small", folder=tmp_path).path == (tmp_path / "Small.sf2").resolve()
    (tmp_path / "Small.sf2").unlink()
    assert find_soundfont("Small", folder=tmp_path).path == (tmp_path / "debian" / "Small.sf2").resolve()


def test_missing_soundfont_says_which_package_to_install(tmp_path: Path) -> None:
    write_list(tmp_path)
    with pytest.raises(
        StimulusError,
        match=r"Small is missing.*9/small\.deb cannot be fetched .*sudo apt-get install small-soundfont",
    ):
        find_soundfont("Small", folder=tmp_path)


def test_altered_soundfont_is_refused_with_both_sums(tmp_path: Path) -> None:
    write_list(tmp_path, sha256="0" * 64)
    (tmp_path / "Small.sf2").write_bytes(CONTENT)
    with pytest.raises(
        StimulusError, match=rf"{sha256_bytes(CONTENT)[:12]}\.\.\., not 000000000000.*reinstall"
    ):
        find_soundfont("Small", folder=tmp_path)


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StimulusError, match=r"'Grand' is not listed.*FluidR3_GM, TimGM6mb"):
        find_soundfont("Grand")


def test_own_soundfont_is_taken_by_its_path(tmp_path: Path) -> None:
    for name in ("mine.sf3", "My Grand.SF2"):
        (tmp_path / name).write_bytes(CONTENT)
        soundfont = find_soundfont(str(tmp_path / name))
        assert (soundfont.name, soundfont.sha256) == (name, sha256_bytes(CONTENT))


def test_path_to_nothing_and_path_to_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"none\.sf2 cannot be read: No such file"):
        find_soundfont(str(tmp_path / "none.sf2"))
    (tmp_path / "text.sf2").write_text("not a soundfont")
    with pytest.raises(StimulusError, match=r"text\.sf2 is not a soundfont"):
        find_soundfont(str(tmp_path / "text.sf2"))


def pack(member: str, files: dict[str, bytes]) -> bytes:
    """Return a Debian package: an ar archive of a version and a tar of files."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:xz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    package = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0"), (member, tar.getvalue())):
        package += f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        package += b"\n" * (len(content) % 2)
    return package


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that a web server of this machine serves, its address in the file `address`."""
    folder = tmp_path / "archive"
    folder.mkdir()
    handler = partial(QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        (folder / "address").write_text(f"http://127.0.0.1:{server.server_port}/small.deb")
        yield folder
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_missing_soundfont_is_fetched_out_of_its_debian_package(archive: Path, tmp_path: Path) -> None:
    files = {"./usr/share/doc/README": b"read me", "./usr/share/sounds/sf2/Small.sf2": CONTENT}
    (archive / "small.deb").write_bytes(pack("data.tar.xz", files))
    write_list(tmp_path, address=(archive / "address").read_text())
    assert find_soundfont("Small", folder=tmp_path).path == (tmp_path / "Small.sf2").resolve()
    assert (tmp_path / "Small.sf2").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (pack("data.tar.xz", {"Small.sf2": CONTENT + b"!"}), "holds another Small.sf2 than"),
        (pack("data.tar.xz", {"Other.sf2": CONTENT}), "the package fetched holds no Small.sf2"),
        (pack("data.tar.xz", {"Small.sf2": 999 * CONTENT})[:-40], "the package fetched is damaged"),
        (pack("data.tar.zst", {}).replace(b"7zXZ", b"none"), "the package fetched is damaged"),
        (b"<html>not a package</html>", "the package fetched holds no Small.sf2"),
        (None, "cannot be fetched .*404"),
    ],
)
def test_fetching_something_else_is_refused(
    archive: Path, tmp_path: Path, package: bytes | None, message: str
) -> None:
    if package is not None:
        (archive / "small.deb").write_bytes(package)
    write_list(tmp_path, address=(archive / "address").read_text())
    with pytest.raises(StimulusError, match=f"(?s)Small is missing: .*{message}.*sudo apt-get install"):
        find_soundfont("Small", folder=tmp_path)
    assert not (tmp_path / "Small.sf2").exists()


def test_folder_for_fetched_soundfonts_that_cannot_be_written_is_named(archive: Path, tmp_path: Path) -> None:
    (archive / "small.deb").write_bytes(pack("data.tar.xz", {"Small.sf2": CONTENT}))
    place = tmp_path / "place"
    place.write_text("a file where the folder should be")
    address = (archive / "address").read_text()
    with pytest.raises(StimulusError, match=r"place cannot be written"):
        download_soundfont(address, "Small.sf2", sha256_bytes(CONTENT), place)
