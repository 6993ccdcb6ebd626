"""How commands speak while they work."""

import io
import logging
import sys

import pytest

from study_core import console


def test_a_log_file_gets_a_line_now_and_then_and_one_at_the_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 600, 6))
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO), console.show_progress("Training", 7) as bar:
        bar.describe("2.5 bits")
        for _ in range(7):
            bar.advance()
    lines = [record.message for record in caplog.records]
    assert lines[-1] == "Training: 7 of 7 2.5 bits"
    assert 1 < len(lines) < 7


def test_a_terminal_gets_a_bar_with_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with console.show_progress("Training", 3) as bar:
        bar.describe("2.5 bits")
        bar.advance(3)
    assert "Training" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert "2.5 bits" in terminal.getvalue()
