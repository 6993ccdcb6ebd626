"""A cell is read as what was written: by us, by pandas, by R and by a spreadsheet's rules."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas._libs.parsers import STR_NA_VALUES

from study_server.dataset.cells import FORMATS, READERS, clean_text

MISTAKABLE = (
    *("007", "1", "-1", "1.5", "1e5", "12e345", "0x1F", "1,234", "$5", "5%", "12:30", "12:30 pm", "3+2i"),
    *("3-4", "1/2", "2026-11-23", "3 Mar", "MAR1", "Sept 5, 2026", "NA", "nan", "None", "NULL", "TRUE", "F"),
    *("Infinity", "INF", "1.#IND", "#N/A N/A", "nAn", "iNf"),
    *("=1+1", "+1", "-x", "@SUM(A1)", "\uff1d1", "'quoted", "1e999", ".5", "Inf"),
)
PLAIN = ("human", "lstm-0004", "3f2a9c", "p 12 of it", "may", "marching on", "zh-Hans", "25_34", "Ré ♭")
NEEDS_R = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")


@pytest.mark.parametrize("text", MISTAKABLE)
def test_a_text_that_could_be_taken_for_something_else_is_marked(text: str) -> None:
    assert FORMATS["text"](text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert FORMATS["text"](text) == text


@given(st.text())
def test_a_text_is_read_as_it_was_cleaned(text: str) -> None:
    cell = FORMATS["text"](text)
    assert READERS["text"](cell) == clean_text(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert "\n" not in cell
    assert "\r" not in cell


@given(st.text())
def test_an_answer_is_read_as_it_was_cleaned(text: str) -> None:
    assert READERS["answer"](FORMATS["answer"](text)) == clean_text(text)


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])), min_size=1))
def test_a_column_of_texts_is_text_for_pandas(texts: list[str]) -> None:
    cells = [cell for cell in map(FORMATS["text"], texts) if cell]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["id"], *([cell] for cell in cells)])
    read = pd.read_csv(io.StringIO(file.getvalue()))["id"]
    assert read.tolist() == cells


@pytest.mark.parametrize("word", sorted({*STR_NA_VALUES, "inf", "infinity", "true"} - {""}))
def test_no_word_of_pandas_beside_numbers_is_taken_for_one(word: str) -> None:
    for written in {word, word.upper(), word.lower(), word.title()}:
        file = io.StringIO(f"answer\n1\n{FORMATS['answer'](written)}\n")
        assert pd.read_csv(file)["answer"].tolist() == ["1", f"'{written}"]


@NEEDS_R
def test_each_mistakable_text_alone_is_text_for_r(tmp_path: Path) -> None:
    with (tmp_path / "cells.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"c{i}" for i in range(len(MISTAKABLE))])
        writer.writerow([FORMATS["text"](text) for text in MISTAKABLE])
    ask = 'cat(unique(sapply(read.csv("cells.csv", encoding = "UTF-8"), class)))'
    assert (
        subprocess.run(
            ["Rscript", "-e", ask], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        == "character"
    )


def test_an_answer_may_be_a_whole_number() -> None:
    assert [FORMATS["answer"](text) for text in ("3", "-12", "03", "1/2", "piano;voice")] == [
        "3",
        "-12",
        "'03",
        "'1/2",
        "piano;voice",
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_to_the_last_bit(value: float) -> None:
    assert READERS["number"](FORMATS["number"](value)) == value


def test_nothing_is_an_empty_cell_of_every_kind() -> None:
    assert {kind: form(None) for kind, form in FORMATS.items()} == dict.fromkeys(FORMATS, "")
    assert {kind: read("") for kind, read in READERS.items()} == dict.fromkeys(READERS, None)
    assert clean_text(" \t\n ") is None
