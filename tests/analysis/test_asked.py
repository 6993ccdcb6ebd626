"""Studies of pairs and of ratings, and answers in grades or with a sign, from the file to the report."""

import json
from pathlib import Path

import numpy as np
import pytest

from study_core.cli import main
from tests.analysis.reading import message, read
from tests.analysis.rich import make_pairs, make_ratings

PAIR_HEADER = "participant_id,clip_id,system,second_clip_id,second_system,chose_first\n"
HEADER = "participant_id,clip_id,system,"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trials.csv"


def test_a_pair_counts_for_its_generated_clip_whichever_came_first(path: Path) -> None:
    text = PAIR_HEADER + "a,h1,human,g1,gan,1\nb,g1,gan,h1,human,1\nc,h1,human,g1,gan,0\n"
    responses = read(path, text)
    assert responses.paradigm == "pairs"
    table = responses.table
    assert table["clip_id"].tolist() == ["g1"] * 3
    assert table["human_clip_id"].tolist() == ["h1"] * 3
    assert table["system"].tolist() == ["gan"] * 3
    assert table["judged_human"].tolist() == [0, 1, 1]


def test_a_pair_was_heard_as_long_as_the_clip_of_it_that_was_heard_less(path: Path) -> None:
    header = PAIR_HEADER.replace("chose_first", "chose_first,heard_s,second_heard_s")
    text = header + "a,h1,human,g1,gan,1,9.5,1\nb,g1,gan,h1,human,1,2,9.5\nc,h1,human,g1,gan,0,5,\n"
    assert read(path, text).table["heard_s"].tolist() == [1, 2, 5]


def test_a_pair_without_one_human_clip_is_refused(path: Path) -> None:
    text = PAIR_HEADER + "a,g1,gan,l1,lstm,1\nb,h1,human,g1,gan,0\n"
    assert "1 of 2 pairs are not of one 'human' and one generated clip" in message(path, text)


def test_pairs_without_the_second_clip_name_the_missing_columns(path: Path) -> None:
    text = HEADER + "chose_first\na,h1,human,1\n"
    assert (
        "column 'second_clip_id' is missing; rename one, or `study analyze --columns second_clip_id=NAME`"
        in message(path, text)
    )


def test_grades_become_answers_and_confidence_and_the_middle_is_no_answer(path: Path) -> None:
    text = HEADER + "graded_answer\na,h1,human,5\na,g1,gan,1\nb,h1,human,3\nb,g1,gan,2\n"
    table = read(path, text, grades=5).table
    assert table["judged_human"].tolist()[:2] == [1, 0]
    assert table["confidence"].tolist() == pytest.approx([2, 2, np.nan, 1], nan_ok=True)
    assert table["no_answer"].tolist() == [None, None, "not sure", None]


def test_an_even_number_of_grades_has_no_middle(path: Path) -> None:
    text = HEADER + "graded_answer\na,h1,human,4\na,g1,gan,1\nb,h1,human,3\nb,g1,gan,2\n"
    table = read(path, text, grades=4).table
    assert table["judged_human"].tolist() == [1, 0, 1, 0]
    assert table["confidence"].tolist() == [2, 2, 1, 1]


def test_grades_must_be_counted_and_kept(path: Path) -> None:
    text = HEADER + "graded_answer\na,h1,human,5\nb,g1,gan,1\n"
    assert "how many grades there are must be said: `study analyze --grades NUMBER`; other" in message(
        path, text
    )
    assert "graded_answer: 5 in row 2 is above the highest grade, 4" in message(path, text, grades=4)


def test_confidence_beside_a_signed_answer_is_refused(path: Path) -> None:
    text = HEADER + "signed_confidence,confidence\na,h1,human,2,1\nb,g1,gan,-1,1\n"
    assert "signed_confidence holds the confidence; leave the column confidence out" in message(path, text)


def test_a_sign_is_the_answer_and_its_size_the_confidence(path: Path) -> None:
    text = HEADER + "signed_confidence\na,h1,human,30\na,g1,gan,-80\nb,h1,human,0\nb,g1,gan,5\n"
    table = read(path, text).table
    assert table["no_answer"].tolist() == [None, None, "not sure", None]
    assert table["confidence"].tolist() == pytest.approx([30, 80, np.nan, 5], nan_ok=True)


def test_words_in_place_of_an_answer_are_kept_apart(path: Path) -> None:
    text = HEADER + "judged_human\na,h1,human,1\na,g1,gan,not sure\nb,h1,human,I know it\nb,g1,gan,0\n"
    assert read(path, text).table["no_answer"].tolist() == [None, "not sure", "knew the tune", None]


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_the_command_reports_pairs_and_ratings(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("title: Asked otherwise\n", encoding="utf-8")
    table = make_pairs() if kind == "pairs" else make_ratings()
    table.to_csv(tmp_path / "mine.csv", index=False)
    output = tmp_path / "out"
    options = ["--config", str(tmp_path / "config.yaml"), "analyze", str(tmp_path / "mine.csv")]
    main([*options, "--output", str(output), "--no-pdf"])
    numbers = json.loads((output / "numbers.json").read_text(encoding="utf-8"))
    assert numbers["format"] == f"whos-that-composer/numbers-{kind}"
    page = (output / "report.html").read_text(encoding="utf-8")
    assert f'id="figure-{kind}"' in page
    if kind == "pairs":
        correct = numbers["with_exclusions"]["pairs"][0]["correct"]
        assert correct["low"] < 0.7 < correct["high"]
    assert {f"figure-{kind}.svg", f"figure-{kind}.png", f"table-{kind}.csv"} <= {
        p.name for p in output.iterdir()
    }
