"""A study of ratings: nothing tells that computers compose before the end, and nothing is right or wrong."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.config import Config
from study_server.study import Study
from study_server.tables import Judgment, PracticeTrial
from tests.study_server.databases import BOTH
from tests.study_server.listener import FACTS, Participant
from tests.study_server.made_study import make_config

TELLING = re.compile(r"comput|machine|program|\bAI\b|human|artificial|person\b|people", re.IGNORECASE)


@pytest.fixture
def config(data_folder: Path) -> Config:
    """Return a study of eight ratings of 1 to 7 with a pause, two practice clips and an open question."""
    return make_config(
        data_folder,
        title="Piano pieces",
        trials={"paradigm": "rating", "rating_levels": 7, "break_after": 4},
        practice={"trials": 2},
        questions={"before": ["musical_training"], "after": ["gave_it_away"]},
    )


def go_to_ratings(app: Flask) -> Participant:
    """Return somebody at the first clip that counts."""
    participant = Participant(app)
    while not participant.path.startswith("/trial/"):
        if participant.path.startswith("/questions/"):
            items = {str(tag["name"]): "4" for tag in participant.page.select("input[type=radio]")}
            participant.send(items)
        else:
            participant.answer(agrees="1")
    return participant


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_ratings_are_stored_and_no_other_answer_is(app: Flask, study: Study) -> None:
    participant = go_to_ratings(app)
    for rating in (1, 7, 3):
        participant.send({"rating": str(rating), **FACTS})
    with study.store.read() as db:
        judgments = db.scalars(select(Judgment).order_by(Judgment.judged_at)).all()
        assert [judgment.rating for judgment in judgments] == [1, 7, 3]
        assert {(judgment.judged_human, judgment.confidence) for judgment in judgments} == {(None, None)}
        assert [trial.rating for trial in db.scalars(select(PracticeTrial))] == [3, 3]


@pytest.mark.parametrize("rating", ["0", "8", "3.5", "", "good"])
def test_a_rating_outside_the_scale_is_refused(app: Flask, study: Study, rating: str) -> None:
    participant = go_to_ratings(app).send({"rating": rating})
    assert participant.reply.status_code == 400
    assert "Choose a rating." in participant.text
    with study.store.read() as db:
        assert db.scalars(select(Judgment)).all() == []


def test_no_page_tells_that_computers_compose_until_the_end_does(app: Flask) -> None:
    participant = Participant(app)
    seen = []
    while participant.path != "/thanks":
        main = participant.page.select_one("main")
        assert main is not None
        seen.append((participant.path, main.get_text(" ")))
        items = {str(tag["name"]): "4" for tag in participant.page.select("input[type=radio]")}
        participant.answer(agrees="1", **items)
    told = [(path, found[0]) for path, text in seen if (found := TELLING.search(text))]
    assert told == []
    assert len(seen) > 12
    assert "others by computer programs that learned from them" in participant.text
    assert "right" not in participant.text
    assert participant.text.count("You gave it 4 of 7") == 8


def test_practice_goes_on_without_a_word_and_ends_with_one(app: Flask) -> None:
    participant = go_to_ratings(app)
    assert "Clip 1 of 8" in participant.text
    again = Participant(app).send().send({"agrees": "1"})
    again.send({str(tag["name"]): "4" for tag in again.page.select("input[type=radio]")}).send()
    assert "Practice clip 1 of 2" in again.text
    assert "Practice clip 2 of 2" in again.answer().text
    assert "That was the practice" in again.answer().text
    assert "From now on it counts: 8 clips." in again.text


def test_the_open_question_asks_nothing_about_who_composed(app: Flask) -> None:
    participant = go_to_ratings(app)
    while participant.path.startswith(("/trial/", "/pause")):
        participant.answer()
    assert "What did you listen for when you rated the clips?" in participant.text
    assert "gave it away" not in participant.text


def test_the_researchers_own_question_and_labels_are_asked_in_the_pages_language(data_folder: Path) -> None:
    from study_server.app import create_app

    own = {
        "paradigm": "rating",
        "rating_ask": {"en": "How lively is it?", "ja": "どれくらい生き生きしていますか"},
        "rating_labels": ["dull", {"en": "lively", "ja": "生き生き"}],
    }
    app = create_app(make_config(data_folder, trials=own))
    participant = Participant(app).begin()
    assert "How lively is it?" in participant.text
    assert [tag.get_text() for tag in participant.page.select(".ends span")] == ["dull", "lively"]
    assert [tag["value"] for tag in participant.page.select("[name=rating]")] == ["1", "2", "3", "4", "5"]
    assert "生き生きしていますか" in participant.open(f"{participant.path}?lang=ja").text
    app.extensions["study"].store.close()
