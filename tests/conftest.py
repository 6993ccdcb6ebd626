"""What every test may use."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the `study` command does, before NumPy is loaded
REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the checkout's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def pokemon_dir() -> Path:
    """Return the folder of the 307 real MIDI files; skip the test where they are not here."""
    folder = Path(os.environ.get("STUDY_POKEMON_DIR", REPOSITORY.parent / "shared/corpora/pokemon-midis"))
    if not folder.is_dir():
        pytest.skip("the Pokémon corpus is not here; set STUDY_POKEMON_DIR")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return headless Chromium, which lives as long as a file of tests; skip them where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()
