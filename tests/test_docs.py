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
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_command_that_a_document_names_exists() -> None:
    documents = [*DOCUMENTS, REPOSITORY / "config.yaml", REPOSITORY / "data/README.md"]
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents)
    named = set(re.findall(r"(?:^|`)study ([a-z]+)", text, re.MULTILINE))
    assert {"prepare", "serve", "config"} <= named
    assert named - set(COMMANDS) == set()
