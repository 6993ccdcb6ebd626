"""`study analyze` as a person types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli import analyze
from study_core.cli import COMMANDS, main
from study_core.folders import DataFolders
from tests.analysis.made import make_export

GENGAP = "participant_id=participant,clip_id=item,system=is_generated,judged_generated=said_generated"


@pytest.fixture
def study(tmp_path: Path) -> list[str]:
    """Give the options of a study with an export in its data folder."""
    (tmp_path / "config.yaml").write_text("title: A made study\n", encoding="utf-8")
    export = DataFolders(tmp_path / "data").responses
    export.parent.mkdir(parents=True)
    make_export().to_csv(export, index=False)
    return ["--config", str(tmp_path / "config.yaml")]


def test_without_a_table_the_export_becomes_the_report(
    study: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*study, "analyze"])
    page = tmp_path / "data" / "report" / "report.html"
    assert capsys.readouterr().out == f"Report: {page}\n"
    assert "<h1>A made study</h1>" in page.read_text(encoding="utf-8")


def test_somebody_elses_table_gives_the_published_numbers(
    study: list[str], tmp_path: Path, gengap_csv: Path
) -> None:
    output = tmp_path / "theirs"
    options = ["--human-system", "0", "--columns", GENGAP, "--output", str(output), "--no-pdf"]
    main([*study, "analyze", str(gengap_csv), *options])
    findings = json.loads((output / "numbers.json").read_text(encoding="utf-8"))["with_exclusions"]
    assert findings["accuracy"]["correct"]["value"] == pytest.approx(0.870089285714)
    assert findings["generators"][0]["fooling"]["rate"]["value"] == pytest.approx(0.151488095238)
    assert findings["generators"][0]["detection"]["d_prime"]["value"] == pytest.approx(2.265512379)
    assert "<h1>trials</h1>" in (output / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "columns", ["participant_id", "participant_id=", "who=subject", "clip_id=a,clip_id=b", ""]
)
def test_columns_that_are_no_mapping_are_refused_in_words(
    study: list[str], columns: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*study, "analyze", "--columns", columns])
    assert stopped.value.code == 2
    assert "is not OURS=THEIRS with OURS, once each, of participant_id, clip_id" in capsys.readouterr().err


def test_the_list_of_commands_says_what_the_command_says() -> None:
    assert (analyze.help or "").splitlines()[0] == COMMANDS["analyze"][2]


def test_help_loads_no_heavy_library() -> None:
    heavy = {"pandas", "matplotlib", "scipy", "pandera", "jinja2", "weasyprint"}
    script = (
        "import sys\n"
        "from study_core.cli import cli\n"
        "cli.main(['analyze', '--help'], standalone_mode=False)\n"
        f"print(sorted({heavy!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_whole_report_loads_neither_tensorflow_nor_flask(study: list[str]) -> None:
    script = (
        "import sys\n"
        "from study_core.cli import main\n"
        f"main({[*study, 'analyze', '--no-pdf']!r})\n"
        "print(sorted({'tensorflow', 'keras', 'flask', 'matplotlib.pyplot'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
