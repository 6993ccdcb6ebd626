"""Two hundred accidents in a real browser: each judgment arrives once, and the participant goes on.

Each try is one trial answered while something goes wrong. The table of what was tried and what the store held
is written to the file that STUDY_ACCIDENTS names, if it names one.
"""

import os
import random
import shutil
import signal
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from tests.study_server.browsing import Visitor
from tests.study_server.made_study import make_config
from tests.study_server.served import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

N_TRIES = int(os.environ.get("STUDY_TRIES", "200"))
CUT_S = float(os.environ.get("STUDY_CUT_S", "20"))
TRIALS = {"per_participant": {"human": 4, "lstm": 2, "gan": 2}, "listen_s": 0.3}
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}


class Accidents:
    """A participant to whom things happen; the server may be killed and started again."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.server = browser, server
        self.random = random.Random(6)  # noqa: S311 (which accident comes, not a secret)
        self.n_reopened = 0
        self.visitor = self.meet_visitor()

    def meet_visitor(self) -> Visitor:
        """Return a new participant at the first trial."""
        return Visitor(self.browser, self.server.url, self.server.config).begin()

    def answer(self, press: Callable[[], None]) -> None:
        """Answer the clip on the page, with the main button pressed in a way of one's own."""
        visitor = self.visitor
        visitor.listen()
        visitor.choose(self.random.choice(["Human", "Computer"]), self.random.randint(1, 4))
        here = visitor.page.url
        press()
        try:
            visitor.page.wait_for_url(lambda url: url != here, timeout=60_000)
        except (
            Error
        ):  # the server died between the acknowledgment and the next page: they open the link again
            self.n_reopened += 1
            visitor.page.goto(visitor.url)

    def press(self) -> None:
        """Press the main button."""
        self.visitor.page.click(".primary")

    def cut_network(self) -> None:
        """Answer while the network is gone for a while."""

        def press() -> None:
            self.visitor.context.set_offline(True)
            self.press()
            self.visitor.page.wait_for_timeout(CUT_S * 1000 * self.random.random())
            self.visitor.context.set_offline(False)

        self.answer(press)

    def kill_server(self) -> None:
        """Answer while the server is killed and started again."""

        def press() -> None:
            port = self.server.url.rsplit(":", 1)[1]
            self.visitor.page.click(".primary", no_wait_after=True)
            self.visitor.page.wait_for_timeout(30 * self.random.random())
            self.server.stop(signal.SIGKILL)
            self.server = Server(self.server.config, "--port", port).__enter__()

        self.answer(press)

    def lose_acknowledgment(self) -> None:
        """Answer, and lose the server's answer to it."""
        page = self.visitor.page

        def lose(route) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 (Playwright's)
            if route.request.method == "POST":
                route.fetch()
                route.abort("connectionreset")
                page.unroute("**/trial/*", lose)
            else:
                route.continue_()

        page.route("**/trial/*", lose)
        self.answer(self.press)

    def reload(self) -> None:
        """Reload before, and again right after the answer is sent."""
        self.visitor.listen()
        self.visitor.page.reload()

        def press() -> None:
            self.visitor.page.click(".primary", no_wait_after=True)
            self.visitor.page.evaluate("window.isOld = true; setTimeout(() => location.reload(), 5)")

        self.answer(press)
        self.visitor.page.wait_for_function("!window.isOld")  # the next page may be there before the reload

    def go_back(self) -> None:
        """Answer, and go back."""
        self.answer(self.press)
        page, there = self.visitor.page, self.visitor.page.url
        if "/trial/" in there:
            with self.visitor.leaving():  # the page that going back shows asks the server, and is led on
                page.go_back()
            page.wait_for_url(there)

    def open_two_tabs(self) -> None:
        """Answer the same clip in two tabs."""
        visitor, first = self.visitor, self.visitor.page
        second = visitor.context.new_page()
        second.goto(visitor.url)
        self.answer(self.press)
        visitor.page = second
        self.answer(self.press)
        first.close()

    def press_twice(self) -> None:
        """Press the button twice, fast."""
        self.answer(lambda: self.visitor.page.dblclick(".primary"))

    def use_slow_3g(self) -> None:
        """Answer over a slow line."""
        line = self.visitor.context.new_cdp_session(self.visitor.page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", SLOW_3G)
        self.answer(self.press)
        line.send("Network.emulateNetworkConditions", {**SLOW_3G, "latency": 0, "downloadThroughput": -1})
        line.detach()


KINDS = (
    "cut_network",
    "kill_server",
    "lose_acknowledgment",
    "reload",
    "go_back",
    "open_two_tabs",
    "press_twice",
    "use_slow_3g",
)


def test_of_two_hundred_accidents_none_loses_or_doubles_a_judgment(
    browser: Browser, stimuli_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY_RESEARCHER_PASSWORD", "correct horse")
    shutil.copytree(stimuli_folder, tmp_path / "stimuli")
    accidents = Accidents(browser, Server(make_config(tmp_path, trials=TRIALS)).__enter__())
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for number in range(N_TRIES):
        visitor = accidents.visitor
        kind = KINDS[number % len(KINDS)]
        before, reopened = visitor.count_judgments(), accidents.n_reopened
        getattr(accidents, kind)()
        gained = visitor.count_judgments() - before
        held[kind]["tries"] += 1
        held[kind]["opened again by hand"] += accidents.n_reopened - reopened
        held[kind][{0: "lost", 1: "stored once"}.get(gained, "doubled")] += 1
        assert "/trial/" in visitor.page.url or "/thanks" in visitor.page.url
        if "/thanks" in visitor.page.url or before + 1 >= 7:  # leaves a clip for the second tab
            visitor.finish()
            assert visitor.count_judgments() == 8
            visitor.__exit__()
            accidents.visitor = accidents.meet_visitor()
    accidents.visitor.__exit__()
    accidents.server.stop(signal.SIGTERM)
    _write_table(held)
    assert sum(counts["stored once"] for counts in held.values()) == N_TRIES, dict(held)


def _write_table(held: dict[str, Counter[str]]) -> None:
    path = os.environ.get("STUDY_ACCIDENTS")
    columns = ("tries", "stored once", "lost", "doubled", "opened again by hand")
    lines = ["| what happened | " + " | ".join(columns) + " |", "|---" * 6 + "|"]
    lines += [
        f"| {kind.replace('_', ' ')} | " + " | ".join(str(counts[column]) for column in columns) + " |"
        for kind, counts in held.items()
    ]
    if path:
        Path(path).write_text("\n".join(lines) + "\n")
