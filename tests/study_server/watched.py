"""The real server with its log and its metrics, and a browser that keeps every byte it receives."""

import json
import re
import signal
import subprocess
from typing import Any, Self

import httpx

from study_core.config import Config
from tests.study_server.listener import FACTS
from tests.study_server.served import Server

BROWSER = "Mozilla/5.0 (Unmistakable; Rare Browser 99.17)"
FIELD = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')
FORMATS = re.compile(r'data-formats="([^"]*)"')
SHOWN = ("/static/", "/audio/", "/volume.wav")
ADDRESS = re.compile(r'(?:src|href|action|data-[a-z-]+)="(/[^"]*)"')


class WatchedServer(Server):
    """`study serve --json-logs --metrics`, its log kept in `log_path`."""

    def __init__(self, config: Config, *arguments: str) -> None:
        super().__init__(config, "--json-logs", "--metrics", "127.0.0.1:0", *arguments)
        self.log_path = config.folders.root.parent / f"{config.folders.root.name}.log"

    def __enter__(self) -> Self:
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline() for _ in range(3)]
        self.url, _, self.metrics = (
            url.rstrip("/") for url in re.findall(r"http://\S+", "".join(self.lines))
        )
        return self

    def read_log(self) -> list[dict[str, Any]]:
        """Return the log's lines."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def read_metrics(self) -> str:
        """Return what Prometheus would read."""
        return httpx.get(self.metrics).text

    def end(self) -> None:
        """Stop in order."""
        assert self.stop(signal.SIGTERM) == 0


class Browser:
    """Goes through the study and keeps every reply: address, headers in their order, bytes."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, headers={"User-Agent": BROWSER})
        self.replies: list[httpx.Response] = []
        self.trials: list[list[httpx.Response]] = []
        """Of each trial: its page and its sounds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """Send a request and keep the reply."""
        reply = self.client.request(method, path, data=fields)
        self.replies.append(reply)
        return reply

    def go_through(self) -> Self:
        """Take the whole study, fetching all that each page names."""
        place = "/"
        while place != "/thanks":
            page = self.ask("GET", place)
            if page.status_code == 303:
                place = page.headers["location"]
                continue
            own = [page] if place.startswith("/trial/") else []
            own += [self.ask("GET", address) for address in self.list_new(page.text)]
            if place.startswith("/trial/"):
                self.trials.append(own)
            action = re.findall(r'<form method="post" action="([^"]+)"', page.text)
            fields = (
                dict(FIELD.findall(page.text)) | FACTS | {"agrees": "1", "answer": "human", "confidence": "2"}
            )
            place = self.ask("POST", action[-1] if place == "/" else action[0], fields).headers["location"]
        self.ask("GET", place)
        return self

    def list_new(self, text: str) -> list[str]:
        """Return the addresses on a page that were not asked for yet and that only show something."""
        known = {reply.request.url.path for reply in self.replies}
        wanted = [address for address in ADDRESS.findall(text) if address.startswith(SHOWN)]
        for kind in " ".join(FORMATS.findall(text)).split():  # a browser's script chooses among these
            wanted += [re.sub(r"(?<=/audio/)(\w+)\.\w+$", rf"\1.{kind}", address) for address in wanted]
        return [address for address in dict.fromkeys(wanted) if address not in known]
