"""The researcher's desk in Chromium: accessible on every screen, and up to date by itself."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from study_server.preview import PREFIX
from study_server.results import SystemCount
from tests.study_server.browser.test_platforms import listening
from tests.study_server.browsing import WAIT_MS, require_no_overflow
from tests.study_server.listener import Participant

pytestmark = pytest.mark.browser

SCREENS = (
    {"viewport": {"width": 390, "height": 844}},
    {"viewport": {"width": 320, "height": 568}, "color_scheme": "dark"},
    {"viewport": {"width": 1280, "height": 800}},
)
PASSWORD = "correct horse"


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Return the address of a study in which somebody finished, somebody left, somebody is flagged."""
    Participant(app).finish()
    Participant(app).begin().answer(stalls="2")
    Participant(app).send()
    with listening(app) as address:
        yield address


def log_in(page: Page, url: str) -> Page:
    page.set_default_timeout(30_000)
    page.goto(f"{url}/researcher")
    page.fill("[name=password]", PASSWORD)
    page.click(".primary")
    expect(page.get_by_role("heading", name="How the study goes")).to_be_visible()
    return page


def require_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert not results.violations_count, f"{page.url}: {results.generate_report()}"
    require_no_overflow(page)


def test_every_room_is_accessible_and_fits_every_screen(browser: Browser, url: str) -> None:
    for screen in SCREENS:
        context = browser.new_context(reduced_motion="reduce", **screen)  # type: ignore[arg-type]
        page = log_in(context.new_page(), url)
        for summary in page.locator("details summary").all():
            summary.click()
        require_accessible(page)
        for room in ("/participants", "/data", "/preview?seed=3&systems=shown"):
            page.goto(f"{url}/researcher{room}")
            require_accessible(page)
        page.goto(f"{url}/researcher/participants?kind=flagged")
        page.click(".roster a")
        require_accessible(page)
        page.goto(f"{url}/researcher/preview/jump/thanks?language=ja")
        require_accessible(page)
        context.close()


def test_results_of_many_fit_every_screen(
    browser: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = [
        SystemCount(name, n_clips=120, n_judgments=12_000, n_human=10_800, sum_ratings=0)
        for name in ("human_original", "article_lstm", "somebody_elses_generator")
    ]
    monkeypatch.setattr("study_server.results.count_by_system", lambda *_, **__: counts)
    for screen in SCREENS:
        context = browser.new_context(reduced_motion="reduce", **screen)  # type: ignore[arg-type]
        page = log_in(context.new_page(), url)
        page.goto(f"{url}/researcher/data")
        page.fill("form[action$=look] [name=reason]", "a look at the page itself")
        page.click("form[action$=look] button")
        expect(page.get_by_text("10800 of 12000")).to_have_count(3)
        require_accessible(page)
        context.close()


def test_the_live_page_brings_itself_up_to_date_and_says_when_it_cannot(
    browser: Browser, url: str, app: Flask
) -> None:
    context = browser.new_context()
    page = log_in(context.new_page(), url)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    expect(page.locator("#target-heading")).to_have_text(re.compile("1 of 2 participants"))
    page.click("#clips summary")
    Participant(app).finish()
    expect(page.locator("#target-heading")).to_have_text(re.compile("2 of 2 participants"), timeout=WAIT_MS)
    expect(page.locator("#clips table")).to_be_visible()  # what was folded out stays so
    expect(page.locator("#clips summary")).to_be_focused()
    page.route("**/researcher/live", lambda route: route.abort())
    expect(page.locator("#unreached")).to_be_visible(timeout=WAIT_MS)
    page.unroute("**/researcher/live")
    expect(page.locator("#unreached")).to_be_hidden(timeout=WAIT_MS)
    context.clear_cookies()
    page.wait_for_url("**/researcher/login")
    assert faults == []
    context.close()


def test_a_researcher_walks_the_preview_to_the_end_with_sound(browser: Browser, url: str) -> None:
    context = browser.new_context(locale="en", reduced_motion="reduce")
    page = log_in(context.new_page(), url)
    page.goto(f"{url}/researcher/preview")
    page.get_by_role("link", name="Clip 8").click()
    expect(page.get_by_text("Preview: nothing is stored in the data.")).to_be_visible()
    page.click(".play:enabled")
    expect(page.locator(".answers:enabled")).to_be_visible()
    page.locator(".who label:has([value=human]) span").click()
    page.locator(".sure span >> nth=1").click()
    page.click("main .primary")
    page.wait_for_url(f"**{PREFIX}/thanks")
    page.get_by_role("link", name="All pages").click()
    expect(page.get_by_role("heading", name="Jump to a page")).to_be_visible()
    context.close()
