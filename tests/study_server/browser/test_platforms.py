"""Every recruitment platform's way there and back, walked in Chromium against a stand-in of its contract."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from study_core.config import Config
from study_server.app import create_app
from study_server.server import Stop, open_server, run
from study_server.study import Study
from study_server.tables import RecruitmentId, ScreeningTrial, StudySession, Trial
from synthesis.screening import make_screening
from tests.study_server.made_study import make_config

pytestmark = pytest.mark.browser

PID = "59e723456789012345678901"  # looks like a number, and is none
PROLIFIC = "https://app.prolific.com"
SONA = "https://school.sona-systems.com"
MTURK = "https://workersandbox.mturk.com"
TRIALS = {"per_participant": {"human": 1, "lstm": 1, "gan": 1}, "catch": ["gan"], "catch_wrong": 1}


@dataclass
class Platform:
    """A stand-in: takes people back as the platform does, and keeps how each came."""

    host: str
    require: Callable[[str, str, dict[str, str]], None]
    """Fails where a method, a path and fields are not what the platform takes."""
    taken: list[dict[str, str]] = field(default_factory=list)

    def take(self, route: Route) -> None:
        """Answer a request to the platform."""
        request = route.request
        address = urlsplit(request.url)
        fields = {k: v for k, (v,) in parse_qs(request.post_data or address.query).items()}
        self.require(request.method, address.path, fields)
        assert "127.0.0.1" not in request.headers.get("referer", "")
        self.taken.append(fields)
        route.fulfill(status=200, content_type="text/html", body="<title>Taken</title><h1>Taken</h1>")


def require_prolific(method: str, path: str, fields: dict[str, str]) -> None:
    assert (method, path, set(fields)) == ("GET", "/submissions/complete", {"cc"})
    assert fields["cc"] in ("GOOD", "NOPHONES", "INATTENTIVE")


def require_sona(method: str, path: str, fields: dict[str, str]) -> None:
    assert (method, path) == ("GET", "/webstudy_credit.aspx")
    assert set(fields) == {"experiment_id", "credit_token", "survey_code"}
    assert (fields["experiment_id"], fields["credit_token"]) == ("123", "9f")


def require_mturk(method: str, path: str, fields: dict[str, str]) -> None:
    assert (method, path) == ("POST", "/mturk/externalSubmit")
    assert fields["assignmentId"].startswith("ASSIGN")
    assert len(fields) >= 2  # it refuses an assignment that comes alone


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Let an app answer in a thread; yield its address."""
    stop = Stop()
    server = open_server(app, app.extensions["study"].config.server)
    thread = threading.Thread(target=run, args=(server, stop))
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    stop.is_wanted = True
    thread.join()


@contextmanager
def serving(config: Config) -> Iterator[tuple[str, Study]]:
    """Serve a study in a thread; yield its address and what it runs on."""
    app = create_app(config)
    study: Study = app.extensions["study"]
    with listening(app) as url:
        yield url, study
    study.store.close()


STUDIES: dict[str, dict[str, object]] = {
    "prolific": {
        "id_parameter": "PROLIFIC_PID",
        "completion_url": f"{PROLIFIC}/submissions/complete?cc={{code}}",
        "completion_code": "GOOD",
        "screened_out_code": "NOPHONES",
        "failed_attention_code": "INATTENTIVE",
    },
    "sona": {
        "id_parameter": "survey_code",
        "completion_url": f"{SONA}/webstudy_credit.aspx?experiment_id=123&credit_token=9f&survey_code=XXXX",
    },
    "mturk": {"id_parameter": "workerId"},
    "link": {"id_parameter": None},
}


@pytest.fixture(scope="module")
def screening_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sounds of a headphone screening, made once."""
    config = make_config(tmp_path_factory.mktemp("sounds"), screening={"tests": ("huggins",)})
    make_screening(config.folders, 1)
    return config.folders.screening


@pytest.fixture(scope="module")
def studies(
    stimuli_folder: Path, screening_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], tuple[str, Study]]]:
    """Return a way to have a study served that recruits in one way."""
    running: dict[str, tuple[str, Study]] = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")

        def serve(name: str) -> tuple[str, Study]:
            if name not in running:
                folder = tmp_path_factory.mktemp(name)
                (folder / "stimuli").symlink_to(stimuli_folder)
                config = make_config(
                    folder,
                    trials=TRIALS,
                    recruitment=STUDIES[name],
                    screening={"tests": ("huggins",), "attempts": 1},
                )
                config.folders.screening.symlink_to(screening_folder)
                running[name] = stack.enter_context(serving(config))
            return running[name]

        yield serve


class Person:
    """Somebody with a browser of their own, who does not wait for sounds to end."""

    def __init__(self, browser: Browser, platform: Platform | None, study: Study) -> None:
        self.context = browser.new_context(java_script_enabled=False, locale="en")
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.study = study
        if platform is not None:
            self.context.route(f"{platform.host}/**", platform.take)

    def go_on(self) -> None:
        """Press the page's main button."""
        self.page.click("main .primary")

    def take_part(self, *, hears: bool = True, attends: bool = True, until: str = "/thanks") -> None:
        """Go on until a page, with headphones or without, attending or not."""
        while until not in self.page.url and not self.page.url.endswith(("/thanks", "/no-headphones")):
            if "/consent" in self.page.url:
                self.page.check("[name=agrees]")
            if self.page.locator("[name=interval]").count():
                right = self._find(ScreeningTrial.screening_trial_id, ScreeningTrial.correct_answer)
                answer = int(right) if hears else int(right) % 3 + 1
                self.page.locator(".intervals label span").nth(answer - 1).click()
            if "/trial/" in self.page.url:
                is_catch = self._find(Trial.trial_id, Trial.trial_kind) == "catch"
                answer_ = "human" if is_catch and not attends else "computer"
                self.page.locator(f".who label:has([value={answer_}]) span").click()
                self.page.locator(".sure span").nth(1).click()
            self.go_on()

    def _find(self, key: object, value: object) -> object:
        own = self.page.url.rsplit("/", 1)[1]
        with self.study.store.read() as db:
            return db.execute(select(value).where(key == own)).scalar_one()  # type: ignore[call-overload, arg-type]

    def hand_in(self) -> str:
        """Hand in the code that the page shows, and return it."""
        code = self.page.inner_text(".code >> nth=0")
        self.go_on()
        expect(self.page.get_by_role("heading", name="Taken")).to_be_visible()
        return code


@pytest.fixture
def enter(browser: Browser, studies: Callable[[str], tuple[str, Study]]) -> Iterator[Callable[..., Person]]:
    """Return a way for somebody new to come by a platform's link."""
    with ExitStack() as stack:

        def come(name: str, link: str, platform: Platform | None = None) -> Person:
            url, study = studies(name)
            person = Person(browser, platform, study)
            stack.callback(person.context.close)
            person.page.goto(f"{url}/{link}")
            return person

        yield come


def list_sessions(study: Study, recruitment_id: str) -> list[StudySession]:
    with study.store.read() as db:
        rows = select(StudySession).join(RecruitmentId).where(RecruitmentId.recruitment_id == recruitment_id)
        return list(db.scalars(rows))


def write_link(pid: str) -> str:
    """Return a link as Prolific fills it in."""
    return f"?PROLIFIC_PID={pid}&STUDY_ID=5f1&SESSION_ID=sub-{pid[-3:]}"


@pytest.mark.parametrize(
    ("pid", "way", "code"),
    [
        ("59e723456789012345678901", {}, "GOOD"),
        ("59e723456789012345678902", {"hears": False}, "NOPHONES"),
        ("59e723456789012345678903", {"attends": False}, "INATTENTIVE"),
    ],
)
def test_prolific_gets_each_outcome_back_by_its_own_code(
    enter: Callable[..., Person], pid: str, way: dict[str, bool], code: str
) -> None:
    prolific = Platform(PROLIFIC, require_prolific)
    person = enter("prolific", write_link(pid), prolific)
    person.go_on()
    person.take_part(**way)
    assert person.hand_in() == code
    assert prolific.taken == [{"cc": code}]
    with person.study.store.read() as db:
        sent = db.scalars(select(RecruitmentId).where(RecruitmentId.recruitment_id == pid)).one()
        assert sent.parameters == {"STUDY_ID": "5f1", "SESSION_ID": f"sub-{pid[-3:]}"}


def test_who_comes_back_by_the_link_on_another_device_goes_on_and_after_the_end_gets_the_code_again(
    enter: Callable[..., Person],
) -> None:
    pid = "59e723456789012345678904"
    first = enter("prolific", write_link(pid))
    first.go_on()
    first.take_part(until="/trial/")
    prolific = Platform(PROLIFIC, require_prolific)
    second = enter("prolific", write_link(pid), prolific)
    assert second.page.url == first.page.url
    second.take_part()
    assert second.hand_in() == "GOOD"
    third = enter("prolific", write_link(pid))
    assert third.page.url.endswith("/thanks")
    assert third.page.inner_text(".code >> nth=0") == "GOOD"
    assert len(list_sessions(first.study, pid)) == 1


def test_two_entries_at_once_are_one_session(enter: Callable[..., Person]) -> None:
    pid = "59e723456789012345678905"
    first, second = enter("prolific", write_link(pid)), enter("prolific", write_link(pid))
    first.go_on()
    second.go_on()
    assert first.page.inner_text(".code") == second.page.inner_text(".code")
    assert len(list_sessions(first.study, pid)) == 1


def test_sona_gets_its_own_code_back_for_who_completed_and_none_for_who_was_screened_out(
    enter: Callable[..., Person],
) -> None:
    sona = Platform(SONA, require_sona)
    done = enter("sona", "?survey_code=00123", sona)
    done.go_on()
    done.take_part()
    done.hand_in()
    assert sona.taken == [{"experiment_id": "123", "credit_token": "9f", "survey_code": "00123"}]
    out = enter("sona", "?survey_code=00124", sona)
    out.go_on()
    out.take_part(hears=False)
    assert out.page.locator(".code").count() == 2  # the text remains
    assert out.page.locator("main a[href^=http], main form[action^=http]").count() == 0


def test_mechanical_turk_shows_a_preview_and_then_gets_the_last_assignment_back_by_a_form(
    enter: Callable[..., Person],
) -> None:
    looking = enter("mturk", "?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H1")
    assert looking.page.locator("main button").count() == 0
    assert "Accept it first" in looking.page.inner_text("main")
    mturk = Platform(MTURK, require_mturk)
    link = f"?workerId=A1&hitId=H1&turkSubmitTo={MTURK}&assignmentId="
    first = enter("mturk", f"{link}ASSIGN1", mturk)
    first.go_on()
    first.take_part(until="/trial/")
    again = enter("mturk", f"{link}ASSIGN2", mturk)  # returned, and taken once more
    again.take_part()
    code = again.hand_in()
    assert mturk.taken == [{"assignmentId": "ASSIGN2", "code": code}]
    assert len(list_sessions(first.study, "A1")) == 1


def test_no_link_makes_the_study_send_anybody_to_another_host(enter: Callable[..., Person]) -> None:
    person = enter("mturk", "?workerId=A2&hitId=H1&assignmentId=ASSIGN3&turkSubmitTo=https://evil.example")
    person.go_on()
    person.take_part()
    assert person.page.locator("form[action*=evil], a[href*=evil]").count() == 0
    assert person.page.locator(".code").count() == 2


def test_who_comes_by_a_plain_link_gets_a_code_of_their_own_as_text(enter: Callable[..., Person]) -> None:
    codes = set()
    for _ in range(2):
        person = enter("link", "?PROLIFIC_PID=59e7")
        person.go_on()
        person.take_part()
        codes.add(person.page.inner_text(".code >> nth=0"))
        assert person.page.locator("main a[href^=http]").count() == 0
    assert len(codes) == 2
    with person.study.store.read() as db:
        assert db.scalars(select(RecruitmentId)).all() == []
