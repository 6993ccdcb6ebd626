"""The researcher's desk: behind a password, blind to results by system, honest about early looks."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from study_core.config import Config
from study_core.errors import StudyError
from study_server.app import create_app
from study_server.login import ResearcherPassword
from study_server.phases import begin_phase, find_phase, list_phases
from study_server.roster import list_participants
from study_server.study import Study
from study_server.tables import Change, StudySession, Unblinding
from tests.study_server.attacks.routes import list_paths
from tests.study_server.listener import Participant

PASSWORD = "correct horse"
REASON = "A pilot: do the clips play at all?"
ROOMS = ("", "/live", "/participants", "/data", "/preview", "/preview?seed=3")


@pytest.fixture
def desk(app: Flask) -> Participant:
    """Return a researcher who is logged in."""
    return log_in(app)


def log_in(app: Flask) -> Participant:
    return Participant(app).open("/researcher").send({"password": PASSWORD})


def download(desk: Participant, participants: str, reason: str = "") -> Participant:
    """Ask for the data set."""
    return desk.open("/researcher/data").send(
        {"participants": participants, "reason": reason}, path="/researcher/data/data-set"
    )


def read_figures(desk: Participant, path: str = "/researcher") -> dict[str, str]:
    """Return the numbers of the funnel and of the tiles."""
    page = desk.open(path).page
    rows = [row.select("th, td")[:2] for row in page.select(".bars tr")]
    tiles = [(tile.dt, tile.dd) for tile in page.select(".tiles > div")]
    return {name.get_text(strip=True): n.get_text(strip=True) for name, n in (*rows, *tiles) if name and n}


def test_without_the_password_every_room_leads_to_the_login(app: Flask) -> None:
    visitor = Participant(app)
    rooms = [path for path in list_paths(app) if path.startswith("/researcher")]
    assert len(rooms) > 10
    assert {visitor.open(path).path for path in rooms} == {"/researcher/login"}
    for path in (path for path in list_paths(app, "POST") if path.startswith("/researcher")):
        sent = visitor.open("/researcher").send({}, path=path)
        assert sent.path == "/researcher/login", path


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
    stages = ("Arrived", "Consented", "Screened", "Started", "Finished", "Withdrawn", "There now")
    real, simulated = read_figures(desk), read_figures(desk, "/researcher/live?participants=simulated")
    assert [real[stage] for stage in stages] == ["2", "2", "2", "2", "1", "1", "1"]
    assert [simulated[stage] for stage in stages] == ["1", "1", "1", "1", "1", "0", "0"]
    assert "0 of 2 participants" in desk.open("/researcher").text


def test_the_page_tells_no_result_by_system(app: Flask, desk: Participant, study: Study) -> None:
    Participant(app).finish()
    clips = [stimulus.clip_id for stimulus in study.protocol.stimuli]
    for room in ROOMS:
        desk.open(f"/researcher{room}")
        assert desk.reply.status_code == 200
        assert not re.search(r"\b(lstm|gan|human|computer)\b", desk.text, re.IGNORECASE), room
        assert not [clip for clip in clips if clip in desk.reply.text]


def test_an_early_look_needs_a_reason_and_is_logged_for_good(
    app: Flask, desk: Participant, study: Study
) -> None:
    Participant(app).finish()
    Participant(app).begin().answer("computer")  # is not counted before the end,
    Participant(app, is_simulated=True).finish("computer")  # and this one not among people
    for reason in ("", "no"):
        desk.open("/researcher/data").send({"reason": reason}, path="/researcher/data/look")
        assert desk.reply.status_code == 409
        assert "1 of 2 participants have finished" in desk.text
        assert "Judged human" not in desk.text
    desk.open("/researcher/data").send({"reason": REASON}, path="/researcher/data/look")
    assert [row.th.get_text() for row in desk.page.select(".bars tr")[1:]] == ["human", "gan", "lstm"]  # type: ignore[union-attr]
    assert "4 of 4" in desk.text
    assert f"1 finished: {REASON}" in desk.open("/researcher").text
    assert "Judged human" not in desk.open("/researcher/data").text  # a look ends with its page
    with study.store.read() as db:
        assert [look.reason for look in db.scalars(select(Unblinding))] == [REASON]
        changes = [(change.what, change.who, change.reason) for change in db.scalars(select(Change))]
        assert changes == [("unblinded", "researcher's page", REASON)]


def test_a_data_set_before_the_end_needs_a_reason_too(app: Flask, desk: Participant, study: Study) -> None:
    Participant(app).finish()
    assert download(desk, "real").reply.status_code == 409
    download(desk, "real", REASON)
    assert desk.reply.headers["Content-Disposition"] == "attachment; filename=data-set.zip"
    with zipfile.ZipFile(io.BytesIO(desk.reply.data)) as archive:
        assert [name for name in archive.namelist() if name.endswith("dataset_description.json")]
    assert f"1 finished: {REASON}" in desk.open("/researcher/data").text
    with study.store.read() as db:
        assert [change.who for change in db.scalars(select(Change))] == ["researcher's page"]


def test_results_are_open_once_the_stop_rule_is_met(app: Flask, desk: Participant) -> None:
    for _ in range(2):
        Participant(app).finish()
    assert "the stop rule is met" in desk.open("/researcher/data").text
    assert "8 of 8" in desk.text
    assert read_figures(desk)["Results by system"] == "open"
    assert download(desk, "real").reply.mimetype == "application/zip"
    assert "None." in desk.open("/researcher/data").text
    refused = download(desk, "simulated")
    assert refused.reply.status_code == 409
    assert "8 of 8" in refused.text
    assert "results stay hidden" not in refused.text


def test_simulated_participants_meet_no_stop_rule_and_need_no_reason(app: Flask, desk: Participant) -> None:
    for _ in range(2):
        Participant(app, is_simulated=True).finish()
    assert read_figures(desk)["Results by system"] == "hidden"
    assert download(desk, "simulated").reply.headers["Content-Disposition"].endswith("data-set-simulated.zip")


def test_a_download_of_nothing_says_what_there_is(desk: Participant) -> None:
    assert (
        "no judgments by real participants; there are 0 by simulated" in download(desk, "real", REASON).text
    )


def test_a_paused_study_takes_nobody_new_and_lets_others_finish(app: Flask, desk: Participant) -> None:
    begun = Participant(app).begin().answer()
    desk.open("/researcher").send(
        {"phase": "paused", "reason": "the sound is wrong"}, path="/researcher/phase"
    )
    assert "paused : the sound is wrong" in desk.text
    for language, words in (
        ("en", "taking a break"), ("es", "en pausa"), ("ja", "一時休止中"), ("zh-Hans", "暂停中"),
    ):  # fmt: skip
        late = Participant(app).open(f"/?lang={language}")
        assert words in late.text
        assert not late.page.find("form")
    assert begun.finish().path == "/thanks"
    desk.open("/researcher").send({"phase": "paused", "reason": "again"}, path="/researcher/phase")
    assert desk.reply.status_code == 409
    assert "The study is paused already." in desk.text
    desk.open("/researcher").send({"phase": "open", "reason": "mended"}, path="/researcher/phase")
    assert Participant(app).begin().path.startswith("/trial/")


@pytest.mark.parametrize(("phase", "reason", "message"), [
    ("sleeping", "why not", "it cannot be 'sleeping'"), ("closed", " ", "Say why the study is to be closed"),
])  # fmt: skip
def test_a_phase_that_is_none_or_without_a_reason_is_refused(
    desk: Participant, phase: str, reason: str, message: str
) -> None:
    desk.send({"phase": phase, "reason": reason}, path="/researcher/phase")
    assert desk.reply.status_code == 409
    assert message in desk.text


def test_the_last_change_of_phase_counts_though_a_clock_was_set_back(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = ("2026-11-24T12:00:00.000Z", "2026-11-24T11:00:00.000Z", "2026-11-24T11:00:00.000Z")
    for moment, phase in zip(moments, ("closed", "open", "paused"), strict=True):
        monkeypatch.setattr("study_server.phases.now_utc", lambda moment=moment: moment)
        with study.store.write() as db:
            begin_phase(db, "1", phase, "a test of clocks")
        with study.store.read() as db:
            assert find_phase(db, "1") == phase
    with study.store.read() as db:
        assert [row.phase for row in list_phases(db, "1")] == ["closed", "open", "paused"]


def test_nobody_slips_into_a_closed_study_by_a_page_that_was_open(
    app: Flask, desk: Participant, study: Study
) -> None:
    waiting = Participant(app)
    desk.open("/researcher").send({"phase": "closed", "reason": "enough"}, path="/researcher/phase")
    assert "This study has ended" in waiting.send().text
    with study.store.read() as db:
        assert db.scalars(select(StudySession)).all() == []


def test_a_participant_is_found_excluded_and_counts_again(
    app: Flask, desk: Participant, study: Study
) -> None:
    sent = Participant(app).open("/?PROLIFIC_PID=59e723456789012345678901").finish()
    with study.store.read() as db:
        participant_id = db.scalars(select(StudySession.participant_id)).one()
    for said in (participant_id, participant_id[:8], "59e723456789012345678901"):
        assert desk.open(f"/researcher/participants?find={said}").path.endswith(participant_id)
    assert sent.codes[0] in desk.codes
    assert "59e7234" not in desk.text
    place = f"{desk.path}/exclusion"
    assert desk.send({"decision": "exclude", "reason": "short"}, path=place).reply.status_code == 409
    assert "say in at least 10 characters why" in desk.text
    desk.open(f"/researcher/participants/{participant_id}")
    assert (
        "excluded : talked all the time"
        in desk.send({"decision": "exclude", "reason": "talked all the time"}, path=place).text
    )
    assert read_figures(desk)["Excluded"] == "1"
    assert participant_id[:12] in desk.open("/researcher/participants?kind=excluded").text
    desk.open(f"/researcher/participants/{participant_id}")
    desk.send({"decision": "readmit", "reason": "it was somebody else"}, path=place)
    assert "readmitted : it was somebody else" in desk.text
    assert read_figures(desk)["Excluded"] == "0"
    assert desk.open(f"/researcher/participants/{'0' * 32}").reply.status_code == 404
    assert "Nobody, or more than one" in desk.open("/researcher/participants?find=nobody-here").text


def test_a_participants_page_is_there_whatever_a_platform_calls_somebody_else(
    app: Flask, desk: Participant, study: Study
) -> None:
    Participant(app).finish()
    with study.store.read() as db:
        participant_id = db.scalars(select(StudySession.participant_id)).one()
    Participant(app).open(f"/?PROLIFIC_PID={participant_id}").begin()
    shown = desk.open(f"/researcher/participants/{participant_id}")
    assert shown.reply.status_code == 200
    assert "Finished" in shown.text


def test_everybody_is_on_one_page_of_the_roster_where_all_came_at_once(
    app: Flask, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("study_server.roster.PER_PAGE", 2)
    for _ in range(5):
        Participant(app).send()
    with study.store.write() as db:  # as in a data set that was imported: it knows days
        ids = set(db.scalars(select(StudySession.participant_id)))
        db.execute(update(StudySession).values(arrived_at="2026-11-23T00:00:00.000Z"))
    with study.store.read() as db:
        pages = [list_participants(db, "1", "all", number, is_simulated=False) for number in (1, 2, 3)]
    listed = [row.participant_id for page in pages for row in page.rows]
    assert listed == sorted(ids)
