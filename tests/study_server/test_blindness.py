"""Nothing that reaches a browser tells the system: every byte of a whole session is searched."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from study_core.config import Config
from study_core.manifest import sha256_bytes
from study_server.study import Study
from tests.study_server.listener import Participant
from tests.study_server.made_study import make_config

ADDRESS = re.compile(r'(?:src|href|action|data-clip|data-next)="(/[^"]*)"')


@pytest.fixture(params=["yes_no", "two_afc", "rating"])
def config(request: pytest.FixtureRequest, data_folder: Path) -> Config:
    """Return a study of each paradigm."""
    return make_config(data_folder, trials={"paradigm": request.param})


class Crawl:
    """Takes part and keeps every reply, following every address that a page names."""

    def __init__(self, participant: Participant) -> None:
        self.participant = participant
        self.replies: list[tuple[str, str, bytes]] = []
        self.audio_headers: dict[str, dict[str, str]] = {}
        while participant.path != "/thanks":
            self.keep()
            step = participant.path
            if step.startswith("/trial/"):
                participant.answer("human" if len(self.replies) % 2 else "computer")
            else:
                participant.send({"agrees": "1"})
        self.keep()

    def keep(self) -> None:
        """Keep the page and what it names."""
        page = self.participant.reply
        self.replies.append((self.participant.path, str(page.headers), page.data))
        for address in ADDRESS.findall(page.text):
            if any(address == kept for kept, _, _ in self.replies) or address == "/withdraw":
                continue
            with self.participant.client.get(address) as reply:
                body = reply.data
            self.replies.append((address, str(reply.headers), body))
            if address.startswith("/audio/"):
                self.audio_headers[sha256_bytes(body)] = dict(reply.headers)


def test_no_byte_of_a_session_names_a_system_a_stimulus_a_clip_or_a_piece(
    participant: Participant, study: Study
) -> None:
    secrets = {"lstm", "gan", study.protocol.sha256}
    for stimulus in study.protocol.stimuli:
        secrets |= {stimulus.stimulus_id, stimulus.clip_id, stimulus.stimulus_file, stimulus.stimulus_sha256}
        secrets |= {stimulus.piece_id, stimulus.song_cluster, stimulus.clip_file, stimulus.clip_sha256}
    wanted = re.compile(
        rb"\b(" + b"|".join(re.escape(s.encode()) for s in secrets if s) + rb")\b", re.IGNORECASE
    )
    for address, headers, body in Crawl(participant).replies:
        assert not wanted.search(body), address
        assert not wanted.search(f"{address}\n{headers}".encode()), address


def test_the_page_of_a_trial_is_the_same_whatever_its_systems(participant: Participant, study: Study) -> None:
    kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
    systems = {s.stimulus_sha256: s.system for s in study.protocol.stimuli}
    participant.begin()
    for _ in range(study.config.trials.n_pages - 1):  # the last one's button says that it is the last
        system = tuple(systems[sha256_bytes(participant.client.get(s).data)] for s in participant.sounds)
        page = re.sub(r"[0-9a-f]{32}|(?<=csrf_token\" value=\")[^\"]+|\b\d+\b", "#", participant.reply.text)
        kinds[system].add(page)
        participant.answer()
    assert len(kinds) > 1
    assert len(set.union(*kinds.values())) == 1


def test_audio_replies_differ_between_systems_in_nothing_but_their_opaque_tag(
    participant: Participant, study: Study
) -> None:
    systems = {s.stimulus_sha256: s.system for s in study.protocol.stimuli}
    crawl = Crawl(participant)
    assert len(crawl.audio_headers) == 8
    kinds = defaultdict(set)
    for sha256, headers in crawl.audio_headers.items():
        assert "Last-Modified" not in headers
        assert "private" in headers["Cache-Control"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', headers["ETag"])
        rest = tuple(sorted((k, v) for k, v in headers.items() if k not in {"ETag", "Date", "X-Request-Id"}))
        kinds[systems[sha256]].add(rest)
    assert set(kinds) == {"human", "lstm", "gan"}
    assert len(set.union(*kinds.values())) == 1


def test_audio_has_another_name_in_every_session(participant: Participant) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for _ in range(3):
        crawl = Crawl(participant)
        for sha256, headers in crawl.audio_headers.items():
            assert headers["ETag"] not in names[sha256]
            names[sha256].add(headers["ETag"])
        participant.send()
    assert max(len(tags) for tags in names.values()) > 1
