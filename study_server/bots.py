"""Bots that take the whole study over HTTP, through the pages and forms that people use."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx

from study_core.config import Config
from study_core.errors import StudyError
from study_core.folders import STIMULI_FILE
from study_core.manifest import read_manifest, sha256_bytes
from study_core.seeds import random_generator
from study_core.types import Stimulus
from study_server.listeners import Listener, Skill
from study_server.screening import load_screening
from study_server.security import PROOF_HEADER, prove_simulation

TIMEOUT_S = 60.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)  # a server that restarts is waited for
LAST_PAGES = ("/thanks", "/no-headphones")
MOST_OF_A_NUMBER = 12


class Page(HTMLParser):
    """What a bot sees of a page: its first form and its sounds."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        """The values of each group of buttons or boxes."""
        self.numbers: list[str] = []
        self.sounds: list[str] = []
        self._is_inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the form's address, its hidden fields and the sounds' addresses."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action, self._is_inside = values.get("action", ""), True
        elif tag == "input" and self._is_inside:
            self._keep_input(values)
        elif tag == "audio":
            self.sounds.append(values.get("src", ""))

    def _keep_input(self, values: dict[str, str]) -> None:
        name, kind = values.get("name", ""), values.get("type")
        if kind == "hidden":
            self.fields[name] = values.get("value", "")
        elif kind in ("radio", "checkbox"):
            self.choices.setdefault(name, []).append(values.get("value", ""))
        elif kind == "number":
            self.numbers.append(name)

    def handle_endtag(self, tag: str) -> None:
        """Notice the end of the form."""
        self._is_inside = self._is_inside and tag != "form"


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many listeners take part, how skilled, and how badly connected."""

    n_participants: int
    skill: Skill
    seed: int
    concurrency: int = 8
    loss: float = 0.0
    """Share of answers whose acknowledgment is lost, so that they are sent again."""


class Bot:
    """One simulated listener on its way through the study."""

    def __init__(
        self,
        crowd: Crowd,
        index: int,
        config: Config,
        stimuli: Mapping[str, Stimulus],
        right_intervals: Mapping[str, int],
    ) -> None:
        """Draw the listener; stimuli, and the screening's answers, are by the hash of their audio."""
        self._listener = Listener(crowd.skill, crowd.seed, index, config.trials)
        self._network = random_generator(crowd.seed, "network", index)
        self._opinions = random_generator(crowd.seed, "opinions", index)
        self._loss, self._stimuli, self._right_intervals = crowd.loss, stimuli, right_intervals

    def take_part(self, client: httpx.Client) -> None:
        """Go from the welcome page to the last one."""
        reply = _send(client, "GET", "")
        while not reply.url.path.endswith(LAST_PAGES):
            page = Page(reply.text)
            if page.action is None:
                raise StudyError(f"{reply.url} has no form: is this the address of a study server?")
            fields = page.fields | self._choose(page) | self._listen(client, page)
            if self._network.random() < self._loss:
                _send(client, "POST", page.action, fields)  # stored, but this bot never learns it
            reply = _send(client, "POST", page.action, fields)

    def _choose(self, page: Page) -> dict[str, str]:
        """Return an answer to whatever the page asks; boxes beside a clip stay empty."""
        asked = {name: values for name, values in page.choices.items() if name != "knows_tune"}
        chosen = {name: str(self._opinions.choice(values)) for name, values in asked.items()}
        numbers = {name: str(self._opinions.integers(MOST_OF_A_NUMBER)) for name in page.numbers}
        return chosen | numbers

    def _listen(self, client: httpx.Client, page: Page) -> dict[str, str]:
        """Return what the page's sounds make the listener answer; they wear headphones."""
        if not {"answer", "rating", "interval"} & set(page.choices):
            return {}
        audio = [_send(client, "GET", sound).content for sound in page.sounds]
        if "interval" in page.choices:
            return {"interval": str(self._right_intervals[sha256_bytes(audio[0])])}
        clips = [self._recognise(content) for content in audio]
        return self._answer(page, clips) | _describe_listening(clips)

    def _answer(self, page: Page, clips: Sequence[Stimulus]) -> dict[str, str]:
        """Return the answer to a clip, or to a pair."""
        first, *others = clips
        if "rating" in page.choices:
            return {"rating": str(self._listener.rate(first.clip_id, is_generated=not first.is_human))}
        if others:
            response = self._listener.choose(
                first.clip_id, others[0].clip_id, is_first_generated=not first.is_human
            )
            chosen = "first" if response.judged_human else "second"
        else:
            response = self._listener.respond(first.clip_id, is_generated=not first.is_human)
            chosen = "human" if response.judged_human else "computer"
        return {"answer": chosen, "confidence": str(response.confidence)}

    def _recognise(self, audio: bytes) -> Stimulus:
        stimulus = self._stimuli.get(sha256_bytes(audio))
        if stimulus is None:
            raise StudyError(
                "The server plays audio that does not stand in this data folder's stimuli.csv. "
                "Name the data folder that it serves with --data-dir."
            )
        return stimulus


def _describe_listening(clips: Sequence[Stimulus]) -> dict[str, str]:
    """Return the facts of playback: each clip once and whole, one after the other."""
    facts = {"hidden_count": "0", "answer_time_s": str(sum(clip.stimulus_duration_s for clip in clips))}
    for prefix, clip in zip(("", "second_"), clips, strict=False):
        listened = {"heard_s": str(clip.stimulus_duration_s), "n_plays": "1", "stalls": "0"}
        facts |= {prefix + name: value for name, value in listened.items()}
    return facts


def simulate(config: Config, crowd: Crowd, url: str) -> Iterator[int]:
    """Send simulated listeners through the study at an address; yield how many have finished so far.

    Raises
    ------
    StudyError
        If no study server answers there, it is another study's, or it fails.
    """
    rows = read_manifest(config.folders.stimuli / STIMULI_FILE, Stimulus)
    stimuli = {stimulus.stimulus_sha256: stimulus for stimulus in rows}
    screening = {sound.sound_sha256: sound.answer for sound in load_screening(config).sounds}
    proof = {PROOF_HEADER: prove_simulation(config.folders)}

    def run(index: int) -> None:
        with httpx.Client(base_url=url, headers=proof, follow_redirects=True, timeout=TIMEOUT_S) as client:
            Bot(crowd, index, config, stimuli, screening).take_part(client)

    _require_server(url)
    with ThreadPoolExecutor(crowd.concurrency) as pool:
        runs = [pool.submit(run, index) for index in range(crowd.n_participants)]
        try:
            for n_finished, done in enumerate(as_completed(runs), start=1):
                done.result()
                yield n_finished
        finally:
            pool.shutdown(cancel_futures=True)


def _require_server(url: str) -> None:
    try:
        httpx.get(url, timeout=TIMEOUT_S)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise StudyError(
            f"No study server answers at {url} ({error}). Start one with `study serve`, or name its address "
            "with --url."
        ) from None


def _send(
    client: httpx.Client, method: str, url: str, fields: Mapping[str, str] | None = None
) -> httpx.Response:
    """Send a request and follow it to the page that comes of it; try again where the network fails."""
    address = client.base_url.join(url)  # what a page names begins at the host's root, not at the study's
    for pause_s in PAUSES_S:
        try:
            return _require_success(client.request(method, address, data=fields))
        except httpx.TransportError:
            time.sleep(pause_s)
    raise StudyError(
        f"The server at {client.base_url} stopped answering for {sum(PAUSES_S):.0f} seconds. What was "
        "acknowledged is stored; start it again with `study serve`."
    )


def _require_success(reply: httpx.Response) -> httpx.Response:
    if reply.status_code == httpx.codes.FORBIDDEN:
        raise StudyError(
            f"The server at {reply.url} does not take these listeners for simulated ones: it runs on another "
            "data folder. Name that folder with --data-dir."
        )
    if not reply.is_success:
        raise StudyError(
            f"The server answered {reply.status_code} to {reply.request.method} {reply.url}. See its log."
        )
    return reply
