"""What every figure may ask of a study, whatever its listeners were asked."""

from typing import Protocol

import pandas as pd

from analysis.confidence import Confidence
from analysis.cues import Cues
from analysis.detection import Accuracy
from analysis.exclusions import Exclusions
from analysis.learning import Learning
from analysis.moderators import Moderator
from analysis.reasons import Reasons
from analysis.responses import Responses
from analysis.sensitivity import Sensitivity
from analysis.spread import Spread


class Accounted(Protocol):
    """Any study: where its judgments come from, and what was left out."""

    @property
    def responses(self) -> Responses:
        """The judgments."""

    @property
    def exclusions(self) -> Exclusions:
        """What was left out of them."""

    @property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators, in the order of the report."""


class Judged(Protocol):
    """Estimates of answers that are right or wrong."""

    @property
    def listeners(self) -> pd.DataFrame:
        """`participant_id`, `n_trials`, `n_correct`."""

    @property
    def accuracy(self) -> Accuracy:
        """Share correct of all."""

    @property
    def confidence(self) -> Confidence | None:
        """What confidence adds."""


class Told(Accounted, Protocol):
    """A study whose answers are right or wrong."""

    @property
    def findings(self) -> Judged:
        """What it found."""


class Tried(Protocol):
    """A study, and its answer under other choices."""

    @property
    def study(self) -> Accounted:
        """The study."""

    @property
    def sensitivity(self) -> Sensitivity:
        """The answer under other choices."""


class Cued(Protocol):
    """A study, and the features that go with its answers."""

    @property
    def study(self) -> Accounted:
        """The study."""

    @property
    def cues(self) -> Cues:
        """Features that go with the answers."""


class Parted(Protocol):
    """A study, and how much its listeners and clips differ."""

    @property
    def study(self) -> "Spreading":
        """The study."""


class Spreading(Accounted, Protocol):
    """A study with a mixed model."""

    @property
    def findings(self) -> "HasSpread":
        """What it found."""


class HasSpread(Protocol):
    """Findings with a mixed model."""

    @property
    def spread(self) -> Spread | None:
        """How much listeners and clips differ."""


class Explored(Protocol):
    """What is looked at in every study whose answers are right or wrong."""

    @property
    def study(self) -> Told:
        """The study."""

    @property
    def clips(self) -> pd.DataFrame:
        """As in `analysis.exploration.Exploration`."""


class Traced(Protocol):
    """What is looked at in every study: when, by whom and why it was answered so."""

    @property
    def study(self) -> Accounted:
        """The study."""

    @property
    def learning(self) -> Learning:
        """Whether listeners became better."""

    @property
    def moderators(self) -> tuple[Moderator, ...]:
        """Who was better."""

    @property
    def reasons(self) -> Reasons:
        """Reasons in words."""
