"""The page on the data set says what the code says, and its examples run on a data set."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from study_server.dataset.codebook import render_dictionary
from study_server.study import Study
from tests.study_server.exporting import export
from tests.study_server.listener import Participant

PAGE = Path(__file__).parents[2] / "docs/data-dictionary.md"
COMMANDS = {"python": (sys.executable, "-c"), "r": ("Rscript", "-e")}
COUNT = {"python": "print(len(everything))", "r": "cat(nrow(everything))"}


def test_the_page_has_every_table_and_column_as_the_code_has_them() -> None:
    assert render_dictionary() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["python", "r"])
def test_the_pages_examples_run(app: Flask, study: Study, language: str) -> None:
    command = COMMANDS[language]
    if shutil.which(command[0]) is None:
        pytest.skip("R is not installed")
    Participant(app).finish()
    folder = export(study)
    block = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    script = f"{block[1]}\n{COUNT[language]}"
    printed = subprocess.run([*command, script], cwd=folder, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "8"


def test_columns_of_one_paradigm_say_so() -> None:
    assert (
        "| `rating` | whole number, 1 or more | (Only rating.) The rating of the clip" in render_dictionary()
    )
