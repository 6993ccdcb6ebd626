"""The how-to pages, done as they stand, one after the other, on a small study of recordings."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.test_tutorial import BLOCK, Reader

DOCS = Path(__file__).parent.parent / "docs"
SAMPLE_RATE_HZ, DURATION_S = 22050, 6


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Return somebody with a folder of recordings of two systems."""
    chance = np.random.default_rng(3)
    times_s = np.arange(DURATION_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    for system in ("human", "suno"):
        for index in range(12):
            path = tmp_path / "songs" / system / f"{index}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            tone = np.sin(2 * np.pi * chance.uniform(200, 600) * times_s) * np.exp(-(times_s % 0.7))
            soundfile.write(path, 0.3 * tone + 0.002 * chance.normal(size=tone.size), SAMPLE_RATE_HZ)
    reader = Reader(tmp_path)
    yield reader
    reader.close()


def list_lines(page: str) -> Iterator[str]:
    """Yield the lines of a page's blocks, indented ones too."""
    for block in BLOCK.findall(re.sub(r"^ +", "", (DOCS / page).read_text("utf-8"), flags=re.MULTILINE)):
        yield from block.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_pages_lead_from_recordings_to_a_copy_and_a_new_version(reader: Reader) -> None:
    home = reader.folder
    for line in list_lines("own-audio.md"):
        reader.do(line)
    assert "Ready" in reader.said
    reader.do("study serve --port 8123")
    reader.do("study simulate --participants 6 --url http://127.0.0.1:8123")
    reader.do("study export --simulated --zip data-set.zip")
    reader.do("study --data-dir replication import data-set.zip")  # docs/data-dictionary.md
    for line in list_lines("data-protection.md"):
        if "forget" not in line:  # nobody has that code
            reader.do(line)
    for line in list_lines("compare.md"):
        reader.do(re.sub(r"(pilot|replication|first|second)/data", "data", line))
    assert "Comparison: " in reader.said
    reader.close()
    reader.folder = home
    for line in list_lines("new-version.md"):
        reader.do(line.replace("--from first", "--from mine"))
    assert "Ready" in reader.said
