"""The study's secrets stay the same, stay private and tell nothing."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from study_core.secret import load_secret, opaque_id


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_secret(tmp_path / "secrets")
    assert load_secret(tmp_path / "secrets") == first
    assert len(first) == 64
    assert stat.S_IMODE((tmp_path / "secrets/key").stat().st_mode) == 0o600


def test_a_secret_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync, link = os.fsync, os.link

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    def link_synced(draft: str, path: Path) -> None:
        assert synced == [65]
        link(draft, path)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "link", link_synced)
    assert len(load_secret(tmp_path)) == 64


def test_two_secrets_differ(tmp_path: Path) -> None:
    assert load_secret(tmp_path, "a") != load_secret(tmp_path, "b")
    assert load_secret(tmp_path / "other", "a") != load_secret(tmp_path, "a")


def test_many_first_users_at_once_get_one_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(load_secret(tmp_path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_secret_that_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import resource, signal; from pathlib import Path; from study_core.secret import load_secret\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))\n"  # a disk with room for eight bytes
        f"load_secret(Path({str(tmp_path)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_opaque_id_is_stable_and_depends_on_the_key_and_the_parts() -> None:
    assert opaque_id("key", "stimulus", "lstm-1") == opaque_id("key", "stimulus", "lstm-1")
    assert len({opaque_id(key, part) for key in "ab" for part in "cd"}) == 4
