"""What the documents name exists."""

import re
from pathlib import Path

import pytest

from study_core.cli import COMMANDS

REPOSITORY = Path(__file__).parent.parent
RULES = (REPOSITORY / "docs/rules.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(REPOSITORY.glob("*.md")), *sorted(REPOSITORY.glob("docs/**/*.md"))]


def test_each_of_the_nine_rules_names_tests_that_exist() -> None:
    rules = re.split(r"^\d\. ", RULES, flags=re.MULTILINE)[1:]
    assert len(rules) == 9
    for rule in rules:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", rule)
        assert len(named) == rule.count("::") > 0, rule
        for file, test in named:
            assert f"def {test}(" in (REPOSITORY / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_and_pictures_lead_to_files_that_are_here(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#]+)", text) + re.findall(r'<img src="([^"]+)"', text)
    targets = [target for target in named if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_to_a_part_of_a_page_lead_to_a_heading_of_it(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text(encoding="utf-8"))
    pages = [(document.parent / file if file else document, part) for file, part in links]
    assert [(page.name, part) for page, part in pages if part not in list_headings(page)] == []


def list_headings(page: Path) -> set[str]:
    """Return the names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_test_that_a_document_names_exists() -> None:
    for document in DOCUMENTS:
        for file, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", document.read_text(encoding="utf-8")):
            assert f"def {test}(" in (REPOSITORY / file).read_text(encoding="utf-8"), (document.name, test)


def test_every_page_stands_in_the_index() -> None:
    index = (REPOSITORY / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if page not in index] == []


def test_every_command_that_a_document_names_exists() -> None:
    documents = [*DOCUMENTS, REPOSITORY / "config.yaml", REPOSITORY / "data/README.md"]
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents)
    named = set(re.findall(r"(?:^|`)study ([a-z]+)", text, re.MULTILINE))
    assert {"prepare", "serve", "config"} <= named
    assert named - set(COMMANDS) == set()
