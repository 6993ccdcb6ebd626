"""The rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

PACKAGES = ("study_core", "models", "synthesis", "study_server", "analysis")
REPOSITORY = Path(__file__).parent.parent
SOURCES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_small_and_shows_at_most_ten_public_names(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    public = [name for name in defined if not name.startswith("_")]
    allowed = 20 if path.name == "config.py" else 10  # a class per section
    assert len(public) <= allowed, public
    assert line_count(path) <= 400


def test_no_file_is_named_after_nothing() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in {"utils", "helpers", "common", "misc"}] == []


def test_templates_and_scripts_stay_small() -> None:
    templates = sorted(REPOSITORY.glob("study_server/templates/**/*.html"))
    assert [name_of(path) for path in templates if line_count(path) > 80] == []
    scripts = sorted(REPOSITORY.glob("study_server/static/**/*.js"))
    assert [name_of(path) for path in scripts if line_count(path) > 200] == []
    participants = [path for path in scripts if path.parent.name != "desk"]
    assert sum(path.stat().st_size for path in participants) < 20_000  # what all their pages together load


def test_the_package_that_shadows_pyfluidsynth_is_not_locked() -> None:
    locked = re.findall(
        r'^name = "(.+)"$', (REPOSITORY / "uv.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert "pyfluidsynth" in locked
    assert "fluidsynth" not in locked


def test_no_music_soundfont_or_audio_is_committed_without_its_licence() -> None:
    sounding = {".mid", ".midi", ".sf2", ".sf3", ".mp3", ".wav", ".flac", ".ogg"}
    folders = [REPOSITORY / name for name in (*PACKAGES, "tests", "docs", "benchmarks")]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in sounding]
    assert [name_of(path) for path in found] == []
