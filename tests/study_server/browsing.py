"""A participant in a real browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from study_core.config import Config
from study_server.store import find_store
from study_server.tables import Judgment, StudySession

WAIT_MS = 20_000


def do_nothing() -> None:
    """Do nothing at a page."""


class Visitor:
    """Clicks through the study; `page` is the open tab."""

    def __init__(self, browser: Browser, url: str, config: Config, path: str = "", **options: object) -> None:
        self.context = browser.new_context(**{"locale": "en", "reduced_motion": "reduce", **options})  # type: ignore[arg-type]
        self.context.set_default_timeout(WAIT_MS)
        self.url, self.config = url, config
        self.code = ""
        self.has_screened = True
        self.checked: set[str] = set()
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(url + path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.faults == []

    def begin(self, at_each: Callable[[], None] = do_nothing) -> Self:
        """Go to the first trial; do something on each page on the way."""
        at_each()
        self.go_on()
        self.code = self.page.inner_text(".code")
        while "/trial/" not in self.page.url:
            at_each()
            self.fill_in()
            if self.page.locator(".play").count():
                self.hear()
                at_each()
            self.go_on()
        return self

    def go_on(self) -> None:
        """Press the page's main button and wait for the next page, which may have the same address."""
        with self.leaving():
            self.page.click(".primary:enabled")

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Wait, after the block, until this page is left and the next one is there."""
        self.page.evaluate("document.querySelector('main').dataset.old = ''")
        yield
        self.page.wait_for_selector("main:not([data-old]) + .foot")
        self.page.wait_for_load_state()

    def fill_in(self) -> None:
        """Answer what the page asks, but nothing about a sound."""
        if "/consent" in self.page.url:
            self.page.locator("[name=agrees]").check()
        for group in self.page.locator("fieldset.question").all():
            group.locator("label").nth(1).click()
        for number in self.page.locator("input[type=number]").all():
            number.fill("4")

    def hear(self) -> None:
        """Do what the page's sound asks for."""
        if "/volume" in self.page.url:
            return
        if "/headphones/" in self.page.url and self.has_screened:
            self.page.evaluate("document.querySelector('.answers').disabled = false")  # one sound was enough
        else:
            self.listen()
        self.has_screened = self.has_screened or "/headphones/" in self.page.url
        if "/practice/" in self.page.url:
            self.choose()
        elif self.page.locator("[name=interval]").count():
            self.page.locator(".intervals span").nth(1).click()

    def listen(self) -> None:
        """Play the clip, or both of a pair, until it may be answered."""
        players = self.page.locator(".player").all()
        for player in players:
            player.locator(".play:enabled").click()
            if len(players) > 1:
                expect(player).to_have_class(re.compile("is-heard"), timeout=WAIT_MS)
        expect(self.page.locator(".answers:enabled")).to_be_visible(timeout=WAIT_MS)

    def choose(self, answer: str = "Human", confidence: int = 2) -> None:
        """Choose an answer: of a pair "First" or "Second", where "Human" is the first; a rating has none."""
        if self.page.locator(".rate").count() == 0:
            is_pair = self.page.locator(".pair").count() > 0
            value = {"human": "first"}.get(answer.lower(), answer.lower()) if is_pair else answer.lower()
            self.page.locator(f".who label:has([value={value}]) span").first.click()
        self.page.locator(".sure label").nth(confidence - 1).click()

    def answer(self, answer: str = "Human", confidence: int = 2) -> None:
        """Listen, answer and wait for the next page."""
        here = self.page.url
        self.listen()
        self.choose(answer, confidence)
        self.page.click(".primary")
        self.page.wait_for_url(lambda url: url != here)

    def finish(self, at_each: Callable[[], None] = do_nothing) -> None:
        """Answer what is left."""
        while not self.page.url.endswith("/thanks"):
            if "/trial/" in self.page.url:
                self.answer()
            else:
                at_each()
                self.fill_in()
                self.go_on()

    def list_judgments(self) -> list[Judgment | None]:
        """Return what the store holds for this participant's trials, in their order."""
        store = find_store(self.config.folders.database)
        with store.read() as db:
            found = db.query(StudySession).filter_by(withdrawal_code=self.code).one()
            judgments = [trial.judgment for trial in found.trials]
        store.close()
        return judgments

    def count_judgments(self) -> int:
        """Return how many of this participant's trials have a judgment."""
        return sum(judgment is not None for judgment in self.list_judgments())

    def require_accessible(self) -> None:
        """Fail where axe finds a violation, or the page is wider than its window; once for each state."""
        opened = self.page.locator(".answers:enabled, .languages[open], .is-playing").count()
        state = re.sub(r"\w{32}|\d", "#", f"{self.page.url} {self.page.inner_text('h1')} {opened}")
        if state in self.checked:
            return
        self.checked.add(state)
        results = Axe().run(self.page)
        assert not results.violations_count, f"{self.page.url}: {results.generate_report()}"
        require_no_overflow(self.page)


def require_no_overflow(page: Page) -> None:
    """Fail where the page must be scrolled sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1], page.url
