"""The participant's study in a real browser against the real server: nothing lost, nothing doubled."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from study_core.config import Config
from tests.study_server.browsing import Visitor
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

pytestmark = pytest.mark.browser

log = logging.getLogger(__name__)

PASSWORD = "correct horse"
PHONE = {"width": 390, "height": 844}
TRIALS = {"per_participant": {"human": 2, "lstm": 1, "gan": 1}}
NewVisitor = Callable[..., Visitor]


@pytest.fixture(scope="module")
def served(stimuli_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that runs for all tests of this file."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(stimuli_folder, folder / "stimuli")
    patch = pytest.MonkeyPatch()
    patch.setenv("STUDY_RESEARCHER_PASSWORD", PASSWORD)
    with Server(make_config(folder, trials=TRIALS)) as server:
        yield server
    patch.undo()


@pytest.fixture
def visit(browser: Browser, served: Server) -> Iterator[NewVisitor]:
    """Return a way to open the study as a new participant."""
    visitors: list[Visitor] = []

    def open_study(**options: object) -> Visitor:
        visitors.append(Visitor(browser, served.url, served.config, **options))
        return visitors[-1]

    yield open_study
    for visitor in visitors:
        visitor.__exit__()


def fail_once(visitor: Visitor, pattern: str, *, is_answer_lost: bool = False) -> list[str]:
    """Make each address of a pattern fail on its first request; return the addresses that failed.

    The request never arrives, or it arrives and its answer is lost.
    """
    failed: list[str] = []

    def handle(route: Route, request: Request) -> None:
        key = f"{request.method} {request.url}"
        if request.resource_type != "fetch" or key in failed:
            route.continue_()
            return
        failed.append(key)
        if is_answer_lost:
            route.fetch()
        route.abort("connectionreset")

    visitor.page.route(re.compile(pattern), handle)
    return failed


def test_a_whole_session_by_mouse_is_stored_as_it_was_heard_and_answered(visit: NewVisitor) -> None:
    visitor = visit(viewport=PHONE).begin()
    visitor.listen()
    visitor.page.get_by_label("I know this tune").check()
    visitor.answer("Computer", 4)
    visitor.finish()
    expect(visitor.page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert visitor.code in visitor.page.inner_text("main")
    judgments = [judgment for judgment in visitor.list_judgments() if judgment is not None]
    assert [judgment.judged_human for judgment in judgments] == [False, True, True, True]
    assert [judgment.confidence for judgment in judgments] == [4, 2, 2, 2]
    assert [judgment.knows_tune for judgment in judgments] == [True, False, False, False]
    for judgment in judgments:
        assert judgment.n_plays == 1
        assert 0.4 <= (judgment.heard_s or 0) <= 6.2  # the clip really played
        assert (judgment.answer_time_s or 0) >= (judgment.heard_s or 0) - 0.5
        assert (judgment.coverage or 0) == pytest.approx((judgment.heard_s or 0) / 6, abs=0.1)
        assert (judgment.load_errors, judgment.stalls, judgment.hidden_count) == (0, 0, 0)
        assert 0 <= (judgment.output_latency_s or 0) < 1
        assert judgment.language == "en"


def test_every_request_of_a_script_may_fail_once_and_nothing_is_lost(visit: NewVisitor) -> None:
    visitor = visit()
    failed = fail_once(visitor, r"/(trial|audio)/|\.wav")
    visitor.begin()
    visitor.finish()
    assert visitor.page.url.endswith("/thanks")
    assert sum(key.startswith("POST") for key in failed) == 4
    assert sum("/audio/" in key for key in failed) == 4
    assert visitor.count_judgments() == 4


def test_a_clip_that_cannot_be_decoded_is_told_fetched_anew_and_recorded(visit: NewVisitor) -> None:
    visitor = visit()
    spoiled: list[str] = []

    def spoil(route: Route) -> None:
        spoiled.append(route.request.url)
        if len(spoiled) == 1:
            route.fulfill(status=200, content_type="audio/mpeg", body=b"no sound at all")
        else:
            route.continue_()

    visitor.page.route("**/audio/*", spoil)
    visitor.begin()
    expect(visitor.page.get_by_text("Your browser could not play the sound")).to_be_visible()
    visitor.answer()
    judgments = visitor.list_judgments()
    assert judgments[0] is not None
    assert judgments[0].load_errors == 1
    assert (judgments[0].heard_s or 0) > 0.4


def test_a_browser_that_can_play_opus_asks_for_it_whatever_the_clip(visit: NewVisitor) -> None:
    visitor = visit().begin()
    script = visitor.page.locator("script[src]").get_attribute("src") or ""
    chosen = visitor.page.evaluate(
        "player => import(player).then(({ chooseFormat }) => "
        "['opus mp3', 'mp3', ''].map(formats => chooseFormat('/audio/0.mp3', formats)))",
        script.replace("trial.js", "player.js"),
    )
    assert chosen == ["/audio/0.opus", "/audio/0.mp3", "/audio/0.mp3"]


def test_a_lost_acknowledgment_doubles_nothing(visit: NewVisitor) -> None:
    visitor = visit()
    failed = fail_once(visitor, r"/trial/", is_answer_lost=True)
    visitor.begin()
    visitor.finish()
    assert len(failed) == 4
    assert visitor.count_judgments() == 4


def test_a_participant_sees_that_an_answer_is_not_saved_yet_and_then_goes_on(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.listen()
    visitor.choose("Computer", 4)
    visitor.page.route("**/trial/*", lambda route: route.abort())
    visitor.page.click(".primary")
    expect(visitor.page.get_by_text("Not saved yet. Trying again")).to_be_visible()
    here = visitor.page.url
    visitor.page.unroute("**/trial/*")
    visitor.page.wait_for_url(lambda url: url != here)
    judgments = visitor.list_judgments()
    assert judgments[0] is not None
    assert (judgments[0].judged_human, judgments[0].confidence) == (False, 4)


def test_an_answer_that_could_not_be_sent_survives_a_reload(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.listen()
    visitor.choose("Computer", 3)
    here = visitor.page.url
    visitor.page.route(
        "**/trial/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    visitor.page.click(".primary")
    expect(visitor.page.get_by_text("Not saved yet")).to_be_visible()
    visitor.page.reload()
    expect(visitor.page.get_by_text("Not saved yet")).to_be_visible()
    visitor.page.unroute("**/trial/*")
    visitor.page.wait_for_url(lambda url: url != here)
    judgments = visitor.list_judgments()
    assert judgments[0] is not None
    assert (judgments[0].judged_human, judgments[0].confidence) == (False, 3)
    assert judgments[0].heard_s is not None
    assert judgments[0].heard_s > 0.4


def test_a_double_click_stores_one_judgment_and_skips_no_trial(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.listen()
    visitor.choose()
    here = visitor.page.url
    visitor.page.dblclick(".primary")
    visitor.page.wait_for_url(lambda url: url != here)
    expect(visitor.page.get_by_role("heading", name="Clip 2 of 4")).to_be_visible()
    assert visitor.count_judgments() == 1


def test_going_back_leads_to_the_first_unanswered_trial(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.answer()
    visitor.answer()
    here = visitor.page.url
    visitor.page.go_back()
    visitor.page.wait_for_url(here)
    expect(visitor.page.get_by_role("heading", name="Clip 3 of 4")).to_be_visible()
    visitor.answer("Computer")
    assert [j and j.judged_human for j in visitor.list_judgments()][:4] == [True, True, False, None]


def test_a_reload_stays_and_keeps_what_was_heard(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.listen()
    here = visitor.page.url
    visitor.page.reload()
    assert visitor.page.url == here
    expect(visitor.page.locator(".answers:enabled")).to_be_visible()
    visitor.choose()
    visitor.page.click(".primary")
    visitor.page.wait_for_url(lambda url: url != here)
    assert visitor.count_judgments() == 1


def test_two_tabs_give_one_judgment_per_trial(visit: NewVisitor) -> None:
    visitor = visit().begin()
    first = visitor.page
    second = visitor.context.new_page()
    second.goto(visitor.url)
    assert second.url == first.url
    here = first.url
    visitor.answer("Human")
    visitor.page = second
    visitor.answer("Computer", 4)
    assert second.url == first.url != here
    judgments = visitor.list_judgments()
    assert judgments[0] is not None
    assert judgments[0].judged_human
    assert visitor.count_judgments() == 1


def test_a_trial_can_be_done_by_keyboard_alone(visit: NewVisitor) -> None:
    visitor = visit().begin()
    keyboard, here = visitor.page.keyboard, visitor.page.url
    expect(visitor.page.locator(".play")).to_be_enabled()
    for _ in ("skip link", "languages", "play"):
        keyboard.press("Tab")
    expect(visitor.page.get_by_role("button", name="Play the clip")).to_be_focused()
    keyboard.press("Space")
    expect(visitor.page.locator(".answers:enabled")).to_be_visible()
    for key in ("Tab", "Space", "ArrowRight", "Tab", "Space", "Tab", "Space", "Tab", "Enter"):
        keyboard.press(key)
    visitor.page.wait_for_url(lambda url: url != here)
    judgments = visitor.list_judgments()
    assert judgments[0] is not None
    assert (judgments[0].judged_human, judgments[0].confidence, judgments[0].knows_tune) == (False, 1, True)


def test_without_javascript_a_session_can_be_finished(visit: NewVisitor) -> None:
    visitor = visit(java_script_enabled=False).begin()
    expect(visitor.page.locator("audio")).to_be_visible()
    for _ in range(4):
        visitor.choose("Computer", 1)
        visitor.page.click(".primary")
    assert visitor.page.url.endswith("/thanks")
    assert visitor.count_judgments() == 4


def test_going_on_asks_for_nothing_but_to_store_the_answer(visit: NewVisitor) -> None:
    visitor = visit().begin()
    visitor.page.wait_for_load_state("networkidle")
    here = visitor.page.url
    visitor.listen()
    visitor.choose()
    asked: list[tuple[str, str]] = []
    visitor.page.on("request", lambda request: asked.append((request.method, request.url)))
    visitor.page.click(".primary")
    expect(visitor.page.get_by_role("heading", name="Clip 2 of 4")).to_be_focused()
    expect(visitor.page.locator(".play")).to_be_enabled()
    assert asked[0] == ("POST", here)
    assert [url for _, url in asked[1:] if not re.search(r"^blob:|/audio/|mark\.svg", url)] == []
    sounds = visitor.page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(e => e.name.includes('/audio/')).map(e => [e.name, e.transferSize])"
    )
    assert visitor.page.title().startswith("Clip 2 of 4")
    assert len(sounds) >= 3
    assert sounds[1][0] == sounds[2][0]  # preloaded, then taken out of the browser's cache
    assert sounds[2][1] == 0


MEASURE_JS = """() => new Promise((done) => {
  const start = performance.now(), here = location.href;
  document.querySelector(".primary").click();
  const look = () => {
    const play = document.querySelector(".play");
    if (location.href !== here && play && !play.disabled) done(performance.now() - start);
    else setTimeout(look, 1);
  };
  look();
})"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "limit_ms"),
    [
        (None, 100),
        ({"latency": 300, "downloadThroughput": 200_000, "uploadThroughput": 96_000}, 400),  # 3G: 1.6 Mbit/s
    ],
)
def test_the_next_clip_is_playable_at_once(
    visit: NewVisitor, line: dict[str, int] | None, limit_ms: float
) -> None:
    times_ms = []
    for _ in range(5):
        visitor = visit().begin()
        if line is not None:
            session = visitor.context.new_cdp_session(visitor.page)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", {"offline": False, **line})
        for _ in range(3):
            visitor.listen()
            visitor.choose()
            visitor.page.wait_for_load_state("networkidle")
            times_ms.append(visitor.page.evaluate(MEASURE_JS))
    log.info("%s: median %.0f ms of %d", line or "loopback", median(times_ms), len(times_ms))
    assert median(times_ms) < limit_ms, times_ms


def test_the_play_button_pauses_and_goes_on(visit: NewVisitor, served: Server) -> None:
    visitor = visit().begin()
    visitor.listen()
    visitor.page.get_by_role("button", name="Pause the clip").click()
    visitor.page.get_by_role("button", name="Play the clip").click()
    expect(visitor.page.get_by_role("button", name="Pause the clip")).to_be_visible()
    assert visitor.page.evaluate("document.querySelector('audio').duration") == pytest.approx(6, abs=0.2)
    assert isinstance(served.config, Config)
