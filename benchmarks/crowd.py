"""Many participants at once, as light as can be: one event loop, plain HTTP/1.1, no parsing of HTML."""

import asyncio
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

FIELD = re.compile(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?')
ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
SOUND = re.compile(r'(?:data-clip|src)="(/audio/[^"]+)"')
FACTS = {"heard_s": "19.5", "n_plays": "1", "stalls": "0", "answer_time_s": "24.1", "hidden_count": "0"}
FORM = "application/x-www-form-urlencoded"
TIMEOUT_S = 60.0
LONGEST_ARRIVAL_S = 90.0


def find_p99(seconds: Sequence[float]) -> float:
    """Return the time that 99 of 100 requests do not exceed."""
    return sorted(seconds)[max(0, -(-99 * len(seconds) // 100) - 1)] if seconds else 0.0


@dataclass
class Record:
    """What a crowd met: times by kind of request in seconds, what went wrong, judgments acknowledged."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    n_judged: int = 0
    n_ever: int = 0
    """Judgments with those before the times were counted."""
    n_finished: int = 0
    cpu_s: float = 0.0
    """What a clock of the server's processor time went on by while the times were counted."""
    started: set[int] = field(default_factory=set)
    """Who has been at a clip."""

    async def wait_until(self, is_true: Callable[[], bool], longest_s: float) -> None:
        """Wait for something to become true, or for that long."""
        until = time.perf_counter() + longest_s
        while not is_true() and time.perf_counter() < until:  # noqa: ASYNC110 (a tenth of a second will do)
            await asyncio.sleep(0.1)

    def forget_times(self) -> None:
        """Begin to count anew; faults are kept."""
        self.seconds.clear()
        self.n_judged = self.n_finished = 0


@dataclass(frozen=True)
class Reply:
    """A server's reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Person:
    """One participant after another in one browser."""

    def __init__(
        self, port: int, record: Record, thinking_s: float, seed: int, *, hears: bool = True
    ) -> None:
        """Sit down at a computer; `thinking_s` is the median time at one clip, 0 for none."""
        self._port, self._record, self._thinking_s, self._hears = port, record, thinking_s, hears
        self._chance = random.Random(seed)  # noqa: S311 (people, not secrets)
        self._cookie = ""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def take_part(self) -> None:
        """Go through the study again and again, until cancelled."""
        await asyncio.sleep(self._chance.uniform(0, max(self._thinking_s, 0.5)))
        while True:
            try:
                await self._go_through()
            except (OSError, asyncio.IncompleteReadError, TimeoutError, RuntimeError) as error:
                self._record.faults.append(f"{type(error).__name__}: {error}")
                self._streams = None
                await asyncio.sleep(0.5)

    async def say_hello(self) -> None:
        """Send the fields of a judgment to a server that has no study, again and again, until cancelled."""
        self._record.started.add(id(self))
        fields = {"answer": "human", "confidence": "2", "csrf_token": 90 * "x", **FACTS}
        while True:
            await self._send("POST", "/hello", "judgment", fields)
            self._record.n_judged += 1
            self._record.n_ever += 1

    async def _go_through(self) -> None:
        self._cookie = ""
        place, text = "/", ""
        while True:
            if not text:
                page = await self._send("GET", place, "page")
                text = page.text
                if page.status == 303:  # noqa: PLR2004 (HTTP's)
                    place, text = page.headers["location"], ""
                    continue
            if place == "/thanks":
                self._record.n_finished += 1
                return
            place, text = await self._fill_in(place, text)

    async def _fill_in(self, place: str, page: str) -> tuple[str, str]:
        """Send a page's form; return where to go on, and the page itself where the server sent it along."""
        action = ACTION.search(page)
        if action is None:
            raise RuntimeError(f"{place} has no form")
        fields = {name: value for name, value in FIELD.findall(page) if value}
        if not place.startswith("/trial/"):
            reply = await self._send("POST", action[1], "other form", fields | {"agrees": "1"})
            return reply.headers["location"], ""
        self._record.started.add(id(self))
        sound = SOUND.search(page)
        if sound is None:
            raise RuntimeError(f"{place} has no sound")
        if self._hears:
            await self._send("GET", sound[1], "audio")
        if self._thinking_s:
            await asyncio.sleep(self._chance.lognormvariate(0, 0.5) * self._thinking_s)
        answer = {"answer": self._chance.choice(("human", "computer")), "confidence": "2"}
        reply = await self._send("POST", action[1], "judgment", fields | FACTS | answer)
        self._record.n_judged += 1
        self._record.n_ever += 1
        told = json.loads(reply.body)
        return told["next"], told.get("page") or ""

    async def _send(
        self, method: str, path: str, kind: str, fields: Mapping[str, str] | None = None
    ) -> Reply:
        if self._streams is None or self._streams[0].at_eof():
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = urlencode(fields).encode() if fields is not None else b""
        accept = "application/json" if kind == "judgment" else "*/*"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nCookie: {self._cookie}\r\n"
        )
        if fields is not None:
            head += f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
        began = time.perf_counter()
        writer.write(head.encode() + b"\r\n" + body)
        async with asyncio.timeout(TIMEOUT_S):
            reply = await self._read(reader)
        self._record.seconds[kind].append(time.perf_counter() - began)
        if reply.status >= 400:  # noqa: PLR2004 (HTTP's line)
            raise RuntimeError(f"{reply.status} to {method} {kind}")
        return reply

    async def _read(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if "set-cookie" in headers:
            self._cookie = headers["set-cookie"].split(";")[0]
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self._streams = None
        return Reply(int(status.split(" ")[1]), headers, body)


async def send_crowd(  # noqa: PLR0913 (a case has that many sides)
    ports: list[int],
    n: int,
    thinking_s: float,
    duration_s: float,
    n_judgments: int = 0,
    go: Callable[[Person], Coroutine[None, None, None]] = Person.take_part,
    *,
    hears: bool = True,
    cpu_clock: Callable[[], float] = lambda: 0.0,
) -> tuple[Record, float]:
    """Return what n people met, and for how many seconds: the given ones, or until so many judgments.

    The time counts from when everybody is at a clip and as long again as most people need for one; so
    does what the clock of the server's processor time says.
    """
    record = Record()
    people = [Person(ports[index % len(ports)], record, thinking_s, index, hears=hears) for index in range(n)]
    tasks = [asyncio.create_task(go(person)) for person in people]
    await record.wait_until(lambda: len(record.started) == n, LONGEST_ARRIVAL_S)
    await asyncio.sleep(1 + thinking_s)
    record.forget_times()
    began, cpu_began_s = time.perf_counter(), cpu_clock()
    await record.wait_until(lambda: bool(n_judgments) and record.n_judged >= n_judgments, duration_s)
    counted_s, cpu_s = time.perf_counter() - began, cpu_clock() - cpu_began_s
    counts = record.n_judged, record.n_ever, record.n_finished
    seen = Record(dict(record.seconds), record.faults[:], *counts, cpu_s)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen, counted_s
