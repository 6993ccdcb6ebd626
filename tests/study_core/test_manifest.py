"""Manifests and stamps: rows come back as they went, and a changed file is noticed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study_core.errors import StudyError
from study_core.manifest import (
    fingerprint,
    is_current,
    read_manifest,
    stamp_stage,
    write_bytes,
    write_manifest,
)
from study_core.types import Piece

CELL = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\x00"), max_size=20)


def piece(title: str = "Route 1", duration_s: float = 61.5) -> Piece:
    return Piece(
        piece_id="route-1",
        corpus="made",
        title=title,
        song_cluster="c1",
        split="test",
        piece_file="route.mid",
        piece_sha256="0" * 64,
        n_notes=12,
        duration_s=duration_s,
    )


@given(title=CELL, duration_s=st.floats(0, 1e6))
def test_rows_come_back_exactly_as_written(
    tmp_path_factory: pytest.TempPathFactory, title: str, duration_s: float
) -> None:
    path = tmp_path_factory.mktemp("manifest") / "pieces.csv"
    rows = [piece(), piece(title, duration_s)]
    write_manifest(path, rows)
    assert read_manifest(path, Piece) == rows


def test_a_missing_manifest_says_which_command_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"pieces\.csv is missing\. Run `study prepare`"):
        read_manifest(tmp_path / "pieces.csv", Piece)


def test_a_manifest_of_another_version_names_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "pieces.csv"
    write_manifest(path, [piece()])
    path.write_text(path.read_text().replace("title", "name", 1))
    with pytest.raises(StudyError, match=r"other columns than this version writes \(name, title\)"):
        read_manifest(path, Piece)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(b",12,", b",twelve,"), (b",12,61.5", b""), (b"route.mid", b"rout\xe9.mid"), (b"0,", b"0,,,,,,,,")],
    ids=["no number", "cut off", "no UTF-8", "too long"],
)
def test_a_manifest_that_was_damaged_says_where(tmp_path: Path, was: bytes, becomes: bytes) -> None:
    path = tmp_path / "pieces.csv"
    write_manifest(path, [piece()])
    path.write_bytes(path.read_bytes().replace(was, becomes))
    with pytest.raises(StudyError, match=r"pieces\.csv is damaged \(.+\)\. Put back a copy, or remove it"):
        read_manifest(path, Piece)


def test_an_empty_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="would be empty"):
        write_manifest(tmp_path / "pieces.csv", [])


def test_a_failed_write_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_bytes(path, b"old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, f"No space left for {self} as {target}")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_stage_is_current_until_its_inputs_or_files_change(tmp_path: Path) -> None:
    made = tmp_path / "a.txt"
    made.write_text("a")
    assert not is_current(tmp_path, "inputs")
    stamp_stage(tmp_path, "inputs", [made])
    assert is_current(tmp_path, "inputs")
    assert not is_current(tmp_path, "other inputs")
    made.write_text("b")
    assert not is_current(tmp_path, "inputs")
    made.unlink()
    assert not is_current(tmp_path, "inputs")


def test_a_stamp_cut_short_counts_as_none(tmp_path: Path) -> None:
    stamp_stage(tmp_path, "inputs", [])
    for cut in ('{"inputs": "inp', "[]", '{"inputs": "inputs", "outputs": []}'):
        (tmp_path / "stage.json").write_text(cut)
        assert not is_current(tmp_path, "inputs")


def test_fingerprints_depend_on_values_and_not_on_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
