"""Every page of a study that uses every part: for everybody, in every language, light, by keyboard."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from study_server.store import find_store
from study_server.tables import PracticeTrial, QuestionAnswer, ScreeningTrial
from synthesis.screening import make_screening
from tests.study_server.browsing import WAIT_MS, Visitor, require_no_overflow
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

pytestmark = pytest.mark.browser

PASSWORD = "correct horse"
PHONE = {"width": 390, "height": 844}
OLD_PHONE = {"width": 320, "height": 568}
LAPTOP = {"width": 1280, "height": 800}
WALL = {"width": 3840, "height": 2160}
OWN = (
    {"id": "liking", "type": "scale", "ask": "Piano?", "labels": ["not at all", "very much"]},
    {"id": "plays", "type": "multiple", "ask": "Play?", "options": {"a": "Piano", "b": "Voice"}},
)
PARTS = {
    "trials": {"per_participant": {"human": 1, "lstm": 1, "gan": 1}, "break_after": 2},
    "screening": {"tests": ("huggins",), "attempts": 1, "on_fail": "go_on"},
    "practice": {"trials": 1},
    "questions": {
        "before": ("age_band", "pokemon_games", "liking", "plays", "musical_training"),
        "after": ("gave_it_away",),
        "own": OWN,
    },
    "debriefing": {"share_card": True},
    "recruitment": {"reward": "3 PokéCoins", "completion_url": "https://example.org/done?cc={code}"},
}


@pytest.fixture(scope="module")
def served(stimuli_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server of a study that uses every part."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(stimuli_folder, folder / "stimuli")
    config = make_config(folder, **PARTS)
    make_screening(config.folders, 1)
    patch = pytest.MonkeyPatch()
    patch.setenv("STUDY_RESEARCHER_PASSWORD", PASSWORD)
    with Server(config) as server:
        yield server
    patch.undo()


@pytest.mark.parametrize(
    ("language", "options"),
    [
        ("en", {"viewport": PHONE}),
        ("es", {"viewport": OLD_PHONE, "color_scheme": "dark"}),
        ("ja", {"viewport": LAPTOP, "color_scheme": "dark"}),
        ("zh-Hans", {"viewport": OLD_PHONE}),
    ],
)
def test_every_page_in_every_state_is_accessible_and_fits(
    browser: Browser, served: Server, language: str, options: dict[str, object]
) -> None:
    with Visitor(browser, served.url, served.config, f"/?lang={language}", **options) as visitor:
        visitor.begin(at_each=visitor.require_accessible)
        visitor.require_accessible()
        visitor.listen()
        visitor.choose()
        visitor.require_accessible()
        visitor.finish(at_each=visitor.require_accessible)
        visitor.page.click(".replay >> nth=0")
        visitor.require_accessible()
        for path in ("/withdraw", "/nothing"):
            visitor.page.goto(served.url + path)
            visitor.page.click(".languages summary")
            visitor.require_accessible()
            assert visitor.page.locator("html").get_attribute("lang") == language


def test_what_is_missing_and_the_way_out_are_accessible(
    browser: Browser, served: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(served.config.folders.root, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", PASSWORD)
    screening = {**PARTS["screening"], "on_fail": "end"}
    config = make_config(tmp_path, **{**PARTS, "screening": screening, "version": "2"})
    with Server(config) as server, Visitor(browser, server.url, config, viewport=OLD_PHONE) as visitor:
        visitor.go_on()
        visitor.fill_in()
        visitor.go_on()
        visitor.page.evaluate("document.querySelector('form').noValidate = true")
        visitor.go_on()
        expect(visitor.page.get_by_role("alert")).to_be_visible()
        visitor.require_accessible()
        while not visitor.page.url.endswith("/no-headphones"):
            visitor.fill_in()
            if visitor.page.locator(".player").count():
                visitor.hear()
            visitor.go_on()
        visitor.require_accessible()


def test_the_researchers_pages_are_accessible(browser: Browser, served: Server) -> None:
    with Visitor(browser, served.url, served.config, "/researcher/login", viewport=PHONE) as visitor:
        visitor.require_accessible()
        visitor.page.fill("[name=password]", PASSWORD)
        visitor.go_on()
        visitor.require_accessible()


@pytest.mark.parametrize("viewport", [OLD_PHONE, LAPTOP, WALL])
def test_a_page_that_runs_from_right_to_left_fits_and_starts_at_the_right(
    browser: Browser, served: Server, viewport: dict[str, int]
) -> None:
    with Visitor(browser, served.url, served.config, viewport=viewport) as visitor:
        for _ in range(3):
            visitor.page.evaluate("document.documentElement.dir = 'rtl'")
            require_no_overflow(visitor.page)
            heading = visitor.page.locator("h1").bounding_box()
            assert heading is not None
            assert heading["x"] + heading["width"] == pytest.approx(_find_right_edge(visitor.page), abs=2)
            visitor.fill_in()
            visitor.go_on()


def _find_right_edge(page: Page) -> float:
    return float(page.evaluate("document.querySelector('main').getBoundingClientRect().right"))


def test_a_whole_session_by_keyboard_alone(browser: Browser, served: Server) -> None:
    with Visitor(browser, served.url, served.config) as visitor:
        page = visitor.page
        while not page.url.endswith("/thanks"):
            with visitor.leaving():
                _go_through_page(visitor)
        expect(page.get_by_role("link", name="Hand in the code and leave")).to_be_visible()
    with closing(find_store(served.config.folders.database)) as store, store.read() as db:
        assert db.query(ScreeningTrial).filter(ScreeningTrial.answer.is_not(None)).count() >= 6
        assert db.query(PracticeTrial).filter(PracticeTrial.answered_at.is_not(None)).count() >= 1
        assert db.query(QuestionAnswer).filter_by(question_id="gave_it_away").count() >= 1


def _go_through_page(visitor: Visitor) -> None:
    """Press keys until the page is left: tab to each thing, space to choose, single keys on a clip's page."""
    page, keyboard = visitor.page, visitor.page.keyboard
    if page.locator(".player").count() and "/volume" not in page.url:
        expect(page.locator(".play:enabled")).to_be_visible()
        _answer_by_single_keys(page)
        return
    for _ in range(80):
        keyboard.press("Tab")
        kind = page.evaluate("document.activeElement.type || document.activeElement.tagName")
        name = page.evaluate("document.activeElement.className")
        if name == "primary":
            keyboard.press("Enter")
            return
        if kind in ("radio", "checkbox"):
            keyboard.press("Space")
        elif kind == "number":
            keyboard.type("3")
        elif kind == "textarea":
            keyboard.type("the endings hc2")
    raise AssertionError(page.url)


def _answer_by_single_keys(page: Page) -> None:
    if "/headphones/" in page.url and "sound 1" not in page.inner_text("h1"):
        page.evaluate("document.querySelector('.answers').disabled = false")  # one sound was enough
    else:
        page.keyboard.press("p")
    expect(page.locator(".answers:enabled")).to_be_visible(timeout=WAIT_MS)
    for key in ("h", "2", "n") if page.locator(".who").count() else ("2", "n"):
        page.keyboard.press(key)


def test_single_keys_can_be_turned_off_and_stay_off(browser: Browser, served: Server) -> None:
    with Visitor(browser, served.url, served.config).begin() as visitor:
        page = visitor.page
        page.click(".shortcuts summary")
        page.get_by_label("Use single keys").uncheck()
        page.reload()
        expect(page.locator(".play:enabled")).to_be_visible()
        page.keyboard.press("p")
        page.wait_for_timeout(200)
        assert page.evaluate("document.querySelector('audio').paused")
        page.click(".shortcuts summary")
        page.get_by_label("Use single keys").check()
        page.keyboard.press("p")
        expect(page.locator(".is-playing")).to_be_visible()


def test_every_page_is_light_and_all_of_it_comes_from_the_study_without_inline_scripts(
    browser: Browser, served: Server
) -> None:
    weights = {}
    asked: list[str] = []
    with Visitor(browser, served.url, served.config) as visitor:
        visitor.page.on("request", lambda request: asked.append(request.url))

        def weigh() -> None:
            sizes = visitor.page.evaluate(
                "performance.getEntriesByType('resource')"
                ".map(e => [new URL(e.name).pathname.split('.').pop(), e.decodedBodySize])"
            )
            silent = [(kind, size) for kind, size in sizes if kind in ("js", "css", "woff2", "svg")]
            scripts = sum(size for kind, size in silent if kind == "js")
            whole = len(visitor.page.content().encode()) + sum(size for _, size in silent)
            weights[visitor.page.url] = (scripts, whole)
            assert visitor.page.locator("script:not([src]), [style]:not(.ring), [onclick]").count() == 0

        visitor.begin(at_each=weigh)
        weigh()
        visitor.finish(at_each=weigh)
        weigh()
    assert [url for url in asked if not url.startswith((served.url, f"blob:{served.url}", "data:"))] == []
    assert len(weights) > 10
    assert max(scripts for scripts, _ in weights.values()) < 20_000
    assert max(whole for _, whole in weights.values()) < 100_000
