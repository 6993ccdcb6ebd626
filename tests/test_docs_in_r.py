"""The page for analysts with R runs there, and finds what the report says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from study_core.cli import main
from tests.analysis.made import make_export

REPOSITORY = Path(__file__).parent.parent
BLOCKS = re.findall(r"```r\n(.*?)```", (REPOSITORY / "docs/analysis-in-r.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    """Return a data set's folder, as far as the page reads it."""
    folder = tmp_path / "export"
    (folder / "data").mkdir(parents=True)
    table = make_export().assign(is_excluded=0, passed_checks=1, trial_kind="main")
    table.to_csv(folder / "data/description-trials_data.csv", index=False)
    return folder


def run_in_r(folder: Path, script: str) -> str:
    """Return what a script prints; skip where R, or a package that it asks for, is not installed."""
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    done = subprocess.run(["Rscript", "-e", script], cwd=folder, capture_output=True, text=True, check=False)
    missing = re.search(r"there is no package called .(\w+)", done.stderr)
    if missing:
        pytest.skip(f"R has no {missing[1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_reads_a_data_set_and_leaves_out_what_the_default_config_does(data_set: Path) -> None:
    printed = run_in_r(data_set, BLOCKS[0])
    table = make_export()
    kept = table[table["session_status"].eq("finished") & ~table["knows_tune"].astype(bool)]
    kept = kept[~(kept["heard_s"] < 3)]
    shares = kept.groupby("system")["judged_human"].mean()
    assert {row.split()[1]: round(float(row.split()[2]), 4) for row in printed.splitlines()[1:]} == {
        system: round(share, 4) for system, share in shares.items()
    }


@pytest.mark.slow
def test_the_page_finds_in_r_what_the_report_says(data_set: Path) -> None:
    table = str(data_set / "data/description-trials_data.csv")
    report = str(data_set.parent / "report")
    main(["--config", str(REPOSITORY / "config.yaml"), "analyze", table, "--no-pdf", "--output", report])
    printed = run_in_r(data_set, "\n".join(BLOCKS))
    in_r = float(printed.split("generated")[1].split()[1])
    in_report = float(printed.splitlines()[-1].split()[1])
    assert in_r == pytest.approx(in_report, abs=1e-3)
