"""What every test may use."""

import os
from pathlib import Path

import pytest

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
