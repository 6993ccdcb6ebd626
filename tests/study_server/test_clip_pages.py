"""A clip's page is laid out once for everybody: with each session's own ids, and nobody else's."""

import re

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask

from study_core.config import Config
from study_server.app import create_app
from tests.study_server.listener import Participant
from tests.study_server.test_queries import send_judgment

TOKEN = r'(?<=csrf_token" value=")[^"]+'
IDS = re.compile(rf"[0-9a-f]{{32,}}|{TOKEN}")


def take_part(page: BeautifulSoup) -> list[str]:
    title, main = page.title, page.main
    assert isinstance(title, Tag)
    assert isinstance(main, Tag)
    return [str(title), re.sub(TOKEN, "#", " ".join(str(main).split()))]  # it is signed anew every second


def test_the_part_that_comes_with_an_acknowledgment_is_what_a_reload_shows(participant: Participant) -> None:
    told = send_judgment(participant.begin())
    part = BeautifulSoup(told["page"], "html.parser")
    assert "<html" not in told["page"]
    assert take_part(part) == take_part(participant.open(told["next"]).page)


def test_no_page_has_an_id_of_the_session_that_it_was_laid_out_for(app: Flask) -> None:
    pages = []
    for _ in range(2):
        somebody = Participant(app).begin()
        pages += [set(IDS.findall(somebody.reply.text)), set(IDS.findall(send_judgment(somebody)["page"]))]
    own, following, others, others_following = pages
    assert min(map(len, pages)) == 4  # its form token, where it is sent, its sound and the next one
    assert not (own | following) & (others | others_following)


def test_a_page_is_laid_out_once_for_all_sessions_and_once_per_language(app: Flask) -> None:
    n_laid_out = []
    for language in ("en", "en", "ja"):
        Participant(app).open(f"/?lang={language}").finish()
        n_laid_out.append(app.extensions["layouts"].cache_info().misses)
    assert n_laid_out[0] == n_laid_out[1] == n_laid_out[2] / 2 > 0


def test_a_study_lays_out_its_own_pages(app: Flask, config: Config) -> None:
    Participant(app).begin()
    other = create_app(config.model_copy(update={"title": "Another study", "version": "2"}))
    page = Participant(other).begin().reply.text
    other.extensions["study"].store.close()
    assert "Another study" in page


@pytest.mark.parametrize(
    ("opens", "reason"),
    [(False, "The CSRF session token is missing"), (True, "The CSRF token is invalid")],
)
def test_why_a_form_was_refused_stands_in_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture, *, opens: bool, reason: str
) -> None:
    client = app.test_client()
    if opens:
        client.get("/")
    with caplog.at_level("INFO", "study_server.faults"):
        assert client.post("/", data={"csrf_token": "é"}).status_code == 400
    assert reason in caplog.text
