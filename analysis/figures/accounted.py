"""What every figure may ask of a study, whatever its listeners were asked."""

from typing import Protocol

from analysis.exclusions import Exclusions
from analysis.responses import Responses


class Accounted(Protocol):
    """Any study: where its judgments come from, and what was left out."""

    @property
    def responses(self) -> Responses:
        """The judgments."""

    @property
    def exclusions(self) -> Exclusions:
        """What was left out of them."""
