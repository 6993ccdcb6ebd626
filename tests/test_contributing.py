"""CONTRIBUTING.md is walked in a copy of the project: what it says to change is changed, and works."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
GUIDE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = r"\s*```\w+\n(?P<block>.*?)```"
NEW = re.compile(rf"New file `(?P<file>[^`]+)`:{BLOCK}", re.DOTALL)
BELOW = re.compile(rf"[Ii]n\s+`(?P<file>[^`]+)`,\s+below `(?P<line>[^\n`]+)`:{BLOCK}", re.DOTALL)
BECOMES = re.compile(r"[Ii]n\s+`(?P<file>[^`]+)`,\s+`(?P<old>[^\n`]+)` becomes\s+`(?P<new>[^\n`]+)`")


def read_way(title: str) -> str:
    return GUIDE.split(f"## {title}\n")[1].split("\n## ")[0]


def walk(way: str, project: Path) -> None:
    """Make the changes that a part of the guide asks for; each place must be there exactly once."""
    for new in NEW.finditer(way):
        (project / new["file"]).write_text(new["block"], encoding="utf-8")
    for below in BELOW.finditer(way):
        replace(project / below["file"], f"{below['line']}\n", f"{below['line']}\n{below['block']}")
    for becomes in BECOMES.finditer(way):
        replace(project / becomes["file"], becomes["old"], becomes["new"])


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} has {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("study_core", "study_server", "analysis", "tests"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def run(project: Path, code: str) -> str:
    """Run Python in the copy; the copy's folders come before the project's."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_way_to_a_new_figure_leads_into_the_report(project: Path) -> None:
    walk(read_way("Add a figure"), project)
    run(
        project,
        """
from pathlib import Path
from analysis.findings import study_responses
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from tests.analysis.made import make_export
make_export().to_csv("responses.csv", index=False)
study = study_responses(read_responses(Path("responses.csv")), AnalysisConfig())
write_report(study, Path("report"), "Walk", pdf=False)
""",
    )
    page = (project / "report" / "report.html").read_text(encoding="utf-8")
    assert "Listeners judged 8 to 8 clips." in page
    assert (project / "report" / "figure-trials.svg").exists()


def test_the_way_to_a_new_type_of_question_leads_to_answers(project: Path) -> None:
    walk(read_way("Add a type of question"), project)
    said = run(
        project,
        """
from study_core.participation import QuestionsConfig
from study_server.questions import list_pages
asked = {"id": "first", "type": "year", "ask": "Your first Pokémon game was in which year?"}
config = QuestionsConfig.model_validate({"before": ["first"], "own": [asked]}, strict=False)
question = list_pages(config, "before")[0].questions[0]
print(question.read(["1998"]), question.read(["98"]), question.read(["²998"]))
""",
    )
    assert said.split() == ["1998", "None", "None"]


def test_the_way_to_a_new_language_leads_to_pages_in_it(project: Path) -> None:
    way = read_way("Add a language")
    walk(way, project)
    for source, copy in re.findall(r"`(\S+)` to\s+`(\S+)`", way):
        text = (project / source).read_text(encoding="utf-8")
        (project / copy).write_text(text.replace("Language: es", "Language: fr"), encoding="utf-8")
    said = run(
        project,
        """
from study_server import i18n
from study_server.documents import FOLDER
print(i18n.LANGUAGES["fr"].own_name, i18n.load_catalog("fr").messages["(optional)"].forms[0])
print(sorted(path.name for path in FOLDER.glob("fr.md")))
""",
    )
    assert said.splitlines() == ["Français (opcional)", "['fr.md']"]


def test_the_places_that_a_new_system_is_added_at_are_there() -> None:
    named = re.findall(r"`(\w+)` of\s+`([\w/]+\.py)`", read_way("Add a system"))
    assert len(named) == 2
    for name, file in named:
        assert re.search(rf"^(def )?{name}\b", (REPOSITORY / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_file_that_the_guide_names_is_there() -> None:
    made = {"analysis/figures/trials.py", "study_server/translations/fr.po", "study_server/consent/fr.md"}
    named = set(
        re.findall(r"`((?:study_core|study_server|models|synthesis|analysis|tests|docs)/[^`\s]+)`", GUIDE)
    )
    assert [path for path in sorted(named - made) if not list(REPOSITORY.glob(path))] == []
