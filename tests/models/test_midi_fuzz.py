"""Damaged files by the hundred; `benchmarks/midi_fuzz.py` does ten thousand."""

import importlib
import os
import subprocess
import sys
from types import ModuleType

import pytest

from tests.models.conftest import REPOSITORY


@pytest.fixture
def midi_fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the fuzzer; the processes that it starts find it too."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    return importlib.import_module("midi_fuzz")


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
def test_damaged_files_become_music_or_are_refused_in_time_and_memory(count: int) -> None:
    command = [sys.executable, "benchmarks/midi_fuzz.py", "--count", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count:,} files, damaged" in done.stdout
    assert " music\n" in done.stdout
    assert " refused\n" in done.stdout


def die(data: bytes) -> int:
    if len(data) > 2:
        os.abort()
    return 0


def stumble(data: bytes) -> int:
    return len(data) // 0


def test_the_fuzzer_sees_a_reader_that_dies(midi_fuzz: ModuleType) -> None:
    cases = list(midi_fuzz.run_cases([b"333", b"22", b"1"] * 4, 1, 100, die))
    assert 0 < len(cases) < 100


def test_the_fuzzer_sees_another_exception_and_what_takes_too_long_or_too_much(midi_fuzz: ModuleType) -> None:
    (case,) = midi_fuzz.run_cases([b"MThd"] * 9, 1, 1, stumble)
    assert (case.outcome, case.failed) == ("ZeroDivisionError", True)
    assert not midi_fuzz.Case(0, "music", "", 1.9, 900).failed
    assert midi_fuzz.Case(0, "music", "", 2.1, 900).failed
    assert midi_fuzz.Case(0, "refused", "", 1.9, 1100).failed
