"""The pages of pairs and of ratings in a real browser: mouse, keys, an old phone, every language."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from study_core.config import Config
from study_server.tables import Judgment
from tests.study_server.browser.conftest import TRIALS
from tests.study_server.browsing import Visitor
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

pytestmark = pytest.mark.browser

OLD_PHONE = {"width": 320, "height": 568}
LAPTOP = {"width": 1280, "height": 800}
LOOKS = [
    ("en", {"viewport": LAPTOP}),
    ("es", {"viewport": OLD_PHONE, "color_scheme": "dark"}),
    ("ja", {"viewport": OLD_PHONE}),
    ("zh-Hans", {"viewport": LAPTOP, "color_scheme": "dark"}),
]


@pytest.fixture(scope="module", params=["two_afc", "rating"])
def served_config(
    request: pytest.FixtureRequest, stimuli_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Config:
    """Return a study of two pairs or of four ratings, with practice and a pause."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "stimuli").symlink_to(stimuli_folder)
    trials = {**TRIALS, "paradigm": request.param, "rating_levels": 7, "break_after": 1}
    parts = {"practice": {"trials": 1}, "debriefing": {"share_card": True}}
    return make_config(folder, trials=trials, **parts)


@pytest.mark.parametrize(("language", "options"), LOOKS)
def test_every_page_in_every_state_is_accessible_fits_and_is_light(
    browser: Browser, served: Server, language: str, options: dict[str, object]
) -> None:
    with Visitor(browser, served.url, served.config, f"/?lang={language}", **options) as visitor:
        visitor.begin(at_each=visitor.require_accessible)
        visitor.require_accessible()
        if visitor.page.locator(".pair").count():
            visitor.page.locator(".play").first.click()
            expect(visitor.page.locator(".is-heard")).to_have_count(1)
            visitor.require_accessible()
        visitor.listen()
        visitor.choose()
        visitor.require_accessible()
        visitor.finish(at_each=visitor.require_accessible)
        visitor.page.click(".replay >> nth=0")
        visitor.require_accessible()
        assert visitor.page.locator("html").get_attribute("lang") == language
        assert measure_weight(visitor.page) < 100_000


def measure_weight(page: Page) -> int:
    """Return the bytes of a page and all it loaded, but for sound."""
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.decodedBodySize])"
        ".filter(([name]) => !/audio|blob/.test(name))"
    )
    return len(page.content().encode()) + sum(size for _, size in loaded)


@pytest.mark.parametrize("viewport", [OLD_PHONE, LAPTOP])
def test_a_page_is_answered_by_single_keys_alone(
    browser: Browser, served: Server, viewport: dict[str, int]
) -> None:
    with Visitor(browser, served.url, served.config, viewport=viewport).begin() as visitor:
        page, here = visitor.page, visitor.page.url
        is_pair = served.config.trials.paradigm == "two_afc"
        for key in ("o", "p") if is_pair else ("p",):
            expect(page.locator(".play:enabled")).to_have_count(2 if is_pair else 1)
            page.keyboard.press(key)
            expect(page.locator(".is-playing")).to_have_count(1)
            page.wait_for_timeout(700)
        expect(page.locator(".answers:enabled")).to_be_visible()
        for key in ("b", "4", "k", "n") if is_pair else ("6", "k", "n"):
            page.keyboard.press(key)
        page.wait_for_url(lambda url: url != here)
        judgments = [judgment for judgment in visitor.list_judgments() if judgment is not None]
        answers = [(it.judged_human, it.confidence, it.rating, it.knows_tune) for it in judgments]
        pair = [(False, 4, None, True), (True, 4, None, True)]
        assert answers == (pair if is_pair else [(None, None, 6, True)])


def test_what_was_heard_of_each_clip_is_stored_and_survives_a_reload(
    browser: Browser, served: Server
) -> None:
    with Visitor(browser, served.url, served.config).begin() as visitor:
        page = visitor.page
        page.locator(".play:enabled").first.click()
        expect(page.locator(".is-heard")).to_have_count(1)
        page.reload()
        expect(page.locator(".is-heard")).to_have_count(1)
        if page.locator(".pair").count():
            expect(page.locator(".answers:disabled")).to_have_count(1)
            expect(page.get_by_text("Now listen to the other one.")).to_be_visible()
            page.locator(".play:enabled").nth(1).click()
        expect(page.locator(".answers:enabled")).to_be_visible()
        visitor.choose()
        visitor.go_on()
        for judgment in [judgment for judgment in visitor.list_judgments() if judgment is not None]:
            require_heard(judgment)


def require_heard(judgment: Judgment) -> None:
    """Fail where a judgment does not tell that its clip was played once, for a while."""
    assert judgment.n_plays == 1
    assert 0.4 <= (judgment.heard_s or 0) < 6
    assert 0 < (judgment.coverage or 0) < 1


def test_sides_are_sides_on_a_phone_too_and_one_clip_plays_at_a_time(
    browser: Browser, served: Server
) -> None:
    if served.config.trials.paradigm != "two_afc":
        pytest.skip("there are no sides in ratings")
    with Visitor(browser, served.url, served.config, viewport=OLD_PHONE).begin() as visitor:
        page = visitor.page
        for thing in (".play", ".who label"):
            first, second = (page.locator(thing).nth(place).bounding_box() for place in (0, 1))
            assert first is not None
            assert second is not None
            assert first["y"] == second["y"]
            assert first["x"] + first["width"] <= second["x"]
        page.locator(".play:enabled").first.click()
        expect(page.locator(".is-playing")).to_have_count(1)
        page.locator(".play:enabled").nth(1).click()
        expect(page.locator(".player").nth(1).locator(".is-playing")).to_have_count(1)
        expect(page.locator(".is-playing")).to_have_count(1)


def test_without_javascript_a_session_can_be_finished(browser: Browser, served: Server) -> None:
    with Visitor(browser, served.url, served.config, java_script_enabled=False) as visitor:
        page = visitor.page
        for _ in range(30):
            if page.url.endswith("/thanks"):
                break
            visitor.fill_in()
            if page.locator(".answers").count():
                visitor.choose()
            page.click(".primary")
        assert page.url.endswith("/thanks")
        assert page.locator("audio:visible").count() == 4
