"""The researcher's page: behind a password, blind to results by system, honest about early looks."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from study_core.config import Config
from study_core.errors import StudyError
from study_server.app import create_app
from study_server.login import ResearcherPassword
from study_server.study import Study
from tests.study_server.listener import Participant

PASSWORD = "correct horse"
REASON = "A pilot: do the clips play at all?"


@pytest.fixture
def desk(app: Flask) -> Participant:
    """Return a researcher who is logged in."""
    return Participant(app).open("/researcher").send({"password": PASSWORD})


def download(desk: Participant, participants: str, reason: str = "") -> Participant:
    """Ask for the data set."""
    return desk.open("/researcher").send(
        {"participants": participants, "reason": reason}, path="/researcher/responses.csv"
    )


def read_funnel(desk: Participant, column: int) -> dict[str, str]:
    """Return the numbers of one kind of participants."""
    funnel = desk.open("/researcher").page.select(".funnel")[column]
    names = [tag.get_text() for tag in funnel.select("dt")]
    return dict(zip(names, [tag.get_text() for tag in funnel.select("dd")], strict=True))


def test_without_the_password_there_is_only_the_login_page(app: Flask) -> None:
    visitor = Participant(app)
    assert visitor.open("/researcher").path == "/researcher/login"
    assert visitor.send({}, path="/researcher/responses.csv").path == "/researcher/login"


def test_a_wrong_password_is_refused_and_the_right_one_let_in(app: Flask) -> None:
    visitor = Participant(app).open("/researcher").send({"password": "wrong"})
    assert visitor.reply.status_code == 403
    assert "not the password" in visitor.text
    assert visitor.send({"password": PASSWORD}).path == "/researcher"


def test_after_five_wrong_passwords_even_the_right_one_waits(app: Flask, study: Study) -> None:
    visitor = Participant(app).open("/researcher")
    for _ in range(5):
        visitor.send({"password": "wrong"})
    assert visitor.send({"password": PASSWORD}).reply.status_code == 429
    assert "Wait half a minute" in visitor.text
    study.throttle.clock = lambda: datetime.now(UTC) + timedelta(seconds=31)
    assert visitor.open("/researcher").send({"password": PASSWORD}).path == "/researcher"


def test_logging_out_closes_the_page(desk: Participant) -> None:
    assert desk.path == "/researcher"
    assert desk.send().path == "/researcher/login"
    assert desk.open("/researcher").path == "/researcher/login"


def test_another_password_throws_everybody_out(
    desk: Participant, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = desk.client.get_cookie("study")
    assert cookie is not None
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "battery staple")
    app = create_app(study.config)
    other = Participant(app)
    other.client.set_cookie("study", cookie.value)
    assert other.open("/researcher").path == "/researcher/login"
    app.extensions["study"].store.close()


def test_a_short_password_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "short")
    with pytest.raises(StudyError, match="has 5 characters; it needs at least 8"):
        ResearcherPassword(config.folders)


def test_a_password_is_made_where_none_is_given(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDY_RESEARCHER_PASSWORD", raising=False)
    made = ResearcherPassword(config.folders)
    path = config.folders.secrets / "researcher_password"
    assert made.place == str(path)
    assert path.stat().st_mode & 0o077 == 0
    assert made.matches(path.read_text().strip())
    assert not made.matches("")


def test_real_and_simulated_participants_are_counted_apart(app: Flask, desk: Participant) -> None:
    Participant(app, is_simulated=True).finish()
    Participant(app).begin()
    left = Participant(app).finish()
    left.withdraw()
    stages = ("Arrived", "Consented", "Started", "Finished", "Withdrawn")
    assert [read_funnel(desk, 0)[stage] for stage in stages] == ["2", "2", "2", "1", "1"]
    assert [read_funnel(desk, 1)[stage] for stage in stages] == ["1", "1", "1", "1", "0"]
    assert "0 of 2 participants" in desk.text


def test_the_page_tells_no_result_by_system(app: Flask, desk: Participant, study: Study) -> None:
    for _ in range(3):
        Participant(app).finish()
    desk.open("/researcher")
    names = [s.stimulus_id for s in study.protocol.stimuli] + [s.clip_id for s in study.protocol.stimuli]
    assert not [name for name in names if name in desk.reply.text]
    assert not re.search(r"\b(lstm|gan|human)\b", desk.text, re.IGNORECASE)
    histogram = [
        [cell.get_text() for cell in row.select("th, td")[:2]] for row in desk.page.select("tbody tr")
    ]
    assert histogram == [
        ["0", "4"],
        ["1", "16"],
        ["2", "4"],
        ["0", "24"],
    ]  # 3 x 8 trials on 24 clips; no bots


def test_an_early_look_needs_a_reason_and_is_logged(app: Flask, desk: Participant) -> None:
    Participant(app).finish()
    download(desk, "real")
    assert desk.reply.status_code == 409
    assert "1 of 2 participants have finished" in desk.text
    download(desk, "real", "no")
    assert desk.reply.status_code == 409
    assert desk.open("/researcher").text.count("Early looks") == 0
    download(desk, "real", REASON)
    assert desk.reply.data.startswith(b"study_version,protocol_sha256,participant_id")
    assert desk.reply.headers["Content-Disposition"] == "attachment; filename=responses.csv"
    assert f"1 finished: {REASON}" in desk.open("/researcher").text


def test_results_are_open_once_the_stop_rule_is_met(app: Flask, desk: Participant) -> None:
    for _ in range(2):
        Participant(app).finish()
    assert "results by system are open" in desk.open("/researcher").text
    assert download(desk, "real").reply.mimetype == "text/csv"
    assert "Early looks" not in desk.open("/researcher").text


def test_simulated_participants_meet_no_stop_rule_and_need_no_reason(app: Flask, desk: Participant) -> None:
    for _ in range(2):
        Participant(app, is_simulated=True).finish()
    assert "stay hidden" in desk.open("/researcher").text
    assert (
        download(desk, "simulated").reply.headers["Content-Disposition"].endswith("responses-simulated.csv")
    )


def test_a_download_of_nothing_says_what_there_is(desk: Participant) -> None:
    assert (
        "no judgments by real participants; there are 0 by simulated" in download(desk, "real", REASON).text
    )
