"""Headphone screening: all answers end as published, no page tells the right one, nobody is stuck."""

import shutil
from collections.abc import Iterator
from itertools import product
from math import comb
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from study_core.config import Config
from study_core.errors import StimulusError
from study_core.folders import DataFolders
from study_core.participation import ScreeningConfig
from study_server import screening
from study_server.app import create_app
from study_server.study import Study
from study_server.tables import ScreeningTrial, StudySession, Trial
from synthesis.screening import make_screening
from tests.study_server.exporting import export, read_table
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

CODES = {"screened_out_code": "NOPHONES", "screened_out_url": "https://example.org/out?cc={code}"}


@pytest.fixture(scope="module")
def sounds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the real sounds of both screenings."""
    folders = DataFolders(tmp_path_factory.mktemp("sounds"))
    make_screening(folders, 1)
    return folders.screening


@pytest.fixture
def config(data_folder: Path, sounds_folder: Path) -> Config:
    """Return a study with both screenings and one try at each."""
    shutil.copytree(sounds_folder, data_folder / "screening")
    tests = {"tests": ("antiphase", "huggins"), "attempts": 1}
    return make_config(data_folder, screening=tests, recruitment=CODES)


@pytest.fixture
def app_with(config: Config) -> Iterator[object]:
    """Return a way to open the study with another screening."""
    apps: list[Flask] = []

    def open_app(**changes: object) -> Flask:
        screening_config = config.screening.model_copy(update=changes)
        apps.append(create_app(config.model_copy(update={"screening": screening_config})))
        return apps[-1]

    yield open_app
    for app in apps:
        app.extensions["study"].store.close()


def go_to_screening(app: Flask) -> Participant:
    return Participant(app).send().send({"agrees": "1"}).send()


def find_turn(app: Flask, participant: Participant) -> ScreeningTrial:
    trial_id = participant.path.rsplit("/", 1)[1]
    study: Study = app.extensions["study"]
    with study.store.read() as db:
        return db.get_one(ScreeningTrial, trial_id)


def take(app: Flask, participant: Participant, n_wrong: int = 0, n: int = 6) -> Participant:
    """Answer the screening's next trials, the first ones wrongly."""
    for _ in range(n):
        trial = find_turn(app, participant)
        if trial.trial_index == screening.EXAMPLE:
            participant.send()
            trial = find_turn(app, participant)
        wrong = trial.trial_index <= n_wrong
        participant.send({"interval": str((trial.correct_answer - 1 + wrong) % 3 + 1)})
    return participant


def make_attempt(answers: tuple[int, ...], correct: tuple[int, ...]) -> list[ScreeningTrial]:
    return [
        ScreeningTrial(trial_index=index, answer=answer, correct_answer=right, answered_at="now")
        for index, (answer, right) in enumerate(zip(answers, correct, strict=True), start=1)
    ]


@pytest.mark.parametrize(("test", "n_passing"), [("antiphase", 1 + 6 * 2), ("huggins", 1)])
def test_of_all_729_patterns_of_answers_those_pass_that_the_papers_let_pass(
    test: str, n_passing: int
) -> None:
    config = ScreeningConfig(attempts=1)
    correct = (1, 2, 3, 1, 2, 3)
    outcomes = [
        screening.judge_attempts([make_attempt(answers, correct)], config, test)
        for answers in product((1, 2, 3), repeat=6)
    ]
    assert outcomes.count("passed") == n_passing
    assert outcomes.count("failed") == 3**6 - n_passing


@pytest.mark.parametrize("mark", range(1, 7))
def test_a_pass_mark_lets_through_as_many_guessers_as_chance_says(mark: int) -> None:
    config = ScreeningConfig(antiphase_pass=mark, attempts=1)
    passed = sum(
        screening.judge_attempts([make_attempt(answers, (2,) * 6)], config, "antiphase") == "passed"
        for answers in product((1, 2, 3), repeat=6)
    )
    assert passed == sum(comb(6, right) * 2 ** (6 - right) for right in range(mark, 7))


def test_a_second_try_is_given_and_the_best_one_counts() -> None:
    config = ScreeningConfig(attempts=2)
    bad, good = make_attempt((1,) * 6, (2,) * 6), make_attempt((2,) * 6, (2,) * 6)
    assert screening.judge_attempts([], config, "huggins") == "not begun"
    assert screening.judge_attempts([bad], config, "huggins") == "not begun"
    assert screening.judge_attempts([bad, good], config, "huggins") == "passed"
    assert screening.judge_attempts([bad, bad], config, "huggins") == "failed"
    good[3].answered_at = None
    assert screening.judge_attempts([bad, good], config, "huggins") == "open"


def test_who_passes_both_goes_on_to_the_trials(app: Flask, study: Study) -> None:
    participant = take(app, take(app, go_to_screening(app), n_wrong=1))
    assert participant.path.startswith("/trial/")
    with study.store.read() as db:
        rows = db.scalars(select(ScreeningTrial).order_by(ScreeningTrial.place)).all()
    participant.answer()
    folder = export(study)
    assert [row.place for row in rows] == list(range(1, 14))
    assert [row.test for row in rows] == ["antiphase"] * 6 + ["huggins"] * 7
    assert len({row.sound_id for row in rows}) == 13
    assert sum(row.answer == row.correct_answer for row in rows) == 11
    shares = [float(row["headphones"]) for row in read_table(folder, "participants")]
    assert shares == [pytest.approx((5 / 6 + 1) / 2)]
    assert [row["place"] for row in read_table(folder, "screening")] == [str(i) for i in range(1, 14)]


def test_who_fails_ends_with_a_code_of_their_own_and_takes_no_place(app: Flask, study: Study) -> None:
    participant = take(app, go_to_screening(app), n_wrong=2)
    assert participant.path == "/no-headphones"
    assert participant.codes[0] == "NOPHONES"
    assert participant.page.find("a", href="https://example.org/out?cc=NOPHONES")
    for path in ("/", "/volume", "/thanks", "/consent"):
        assert participant.open(path).path == "/no-headphones"
    with study.store.read() as db:
        assert db.scalars(select(Trial)).all() == []
        assert db.scalars(select(StudySession)).one().screened_out_at
    assert participant.send().path == "/"  # another person, or the same with headphones


def test_where_failing_only_is_recorded_they_go_on(app_with: object) -> None:
    app = app_with(on_fail="go_on")  # type: ignore[operator]
    participant = take(app, take(app, go_to_screening(app), n_wrong=6), n_wrong=6)
    assert participant.path.startswith("/trial/")


def test_who_fails_once_is_told_what_to_check_and_hears_other_sounds(app_with: object) -> None:
    app = app_with(attempts=2, tests=("huggins",))  # type: ignore[operator]
    participant = take(app, go_to_screening(app), n_wrong=1)
    assert "did not sound like headphones yet" in participant.text
    assert take(app, participant).path.startswith("/trial/")


def test_a_place_that_nobody_is_at_cannot_be_answered_and_a_resent_answer_changes_nothing(
    app: Flask, study: Study
) -> None:
    participant = go_to_screening(app)
    first = participant.path
    take(app, participant, n=1)
    second = participant.path
    assert participant.send({"interval": "3"}, path=first).path == second
    assert participant.send({}).reply.status_code == 400
    assert "Choose one of the three." in participant.text
    for wrong in ("0", "4", "two", ""):
        assert participant.send({"interval": wrong}).reply.status_code == 400
    with study.store.read() as db:
        assert len(db.scalars(select(ScreeningTrial).where(ScreeningTrial.answer.is_not(None))).all()) == 1


def test_no_page_and_no_address_of_the_screening_tells_the_answer(app: Flask, study: Study) -> None:
    participant = go_to_screening(app)
    pages = set()
    for _ in range(6):
        trial = find_turn(app, participant)
        sound = participant.client.get(participant.sound)
        assert sound.headers["Content-Type"] == "audio/flac"
        assert "Last-Modified" not in sound.headers
        for secret in (trial.sound_id, study.screening.find_sound(trial.sound_id).sound_sha256):
            assert secret not in participant.reply.text + str(sound.headers)
        text = participant.reply.text.replace(trial.screening_trial_id, "#")
        token = str(participant.form.select_one("[name=csrf_token]")["value"])  # type: ignore[index]
        text = text.replace(token, "#").replace(f"sound {trial.trial_index}", "#")
        pages.add(text.replace(f'<progress value="{trial.trial_index - 1}"', "#"))
        take(app, participant, n=1)
    assert len(pages) == 1


def test_a_sound_is_sent_to_nobody_else_and_not_before_its_turn(app: Flask, study: Study) -> None:
    participant = go_to_screening(app)
    with study.store.read() as db:
        later = db.scalars(select(ScreeningTrial).where(ScreeningTrial.place == 2)).one()
    assert participant.client.get(f"/headphones/{later.screening_trial_id}/sound").status_code == 404
    assert app.test_client().get(participant.sound).status_code == 404


def test_missing_or_altered_sounds_are_refused_at_the_start(config: Config, data_folder: Path) -> None:
    sound = next((data_folder / "screening").glob("*.flac"))
    sound.write_bytes(b"silence")
    with pytest.raises(StimulusError, match=rf"missing or altered sounds(?s:.*){sound.name}"):
        create_app(config)
    shutil.rmtree(data_folder / "screening")
    with pytest.raises(StimulusError, match=r"screening\.csv is missing.*study render --screening"):
        create_app(config)
