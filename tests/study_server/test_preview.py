"""The preview: every page in every language, the trials of a seed, and no trace in the data."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from study_core.config import Config
from study_server.preview import PREFIX, list_places
from study_server.study import Study
from study_server.tables import StudySession, Table
from synthesis.screening import make_screening
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config


@pytest.fixture(scope="module")
def screening_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sounds of a headphone screening, made once."""
    config = make_config(tmp_path_factory.mktemp("sounds"), screening={"tests": ("huggins",)})
    make_screening(config.folders, 1)
    return config.folders.screening


@pytest.fixture
def config(data_folder: Path, screening_folder: Path) -> Config:
    """Return a study that uses every part."""
    config = make_config(
        data_folder,
        trials={
            "per_participant": {"human": 2, "lstm": 1, "gan": 1},
            "break_after": 2,
            "catch": ["gan"],
            "catch_wrong": 1,
        },
        screening={"tests": ("huggins",), "attempts": 1},
        practice={"trials": 1},
        questions={"before": ("age_band", "musical_training"), "after": ("gave_it_away",)},
        recruitment={"failed_attention_code": "INATTENTIVE"},
    )
    config.folders.screening.symlink_to(screening_folder)
    return config


@pytest.fixture
def desk(app: Flask) -> Participant:
    """Return a researcher who is logged in."""
    return Participant(app).open("/researcher").send({"password": "correct horse"})


def count_rows(study: Study) -> dict[str, int]:
    with study.store.read() as db:
        return {
            name: db.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Table.metadata.tables.items()
        }


def test_every_page_can_be_jumped_to_in_every_language_without_a_trace(
    app: Flask, study: Study, desk: Participant
) -> None:
    before, frozen = count_rows(study), study.config.folders.frozen
    headings = set()
    places = list_places(study.config)
    assert len(places) >= 18
    for number, place in enumerate(places):
        language = ("en", "es", "ja", "zh-Hans")[number % 4]
        desk.open(f"/researcher/preview/jump/{place.name}?language={language}")
        assert desk.reply.status_code == 200, place
        assert desk.path.startswith(PREFIX), place
        assert f'<html lang="{language}"' in desk.reply.text, place
        assert "Preview: nothing is stored" in desk.text, place
        headings.add((re.sub(r"[0-9a-f]{32}", "#", desk.path), desk.page.h1.get_text(strip=True)))  # type: ignore[union-attr]
    assert len(headings) == len(places)
    assert count_rows(study) == before
    assert not frozen.exists()
    assert app.test_client().get(f"{PREFIX}/").location == "/researcher/login"


def test_a_researcher_goes_on_from_where_they_jumped_to_the_end(desk: Participant, study: Study) -> None:
    before = count_rows(study)
    desk.open("/researcher/preview/jump/trial-4?language=en")
    assert desk.page.select_one("h1").get_text(strip=True) == "Clip 4 of 4"  # type: ignore[union-attr]
    assert desk.client.get(desk.sound).mimetype == "audio/mpeg"
    desk.answer().send()
    assert desk.path == f"{PREFIX}/thanks"
    assert desk.client.get("/researcher").status_code == 200  # still logged in
    assert count_rows(study) == before


def test_the_ways_out_end_as_they_would(desk: Participant) -> None:
    assert desk.open("/researcher/preview/jump/failed-attention").codes[0] == "INATTENTIVE"
    assert desk.open("/researcher/preview/jump/thanks").codes[0] != "INATTENTIVE"
    assert desk.open("/researcher/preview/jump/no-headphones").path == f"{PREFIX}/no-headphones"


def test_a_participants_session_and_the_preview_are_apart(
    app: Flask, desk: Participant, study: Study
) -> None:
    place = Participant(app).send().path
    desk.open("/").send()
    desk.open("/researcher/preview/jump/volume")
    assert desk.open("/").path == place == "/consent"
    with study.store.read() as db:
        assert db.scalar(select(func.count()).select_from(StudySession)) == 2


def test_a_form_of_the_preview_needs_its_own_token(desk: Participant) -> None:
    desk.open("/researcher/preview/jump/consent")
    reply = desk.client.post(f"{PREFIX}/consent", data={"agrees": "1", "csrf_token": "0" * 40})
    assert reply.status_code == 400


@pytest.mark.parametrize("seed", [0, 7, 2**62])
def test_the_trials_of_a_seed_are_those_that_a_participant_would_get(
    desk: Participant, study: Study, seed: int
) -> None:
    desk.open(f"/researcher/preview?seed={seed}&systems=shown&counts=now")
    shown = [
        [cell.get_text() for cell in row.select("th, td")] for row in desk.page.select(".roster tbody tr")
    ]
    drawn = study.protocol.draw({}, seed)
    assert [[row[1], row[2]] for row in shown] == [[trial.stimulus_id[:8], trial.kind] for trial in drawn]
    assert [row[3] for row in shown] == [study.protocol.by_id[trial.stimulus_id].system for trial in drawn]
    assert not re.search(r"\b(lstm|gan)\b", desk.open(f"/researcher/preview?seed={seed}").text)


@pytest.mark.parametrize("seed", ["-1", "x", str(2**63), ""])
def test_what_is_no_seed_shows_no_trials(desk: Participant, seed: str) -> None:
    assert not desk.open(f"/researcher/preview?seed={seed}").page.select(".roster")


def test_a_place_that_is_none_leads_back(desk: Participant) -> None:
    assert desk.open("/researcher/preview/jump/nowhere").path == "/researcher/preview"
