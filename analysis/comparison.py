"""One quantity by every method that suits the design, and where the methods would decide differently."""

from dataclasses import dataclass
from typing import Literal

from analysis.estimates import Estimate

Quantity = Literal["rate", "difference", "contrast"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity by the primary method and by others, each named in its estimate's `method`.

    Attributes
    ----------
    quantity, system
        What is estimated, and of which system; of a contrast "first minus second".
    primary
        The estimate that the report states.
    others
        The same by other methods, the sound ones first; those that treat clips, or judgments, as independent
        come last and show how much too narrow they are.
    disagreement
        A sentence where the mixed and the robust line lead to different decisions; empty where they agree.
    """

    quantity: Quantity
    system: str
    primary: Estimate
    others: tuple[Estimate, ...]
    disagreement: str
