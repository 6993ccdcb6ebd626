"""A participant in a real browser."""

from collections.abc import Callable
from typing import Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from study_core.config import Config
from study_server.store import find_store
from study_server.tables import Judgment, StudySession

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
WAIT_MS = 20_000


class Visitor:
    """Clicks through the study; `page` is the open tab."""

    def __init__(self, browser: Browser, url: str, config: Config, **options: object) -> None:
        self.context = browser.new_context(**options)  # type: ignore[arg-type]
        self.context.set_default_timeout(WAIT_MS)
        self.url, self.config = url, config
        self.code = ""
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert not self.faults

    def begin(self, at_each: Callable[[], None] = lambda: None) -> Self:
        """Go to the first trial; do something on each page on the way."""
        self.go_on("/consent")
        self.code = self.page.inner_text(".code")
        self.page.get_by_label("I have read this").check()
        at_each()
        self.go_on("/volume")
        at_each()
        self.go_on("/trial/*")
        at_each()
        return self

    def go_on(self, where: str) -> None:
        """Press the page's main button and wait for the next page."""
        self.page.click(".primary")
        self.page.wait_for_url(f"{self.url}{where}")

    def listen(self) -> None:
        """Play the clip until it may be answered."""
        self.page.click(".play:enabled")
        expect(self.page.locator(".answers:enabled")).to_be_visible(timeout=WAIT_MS)

    def choose(self, answer: str = "Human", confidence: int = 2) -> None:
        """Choose an answer."""
        self.page.locator(".who span", has_text=answer).click()
        self.page.locator(".sure span").nth(confidence - 1).click()

    def answer(self, answer: str = "Human", confidence: int = 2) -> None:
        """Listen, answer and wait for the next page."""
        here = self.page.url
        self.listen()
        self.choose(answer, confidence)
        self.page.click(".primary")
        self.page.wait_for_url(lambda url: url != here)

    def finish(self) -> None:
        """Answer what is left."""
        while "/trial/" in self.page.url:
            self.answer()

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
        """Fail where axe finds a violation on the page, or it is wider than its window."""
        results = Axe().run(self.page)
        assert not results.violations_count, f"{self.page.url}: {results.generate_report()}"
        require_no_overflow(self.page)


def require_no_overflow(page: Page) -> None:
    """Fail where the page must be scrolled sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1], page.url
