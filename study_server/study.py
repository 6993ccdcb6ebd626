"""The running study that every view works on."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from study_core.config import Config
from study_server.login import ResearcherPassword
from study_server.paradigms import PARADIGMS, Paradigm
from study_server.protocol import RunningProtocol
from study_server.screening import Screening
from study_server.store import Store
from study_server.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Study:
    """One study: what it is, where it is stored, and who may look."""

    protocol: RunningProtocol
    store: Store
    password: ResearcherPassword
    throttle: Throttle
    volume_sound: bytes
    screening: Screening
    audio_formats: tuple[str, ...]
    """What every clip can be had in, best first: opus and mp3, or mp3 alone."""

    @property
    def config(self) -> Config:
        """The study's config."""
        return self.protocol.config

    @property
    def paradigm(self) -> Paradigm:
        """What its listeners are asked."""
        return PARADIGMS[self.config.trials.paradigm]

    @property
    def clips_per_page(self) -> int:
        """Clips that are heard on one page, and answered together."""
        return self.config.trials.clips_per_page


def current_study() -> Study:
    """Return the study that the current request belongs to."""
    return cast("Study", current_app.extensions["study"])
