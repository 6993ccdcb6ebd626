"""An independent look at every byte that a browser receives from the real server in a session.

Nothing here asks the app what it means to send: replies are taken from the wire, and what the systems'
replies differ in is searched for, in headers, their order, names, sizes, times and the audio's own bytes.
"""

import dataclasses
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from study_core.config import Config
from study_core.manifest import read_manifest, sha256_bytes, write_manifest
from study_core.types import Stimulus
from tests.study_server.made_study import make_config
from tests.study_server.watched import Browser, WatchedServer

VARYING = {"etag", "date", "x-request-id", "content-length"}
"""Headers that differ from reply to reply; what they hold is looked at apart."""
N_SESSIONS = 3


@pytest.fixture(scope="module")
def heard(
    tmp_path_factory: pytest.TempPathFactory, stimuli_folder: Path
) -> Iterator[tuple[Config, list[Browser]]]:
    """Return a study in both formats and what browsers received of it in some sessions."""
    folder = tmp_path_factory.mktemp("heard")
    shutil.copytree(stimuli_folder, folder / "stimuli")
    add_opus(folder / "stimuli")
    config = make_config(folder)
    with WatchedServer(config) as server:
        browsers = [Browser(server.url) for _ in range(N_SESSIONS)]
        for browser in browsers:
            browser.go_through()
        yield config, browsers
        for browser in browsers:
            browser.client.close()


def add_opus(folder: Path) -> None:
    """Give every stimulus a second file of one size, as a constant rate does."""
    rows = []
    for row in read_manifest(folder / "stimuli.csv", Stimulus):
        sound = b"OggS" + sha256_bytes(row.stimulus_id.encode()).encode() * 500
        (folder / row.stimulus_file).with_suffix(".opus").write_bytes(sound)
        rows.append(dataclasses.replace(row, opus_sha256=sha256_bytes(sound)))
    write_manifest(folder / "stimuli.csv", rows)


def list_sounds(config: Config, browsers: list[Browser]) -> list[tuple[str, Stimulus, httpx.Response]]:
    """Return every sound received with its format and the stimulus it is."""
    rows = read_manifest(config.folders.stimuli / "stimuli.csv", Stimulus)
    known = {row.stimulus_sha256: ("mp3", row) for row in rows} | {
        row.opus_sha256: ("opus", row) for row in rows
    }
    sounds = [
        reply
        for browser in browsers
        for reply in browser.replies
        if reply.request.url.path.startswith("/audio/")
    ]
    return [(*known[sha256_bytes(reply.content)], reply) for reply in sounds]


def test_every_clip_comes_in_both_formats_and_the_page_offers_opus_first(
    heard: tuple[Config, list[Browser]],
) -> None:
    config, browsers = heard
    formats = defaultdict(set)
    for kind, row, _ in list_sounds(config, browsers):
        formats[row.stimulus_id].add(kind)
    assert len(formats) > 8
    assert set(map(frozenset, formats.values())) == {frozenset({"opus", "mp3"})}
    assert 'data-formats="opus mp3"' in browsers[0].trials[0][0].text


def test_no_byte_names_a_system_a_stimulus_a_clip_a_piece_or_a_file(
    heard: tuple[Config, list[Browser]],
) -> None:
    config, browsers = heard
    secrets = {"lstm", "gan"}
    for row in read_manifest(config.folders.stimuli / "stimuli.csv", Stimulus):
        secrets |= {
            row.stimulus_id,
            row.clip_id,
            row.stimulus_file,
            row.piece_id,
            row.song_cluster,
            row.clip_file,
        }
        secrets |= {row.stimulus_sha256, row.opus_sha256, row.clip_sha256, row.checkpoint_sha256}
    wanted = re.compile(
        rb"\b(" + b"|".join(re.escape(s.encode()) for s in secrets if s) + rb")\b", re.IGNORECASE
    )
    for browser in browsers:
        for reply in browser.replies:
            raw = b"\n".join(name + b": " + value for name, value in reply.headers.raw)
            for part in (str(reply.request.url).encode(), raw, reply.content):
                assert not wanted.search(part), (reply.request.url, wanted.search(part))


@pytest.mark.parametrize("kind", ["mp3", "opus"])
def test_headers_of_sounds_are_the_same_for_all_systems_in_the_same_order(
    kind: str, heard: tuple[Config, list[Browser]]
) -> None:
    shapes = defaultdict(set)
    for found, row, reply in list_sounds(*heard):
        if found == kind:
            shapes[row.system].add(
                tuple(
                    (name, b"" if name.decode().lower() in VARYING else value)
                    for name, value in reply.headers.raw
                )
            )
    assert set(shapes) == {"human", "lstm", "gan"}
    assert len(set.union(*shapes.values())) == 1


@pytest.mark.parametrize("kind", ["mp3", "opus"])
def test_names_and_tags_of_sounds_are_of_one_shape_and_new_in_every_session(
    kind: str, heard: tuple[Config, list[Browser]]
) -> None:
    names = defaultdict(list)
    for found, row, reply in list_sounds(*heard):
        if found == kind:
            name = reply.request.url.path.removeprefix("/audio/").removesuffix(f".{kind}")
            assert re.fullmatch("[0-9a-f]{32}", name)
            assert reply.headers["etag"] == f'"{name}"'
            assert "last-modified" not in reply.headers
            names[row.stimulus_id].append(name)
    assert max(map(len, names.values())) > 1
    assert all(len(set(found)) == len(found) for found in names.values())


def test_sizes_of_sounds_do_not_tell_systems_apart(heard: tuple[Config, list[Browser]]) -> None:
    sizes = defaultdict(set)
    for kind, row, reply in list_sounds(*heard):
        sizes[row.system, kind].add(len(reply.content))
    for kind in ("mp3", "opus"):
        assert sizes["human", kind] == sizes["lstm", kind] == sizes["gan", kind]


def test_files_carry_no_tags(heard: tuple[Config, list[Browser]]) -> None:
    for kind, _, reply in list_sounds(*heard):
        if kind == "mp3":
            assert not re.search(rb"ID3|TAG.{30}|Lavf|Lavc|APETAG", reply.content)


def test_ids_tell_no_order(heard: tuple[Config, list[Browser]]) -> None:
    """Ids in the order of the trials are no sorted, counted or time-stamped numbers."""
    for browser in heard[1]:
        ids = [int(own[0].request.url.path.rsplit("/", 1)[1], 16) for own in browser.trials]
        assert ids != sorted(ids)
        prefixes = {found >> 96 for found in ids}
        assert len(prefixes) == len(ids)


def test_pages_of_trials_differ_in_ids_and_numbers_only(heard: tuple[Config, list[Browser]]) -> None:
    pages = {
        re.sub(r'[0-9a-f]{32}|(?<=name="csrf_token" value=")[^"]+|\b\d+\b', "#", own[0].text)
        for browser in heard[1]
        for own in browser.trials[:-1]  # the last one's button says so
    }
    assert len(pages) == 1


def test_what_is_static_is_one_for_everybody(heard: tuple[Config, list[Browser]]) -> None:
    bodies = defaultdict(set)
    for browser in heard[1]:
        for reply in browser.replies:
            if reply.request.url.path.startswith(("/static/", "/volume.wav")):
                bodies[reply.request.url.path].add(sha256_bytes(reply.content))
    assert len(bodies) > 2
    assert all(len(found) == 1 for found in bodies.values())
