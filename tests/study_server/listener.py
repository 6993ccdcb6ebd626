"""A participant who works with pages and forms, as a browser without JavaScript would."""

import re
from typing import Self

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import TestResponse

from study_server.security import PROOF_HEADER, prove_simulation

FACTS = {"heard_s": "6.0", "n_plays": "1", "stalls": "0", "answer_time_s": "7.5", "hidden_count": "0"}


class Participant:
    """Opens pages, follows redirects and fills in forms."""

    def __init__(self, app: Flask, *, is_simulated: bool = False) -> None:
        self.client = app.test_client()
        proof = prove_simulation(app.extensions["study"].config.folders)
        self.headers = {PROOF_HEADER: proof} if is_simulated else {}
        self.reply: TestResponse
        self.open("/")

    def open(self, path: str) -> Self:
        """Open an address."""
        self.reply = self.client.get(path, follow_redirects=True, headers=self.headers)
        return self

    def send(self, fields: dict[str, str] | None = None, *, path: str | None = None) -> Self:
        """Send the page's first form, or the same fields to another address."""
        action = path or str(self.form["action"])
        hidden = {
            str(tag["name"]): str(tag.get("value", "")) for tag in self.form.select("input[type=hidden]")
        }
        data = hidden | (fields or {})
        self.reply = self.client.post(action, data=data, follow_redirects=True, headers=self.headers)
        return self

    def answer(self, answer: str = "human", confidence: int = 3, **more: str) -> Self:
        """Answer the page's clip or pair, whose first clip is taken for the human one; rate where it asks."""
        if self.page.select_one("[name=answer][value=first]"):
            answer = {"human": "first", "computer": "second"}.get(answer, answer)
        fields = {"answer": answer, "confidence": str(confidence), "rating": str(confidence)}
        return self.send(fields | FACTS | more)

    def begin(self) -> Self:
        """Go to the first trial."""
        return self.send().send({"agrees": "1"}).send()

    def finish(self, answer: str = "human") -> Self:
        """Go on to the end."""
        if self.path == "/":
            self.begin()
        while self.path.startswith("/trial/"):
            self.answer(answer)
        return self

    def finish_from_consent(self) -> Self:
        """Go on from the consent page to the end."""
        return self.send({"agrees": "1"}).send().finish()

    def withdraw(self) -> Self:
        """Withdraw with the code that the page fills in."""
        code = self.open("/withdraw").form.select_one("[name=code]")
        assert code is not None
        return self.send({"code": str(code["value"])})

    @property
    def path(self) -> str:
        """Where they are."""
        return self.reply.request.path

    @property
    def page(self) -> BeautifulSoup:
        """What they see."""
        return BeautifulSoup(self.reply.data, "html.parser")

    @property
    def form(self) -> Tag:
        """The first form they see."""
        form = self.page.find("form")
        assert isinstance(form, Tag), self.reply.text
        return form

    @property
    def text(self) -> str:
        """What they read, in one line."""
        return re.sub(r"\s+", " ", self.page.get_text(" ")).strip()

    @property
    def codes(self) -> list[str]:
        """The codes on the page."""
        return [tag.get_text() for tag in self.page.select(".code")]

    @property
    def sound(self) -> str:
        """The address of the page's first sound."""
        return self.sounds[0]

    @property
    def sounds(self) -> list[str]:
        """The addresses of the page's sounds."""
        return [str(tag["src"]) for tag in self.page.select("audio")]
