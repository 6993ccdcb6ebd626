"""Clips of a shared page: a dot on the scale each, and a few to hear, where they may be passed on."""

import base64
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study_core.config import Config
from study_core.errors import StimulusError
from study_core.folders import STIMULI_FILE
from study_core.manifest import read_manifest, sha256_bytes
from study_core.types import HUMAN_SYSTEMS, Stimulus
from study_server.sharing.answers import Answers, name_system, read_text
from study_server.sharing.permission import FEWEST

TABLE = "table-clips.csv"
STEP = 0.025
"""Width of the stacks of dots, of the scale."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What listeners made of one clip."""

    clip_id: str
    system: str
    n_listeners: int
    value: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A clip's place on the scale, and how many lie below it in its stack."""

    place: float
    height: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A clip to hear."""

    name: str
    is_human: bool
    about: str
    address: str
    """A data URI: the page asks nobody for it."""


def read_clips(folder: Path, answers: Answers) -> list[ClipResult]:
    """Return the clips that enough people heard, from the report's table."""
    with (folder / TABLE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    clips = [
        ClipResult(
            read_text(row["clip_id"]),
            read_text(row["system"]),
            int(row["n_trials"]),
            float(row[answers.clip_column]),
        )
        for row in rows
    ]
    return [clip for clip in clips if clip.n_listeners >= FEWEST]


def stack(clips: Sequence[ClipResult], system: str, answers: Answers) -> list[Dot]:
    """Return a dot per clip of a system; those of about equal value are stacked.

    In pairs the scale is of human clips found: a clip taken for human less often lies further right.
    """
    dots: list[Dot] = []
    heights: dict[int, int] = {}
    for clip in sorted((one for one in clips if one.system == system), key=lambda one: one.value):
        value = 1 - clip.value if answers.paradigm == "two_afc" else clip.value
        bin_ = round(answers.place(value) / STEP)
        heights[bin_] = heights.get(bin_, -1) + 1
        dots.append(Dot(bin_ * STEP, heights[bin_]))
    return dots


def choose_sounds(
    clips: Sequence[ClipResult], answers: Answers, config: Config, *, with_human: bool
) -> list[Sound]:
    """Return, of each system that may be passed on, the clips at both ends of what listeners made of it.

    Only clips that the study's own generators composed, unless the researcher says that the human ones may be
    passed on too: music that somebody else owns is never given away unasked.

    Raises
    ------
    StimulusError
        If a clip's file is missing or altered, or the clip is of a version with other stimuli.
    """
    stimuli = {s.clip_id: s for s in read_manifest(config.folders.stimuli / STIMULI_FILE, Stimulus)}
    own = {name for name, folder in config.clips.systems.items() if not folder} - HUMAN_SYSTEMS
    allowed = own | (HUMAN_SYSTEMS if with_human else frozenset())
    systems = [row.system for row in answers.rows if row.system in allowed]
    if with_human and answers.paradigm == "two_afc":
        systems.insert(0, "human")
    return [
        sound
        for system in systems
        for sound in _choose_ends([clip for clip in clips if clip.system == system], answers, stimuli, config)
    ]


def _choose_ends(
    clips: Sequence[ClipResult], answers: Answers, stimuli: dict[str, Stimulus], config: Config
) -> Iterator[Sound]:
    ordered = sorted(clips, key=lambda clip: (-clip.value, clip.clip_id))
    ends = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    words = ("highest", "lowest") if answers.paradigm == "rating" else ("most often", "least often")
    for clip, word in zip(ends, words, strict=False):
        n = clip.n_listeners
        about = (
            f"Rated {word} of its clips: {clip.value:.1f} on average by {n} listeners"
            if answers.paradigm == "rating"
            else f"Taken for human {word} of its clips: by {clip.value * n:.0f} of {n} listeners"
        )
        name, is_human = name_system(clip.system), clip.system in HUMAN_SYSTEMS
        stimulus = stimuli.get(clip.clip_id)
        if stimulus is None:
            raise StimulusError(
                f"{clip.clip_id} is none of the clips in {config.folders.stimuli}: listeners heard it in "
                "another version. Leave clips out: --no-clips"
            )
        yield Sound(name, is_human, about, _embed(stimulus, config.folders.stimuli))


def _embed(stimulus: Stimulus, folder: Path) -> str:
    """Return a stimulus' MP3, which every browser plays, as a data URI."""
    path = folder / stimulus.stimulus_file
    data = path.read_bytes() if path.exists() else b""
    if sha256_bytes(data) != stimulus.stimulus_sha256:
        raise StimulusError(
            f"{path} is missing or altered since listeners heard it. Restore it, or leave clips out: "
            "--no-clips"
        )
    return f"data:audio/mpeg;base64,{base64.b64encode(data).decode()}"
