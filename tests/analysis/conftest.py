"""Judgments to analyze: a public data set, and small made tables."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from analysis.responses import Responses, read_responses
from tests.analysis.made import make_export

GENGAP = Path(__file__).parent / "gengap2024" / "trials.csv.gz"
GENGAP_COLUMNS = {
    "participant_id": "participant",
    "clip_id": "item",
    "system": "is_generated",
    "judged_generated": "said_generated",
}


@pytest.fixture(scope="session")
def gengap_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the public trials of the 112 attentive people as a CSV file in its authors' columns."""
    lines = gzip.decompress(GENGAP.read_bytes()).decode().splitlines()
    kept = [lines[0], *(line for line in lines[1:] if line.endswith(",1"))]
    path = tmp_path_factory.mktemp("gengap") / "trials.csv"
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def gengap(gengap_csv: Path) -> Responses:
    return read_responses(gengap_csv, GENGAP_COLUMNS, "0")


@pytest.fixture
def export() -> pd.DataFrame:
    """Give a made export: 12 simulated listeners, 8 trials each, columns as `study export` writes them."""
    return make_export()
