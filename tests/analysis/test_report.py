"""The report: complete in itself, the same bytes each time, and never a number without its meaning."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.cues import read_features
from analysis.figures import DRAWINGS
from analysis.figures.listeners import expect_guessing
from analysis.findings import Study, find, study_responses
from analysis.keys import KEYS
from analysis.readings import answer, read_exclusions
from analysis.report import write_report
from analysis.responses import read_responses
from study_core.config import AnalysisConfig
from tests.analysis.made import make_export, make_judgments, simulate_study
from tests.analysis.rich import make_features, make_rich, write_rich

TABLES = (
    "clips",
    "confidence",
    "contrasts",
    "cues",
    "exclusions",
    "factors",
    "influence",
    "learning",
    "listeners",
    "methods",
    "moderators",
    "reasons",
    "specifications",
    "systems",
    "variance",
    "variants",
)
FILES = [
    *(f"figure-{name}.{kind}" for name in sorted(DRAWINGS) for kind in ("png", "svg")),
    "numbers.json",
    "report.html",
    "report.pdf",
    *(f"table-{name}.csv" for name in TABLES),
]
MIXED = [[1, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1]]


def study_of(table: pd.DataFrame, folder: Path, config: AnalysisConfig | None = None) -> Study:
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "responses.csv", index=False)
    return study_responses(read_responses(folder / "responses.csv"), config or AnalysisConfig())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """Give a study in which everything happens, of simulated listeners, and the folder of its report."""
    folder = tmp_path_factory.mktemp("made")
    table = make_rich(listeners=24, clips=12)
    config = AnalysisConfig()
    path, asked = write_rich(folder, table), {"moderators": config.moderators, "factors": ("headphones",)}
    responses = read_responses(path, **asked)
    make_features(table).to_csv(folder / "features.csv", index=False)
    study = study_responses(responses, config)
    features = read_features(folder / "features.csv")
    write_report(study, folder / "report", "A made study", features=features)
    return study, folder / "report"


def text_of(page: Path) -> str:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return " ".join(soup.get_text(" ").split())


def test_the_report_comes_with_numbers_tables_and_figures(made: tuple[Study, Path]) -> None:
    assert sorted(file.name for file in made[1].iterdir()) == FILES


def test_the_page_asks_nothing_of_any_network(made: tuple[Study, Path]) -> None:
    page = (made[1] / "report.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r"[a-z]+://[^\"' >)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not requests
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\((?!#)", page)
    assert all(
        target.startswith(("#", "data:image/png;base64,"))
        for target in re.findall(r'(?:href|src)="([^"]*)"', page)
    )


def test_figures_in_the_page_share_no_ids(made: tuple[Study, Path]) -> None:
    ids = re.findall(r'\bid="([^"]*)"', (made[1] / "report.html").read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids)) > 0


def test_the_same_judgments_give_the_same_bytes(made: tuple[Study, Path], tmp_path: Path) -> None:
    study, folder = made
    features = read_features(folder.parent / "features.csv")
    write_report(study, tmp_path, "A made study", features=features)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_page_starts_with_the_answer_and_holds_everything_declared(made: tuple[Study, Path]) -> None:
    study, folder = made
    text = text_of(folder / "report.html")
    assert "no part of the frozen plan: it was chosen after the plan was frozen" in text
    for generator in study.findings.generators:
        assert text.index(answer(generator, study)) < text.index("Methods")
    assert read_exclusions(study) in text
    look = "2026-03-02 1 12 a <talk> in March"
    for words in ("121", "minimum listening s 3", "ab" * 32, study.responses.sha256, "too narrow", look):
        assert words in text


def test_simulated_listeners_are_announced_and_people_are_not(
    made: tuple[Study, Path], tmp_path: Path
) -> None:
    assert text_of(made[1] / "report.html").startswith("A made study: report Simulated listeners")
    assert "Simulated listeners" in (made[1] / "figure-fooling.svg").read_text(encoding="utf-8")
    study = study_of(make_export().assign(is_simulated=0), tmp_path)
    page = write_report(study, tmp_path, "People", pdf=False)
    assert "Simulated" not in page.read_text(encoding="utf-8")
    assert "Simulated" not in (tmp_path / "figure-fooling.svg").read_text(encoding="utf-8")


def test_every_key_of_the_numbers_is_documented(made: tuple[Study, Path]) -> None:
    numbers = json.loads((made[1] / "numbers.json").read_text(encoding="utf-8"))
    free = numbers.pop("people").keys() | numbers.pop("declared").keys()
    assert numbers.pop("keys") == KEYS
    assert free >= {"arrived", "equivalence_bound"}
    assert keys_of(numbers) | {"people", "declared", "keys"} == set(KEYS)


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys_of(item) for item in value.values()))
    return set().union(*(keys_of(item) for item in value)) if isinstance(value, list) else set()


def test_tables_agree_with_the_findings(made: tuple[Study, Path]) -> None:
    study, folder = made
    systems = pd.read_csv(folder / "table-systems.csv")
    assert systems["fooling_system"].tolist() == ["human", "gan", "lstm"]
    rates = [study.findings.human, *(g.fooling for g in study.findings.generators)]
    assert systems["fooling_rate_value"].tolist() == pytest.approx([one.rate.value for one in rates])
    clips = pd.read_csv(folder / "table-clips.csv")
    assert clips["n_trials"].sum() == pd.read_csv(folder / "table-listeners.csv")["n_trials"].sum()
    assert clips["n_trials"].sum() == len(study.exclusions.kept)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({"human": MIXED, "gan": [[0] * 4] * 3}, 'all 12 judgments of gan clips were "computer"'),
        ({"human": [[1] * 4] * 3, "gan": [[0] * 4] * 3}, 'all 12 judgments of human clips were "human"'),
        ({"human": MIXED, "gan": [[1], [0], [1]]}, "there is only one gan clip"),
        ({"human": MIXED, "gan": [[1, 0, 1, 1]]}, "only one listener judged gan clips"),
    ],
)
def test_what_cannot_be_estimated_is_said_plainly(
    counts: dict[str, list[list[int]]], reason: str, tmp_path: Path
) -> None:
    page = write_report(study_of(make_judgments(counts), tmp_path), tmp_path, "Small", pdf=False)
    assert f"cannot be estimated because {reason}" in text_of(page)
    for file in tmp_path.iterdir():
        if file.suffix in (".html", ".json", ".csv", ".svg"):
            assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", file.read_text(encoding="utf-8")), file


def test_names_out_of_the_table_are_shown_as_they_are(tmp_path: Path) -> None:
    nasty = "<script>x</script> & $a_1$"
    study = study_of(make_judgments({"human": MIXED, nasty: MIXED}), tmp_path)
    page = write_report(study, tmp_path, nasty, pdf=False)
    assert "<script" not in page.read_text(encoding="utf-8")
    assert nasty in text_of(page)


def test_each_verdict_has_a_sentence_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The sentence needs the primary method only; the others take their time over 400 listeners.
    monkeypatch.setattr("analysis.findings.find_all", lambda table, config, _: find(table, config))
    rng = np.random.default_rng(1)

    def sentence(shares: dict[str, float], size: int, bound: float) -> str:
        trials = dict.fromkeys(shares, 20)
        table = simulate_study(rng, shares, listeners=size, clips=size, trials=trials, sd_clip=0.1)
        study = study_of(table, tmp_path, AnalysisConfig(equivalence_bound=bound))
        return answer(study.findings.generators[0], study)

    assert "so listeners told the two apart" in sentence({"human": 0.7, "gan": 0.3}, 40, 0.1)
    assert "more (" in sentence({"human": 0.3, "gan": 0.7}, 40, 0.1)
    assert "by a test of equivalence" in sentence({"human": 0.6, "gan": 0.6}, 400, 0.1)
    assert "though within the declared ±30 points" in sentence({"human": 0.7, "gan": 0.55}, 200, 0.3)
    assert "the study leaves open whether they differ" in sentence({"human": 0.6, "gan": 0.6}, 24, 0.01)


def test_guessing_is_expected_around_half_of_the_trials(made: tuple[Study, Path]) -> None:
    expected = expect_guessing(made[0].findings)
    listeners = made[0].findings.listeners
    assert expected.sum() == pytest.approx(len(listeners), abs=0.1)
    assert np.argmax(expected) == 10
    np.testing.assert_allclose(expected, expected[::-1])
