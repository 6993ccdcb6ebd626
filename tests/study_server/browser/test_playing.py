"""Playing a clip: what is heard is stored, and what goes wrong with it is told."""

import pytest
from playwright.sync_api import Route, expect

from study_core.config import Config
from tests.study_server.browser.conftest import NewVisitor
from tests.study_server.served import Server

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


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


def test_the_play_button_pauses_and_goes_on(visit: NewVisitor, served: Server) -> None:
    visitor = visit().begin()
    visitor.listen()
    visitor.page.get_by_role("button", name="Pause the clip").click()
    visitor.page.get_by_role("button", name="Play the clip").click()
    expect(visitor.page.get_by_role("button", name="Pause the clip")).to_be_visible()
    assert visitor.page.evaluate("document.querySelector('audio').duration") == pytest.approx(6, abs=0.2)
    assert isinstance(served.config, Config)
