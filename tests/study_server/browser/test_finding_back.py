"""Reloads, the back button, double clicks, two tabs, keys alone, no JavaScript: all lead to the next clip."""

import pytest
from playwright.sync_api import expect

from tests.study_server.browser.conftest import NewVisitor

pytestmark = pytest.mark.browser


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
