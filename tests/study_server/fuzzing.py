"""Random requests to every route, drawn by schemathesis from the app's own addresses."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.generation import GenerationMode

from study_server.study import Study
from tests.study_server.listener import FACTS, Participant

TEXT = {"type": "string", "maxLength": 200}
FIELDS = {
    name: {"type": "string", "maxLength": 60}
    for name in (
        "answer",
        "confidence",
        "knows_tune",
        "agrees",
        "code",
        "password",
        "participants",
        "reason",
        "phase",
        "decision",
        *FACTS,
    )
}
NOTHING_OF_OURS = re.compile(
    r"Traceback|File \"/|sqlalchemy|psycopg|sqlite3?\.|werkzeug\.|jinja2|site-packages|study_server/"
)
MOST_BYTES = 1_000_000
RENEW_EVERY = 8


def describe_app(app: Flask) -> dict[str, Any]:
    """Return an OpenAPI description of an app: every route with its parts, every form with its fields."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        parts = [
            {"name": name, "in": "path", "required": True, "schema": TEXT | {"minLength": 1}}
            for name in sorted(rule.arguments)
        ]
        for method in {"GET", "POST"} & set(rule.methods or ()):
            operation: dict[str, Any] = {
                "parameters": parts,
                "responses": {"default": {"description": "a page"}},
            }
            if method == "POST":
                operation["requestBody"] = {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {"type": "object", "properties": FIELDS}
                        }
                    }
                }
            paths.setdefault(path, {})[method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "the study", "version": "1"}, "paths": paths}


class Fuzzer:
    """Sends random requests as three visitors: a stranger, a participant and a researcher."""

    def __init__(self, app: Flask, study: Study, password: str) -> None:
        """Let the visitors come in."""
        self.app, self.study, self.password = app, study, password
        self.statuses: Counter[int] = Counter()
        self.secrets = [path.read_text().strip() for path in study.config.folders.secrets.iterdir()] + [
            password
        ]
        self.renew()

    def renew(self) -> None:
        """Send the visitors in again: random requests withdraw, log out and finish."""
        self.visitors = [
            Participant(self.app),
            Participant(self.app).begin(),
            Participant(self.app).open("/researcher").send({"password": self.password}),
        ]
        self.tokens = [get_token(visitor) for visitor in self.visitors]

    def send(self, case: Case, who: int, headers: dict[str, str], *, has_token: bool) -> None:
        """Send one request and look at what comes back."""
        visitor = self.visitors[who]
        body = dict(case.body) if isinstance(case.body, dict) else {}
        if has_token:
            body["csrf_token"] = self.tokens[who]
        path = case.formatted_path
        reply = visitor.client.open(
            path,
            method=case.method,
            data=body if case.method == "POST" else None,
            query_string=case.query,
            headers=headers,
        )
        self.statuses[reply.status_code] += 1
        self.require_sound(f"{case.method} {path}", reply.status_code, reply.data, str(reply.headers))
        reply.close()

    def require_sound(self, what: str, status: int, body: bytes, headers: str) -> None:
        """Fail on a fault of ours, a word about the server's inside, a secret or an endless reply."""
        assert status < 500, (what, status)
        text = body.decode("utf-8", "replace") + headers
        assert not NOTHING_OF_OURS.search(text), (what, NOTHING_OF_OURS.search(text))
        assert not [secret for secret in self.secrets if secret in text], what
        assert len(body) < MOST_BYTES, what
        assert "Content-Security-Policy" in headers, what


def get_token(visitor: Participant) -> str:
    """Return a form token of that visitor."""
    tag = visitor.open("/withdraw").page.select_one("[name=csrf_token]")
    return str(tag["value"]) if tag else ""


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, blacklist_characters="\x7f"), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Range",
            "Accept",
            "Accept-Language",
            "If-None-Match",
            "If-Range",
            "If-Modified-Since",
            "Cookie2",
            "Referer",
            "X-Study-Simulation",
            "X-Forwarded-For",
        ]
    ),
    HEADER,
    max_size=3,
)


def fuzz(fuzzer: Fuzzer, n_requests: int, random_seed: int) -> Iterator[int]:
    """Send at least so many random requests; yield how many have been sent."""
    schema = schemathesis.openapi.from_dict(describe_app(fuzzer.app))
    operations = [result.ok() for result in schema.get_all_operations()]
    per_operation = -(-n_requests // len(operations))
    chance = random.Random(random_seed)  # noqa: S311 (requests, not secrets)
    for number, operation in enumerate(operations):
        if number % RENEW_EVERY == RENEW_EVERY - 1:
            fuzzer.renew()
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])
        sent = 0

        @seed(chance.randrange(2**32))
        @settings(
            max_examples=per_operation,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, who=st.integers(0, 2), headers=HEADERS, has_token=st.booleans())
        def send(case: Case, who: int, headers: dict[str, str], has_token: bool) -> None:  # noqa: FBT001 (hypothesis draws it)
            nonlocal sent
            fuzzer.send(case, who, headers, has_token=has_token)
            sent += 1

        send()
        yield sent
