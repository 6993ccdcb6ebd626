"""The next clip is there at once: nothing is asked for but to store the answer."""

import logging
import re
from statistics import median

import pytest
from playwright.sync_api import expect

from tests.study_server.browser.conftest import NewVisitor

pytestmark = pytest.mark.browser

log = logging.getLogger(__name__)


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
