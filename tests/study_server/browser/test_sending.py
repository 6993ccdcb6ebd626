"""Sending an answer: whatever the network does, it is stored once, and the participant sees how it stands."""

import re

import pytest
from playwright.sync_api import Request, Route, expect

from tests.study_server.browser.conftest import NewVisitor
from tests.study_server.browsing import Visitor

pytestmark = pytest.mark.browser


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


def test_every_request_of_a_script_may_fail_once_and_nothing_is_lost(visit: NewVisitor) -> None:
    visitor = visit()
    failed = fail_once(visitor, r"/(trial|audio)/|\.wav")
    visitor.begin()
    visitor.finish()
    assert visitor.page.url.endswith("/thanks")
    assert sum(key.startswith("POST") for key in failed) == 4
    assert sum("/audio/" in key for key in failed) == 4
    assert visitor.count_judgments() == 4


def test_a_lost_acknowledgment_doubles_nothing(visit: NewVisitor) -> None:
    visitor = visit()
    failed = fail_once(visitor, r"/trial/", is_answer_lost=True)
    visitor.begin()
    visitor.finish()
    assert len(failed) == 4
    assert visitor.count_judgments() == 4


def test_an_acknowledgment_that_is_cut_off_is_asked_for_again(visit: NewVisitor) -> None:
    """A server that dies while it answers: the judgment is stored, and half of the next page arrives."""
    visitor = visit().begin()
    cut: list[str] = []

    def cut_off(route: Route, request: Request) -> None:
        if request.method != "POST" or request.url in cut:
            route.continue_()
            return
        cut.append(request.url)
        whole = route.fetch()
        route.fulfill(response=whole, body=whole.body()[: len(whole.body()) // 2])

    visitor.page.route("**/trial/*", cut_off)
    visitor.finish()
    assert len(cut) == 4
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
