"""Questions before and after the trials: what is asked, what counts as an answer, what is stored."""

import pytest
from flask import Flask
from pydantic import ValidationError
from sqlalchemy import select

from study_core.config import Config, load_config
from study_core.errors import ConfigError
from study_core.participation import OwnQuestion, QuestionsConfig
from study_server.dataset.background import BACKGROUND
from study_server.questions import NAMED, TRAINING, Question, list_pages, score_training
from study_server.study import Study
from study_server.tables import QuestionAnswer
from tests.study_server.exporting import export, read_table
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

OWN = (
    {"id": "city", "type": "text", "ask": {"en": "Your city?", "ja": "お住まい"}, "required": False},
    {"id": "liking", "type": "scale", "ask": "Piano <3?", "maximum": 5, "labels": ["no", "very much"]},
    {"id": "plays", "type": "multiple", "ask": "You play?", "options": {"piano": "Piano", "voice": "Voice"}},
    {"id": "siblings", "type": "number", "ask": "Siblings?", "minimum": 0, "maximum": 20},
    {"id": "hand", "type": "single", "ask": "You write with?", "options": {"left": "Left", "right": "Right"}},
)
BEFORE = ("age_band", "city", "liking", "musical_training", "plays", "siblings", "hand")
TRAINED = {question.question_id: "7" for question in TRAINING}


@pytest.fixture
def config(data_folder: object) -> Config:
    """Return a study with named questions and one of every type of one's own."""
    questions = {"before": BEFORE, "after": ("gave_it_away",), "own": OWN}
    return make_config(data_folder, questions=questions)  # type: ignore[arg-type]


@pytest.fixture
def asked(app: Flask) -> Participant:
    """Return somebody on the first page of questions."""
    return Participant(app).send().send({"agrees": "1"})


def list_answers(study: Study) -> dict[str, str]:
    with study.store.read() as db:
        return {row.question_id: row.answer for row in db.scalars(select(QuestionAnswer))}


def test_answers_to_every_type_of_question_are_stored_as_rows(asked: Participant, study: Study) -> None:
    assert asked.path == "/questions/before/1"
    asked.send({"age_band": "25_34", "city": "  Celadon ", "liking": "5"})
    assert asked.path == "/questions/before/2"
    asked.send(TRAINED)
    asked.send({"plays": ["piano", "voice"], "siblings": " 3", "hand": "left"})  # type: ignore[dict-item]
    assert asked.path == "/volume"
    assert list_answers(study) == TRAINED | {
        "age_band": "25_34",
        "city": "Celadon",
        "liking": "5",
        "plays": "piano;voice",
        "siblings": "3",
        "hand": "left",
    }


def test_the_data_set_has_the_answers_as_columns_and_as_rows(asked: Participant, study: Study) -> None:
    asked.send({"age_band": "35_44", "liking": "1"}).send(TRAINED)
    asked.send({"plays": "piano", "siblings": "0", "hand": "left"}).send().finish()
    asked.send({"gave_it_away": "=the endings"})
    folder = export(study)
    (person,) = read_table(folder, "participants")
    assert {name: person[name] for name in BACKGROUND} == {
        "age_band": "35_44",
        "musical_training": "37",
        "games_played": "",
        "headphones": "",
        "reason": "'=the endings",
    }
    rows = {row["question_id"]: row["answer"] for row in read_table(folder, "questions")}
    assert rows == list_answers(study) | {"gave_it_away": "'=the endings"}


def test_the_last_question_comes_after_the_trials_and_may_stay_empty(
    asked: Participant, study: Study
) -> None:
    asked.send({"age_band": "not_said", "liking": "1"}).send(TRAINED)
    asked.send({"plays": "piano", "siblings": "0", "hand": "left"}).send().finish()
    assert asked.path == "/questions/after/1"
    assert "What gave it away?" in asked.text
    assert not asked.codes
    assert asked.send({}).path == "/thanks"
    assert list_answers(study)["gave_it_away"] == ""


def test_what_is_missing_is_marked_and_what_was_given_is_kept(asked: Participant, study: Study) -> None:
    asked.send({"city": "Kanto"})
    assert asked.reply.status_code == 400
    assert "Something is missing" in asked.text
    assert asked.text.count("Please answer this one.") == 2
    assert asked.form.select_one("[name=city]").get_text() == "Kanto"  # type: ignore[union-attr]
    assert [tag["id"] for tag in asked.page.select(".missing")] == ["age_band-missing", "liking-missing"]
    assert list_answers(study) == {}


def test_answers_that_were_stored_stay(asked: Participant, study: Study) -> None:
    asked.send({"age_band": "25_34", "liking": "5"})
    asked.send({"age_band": "45_54", "liking": "1"}, path="/questions/before/1")
    assert asked.path == "/questions/before/2"
    assert list_answers(study)["age_band"] == "25_34"
    assert asked.send(TRAINED, path="/questions/before/9").path == "/questions/before/2"


def test_questions_are_asked_in_the_pages_language(asked: Participant) -> None:
    asked.open(f"{asked.path}?lang=ja")
    assert "お住まい" in asked.text
    assert "Piano <3?" in asked.text  # one text for all languages, and no markup
    assert "年齢を教えてください。" in asked.text


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("single", ["a"], "a"),
        ("single", ["a", "b"], None),
        ("single", ["c"], None),
        ("single", [], None),
        ("multiple", ["b", "a"], "b;a"),
        ("multiple", ["b", "a", "b"], "b;a"),
        ("multiple", ["a", "c"], None),
        ("scale", ["a"], "a"),
        ("number", ["7"], "7"),
        ("number", ["007"], "7"),
        ("number", ["-1"], None),
        ("number", ["10"], None),
        ("number", ["7.5"], None),
        ("number", ["\u0667"], None),  # a seven in another script
        ("number", ["many"], None),
        ("text", ["  x "], "x"),
        ("text", ["x" * 5000], "x" * 2000),
        ("text", ["   "], None),
    ],
)
def test_only_what_is_an_answer_is_one(kind: str, given: list[str], stored: str | None) -> None:
    question = Question(
        question_id="q",
        kind=kind,  # type: ignore[arg-type]
        ask="?",
        options=(("a", "A"), ("b", "B")),
        minimum=0,
        maximum=9,
    )
    assert question.read(given) == stored


def test_the_training_score_runs_from_7_to_49_with_two_items_reversed() -> None:
    lowest = {q.question_id: "1" for q in TRAINING} | {
        "training_complimented": "7",
        "training_not_musician": "7",
    }
    highest = {name: str(8 - int(points)) for name, points in lowest.items()}
    assert (score_training(lowest), score_training(highest)) == (7, 49)
    assert score_training({**lowest, "training_theory_years": ""}) is None
    assert all(len(question.options) == 7 for question in TRAINING)


def test_a_scale_may_end_at_zero() -> None:
    scale = OwnQuestion(id="mood", type="scale", ask="Now?", minimum=-3, maximum=0)
    (page,) = list_pages(QuestionsConfig(before=("mood",), own=(scale,)), "before")
    assert [stored for stored, _ in page.questions[0].options] == ["-3", "-2", "-1", "0"]


def test_questions_of_one_kind_share_a_page_and_the_scale_has_its_own() -> None:
    pages = list_pages(QuestionsConfig(before=("age_band", "pokemon_games", "musical_training")), "before")
    assert [len(page.questions) for page in pages] == [2, 7]
    assert pages[0].questions == (NAMED["age_band"], NAMED["pokemon_games"])
    assert list_pages(QuestionsConfig(before=(), after=()), "after") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{before: [age]}", "questions: no such question: age; there are age_band, musical_training"),
        ("{before: [age_band], after: [age_band]}", "questions: there twice: age_band"),
        ("{own: [{id: age_band, type: text, ask: A?}]}", "there twice: age_band"),
        ("{own: [{id: a, type: single, ask: A?}]}", "a: a question of type single has 0 options"),
        ("{own: [{id: a, type: text, ask: A?, options: {x: X, y: Y}}]}", "of type text has 2 options"),
        ("{own: [{id: a, type: scale, ask: A?, maximum: 20}]}", "a: a scale has 2 to 11 points"),
        ("{own: [{id: a, type: number, ask: A?, minimum: 3, maximum: 2}]}", "minimum is above maximum"),
        ("{own: [{id: training_lessons_years, type: text, ask: A?}]}", "are those of musical_training"),
        ("{own: [{id: Age, type: text, ask: A?}]}", "String should match pattern"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(tmp_path: object, text: str, message: str) -> None:
    path = tmp_path / "config.yaml"  # type: ignore[operator]
    path.write_text(f"questions: {text}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert message in str(caught.value)


def test_a_screening_test_named_twice_and_an_address_that_is_none_are_refused(tmp_path: object) -> None:
    path = tmp_path / "config.yaml"  # type: ignore[operator]
    path.write_text(
        "screening: {tests: [huggins, huggins]}\nrecruitment: {completion_url: 'javascript:alert(1)'}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "screening: tests names one twice: huggins, huggins" in str(caught.value)
    assert "recruitment.completion_url: String should match pattern" in str(caught.value)


def test_an_own_question_cannot_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        OwnQuestion(id="a", type="text", ask="A?").id = "b"
