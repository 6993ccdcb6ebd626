"""Whether listeners answer the same clip alike when they hear it again."""

from dataclasses import dataclass

from analysis.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Reliability:
    """Agreement of listeners with themselves.

    Attributes
    ----------
    n_repeats, n_listeners
        Second hearings, and listeners who had any.
    agreement
        Share of second answers equal to the first.
    kappa
        The same beyond what each answer's frequency gives by chance (Cohen 1960).
    because
        Why there is none of this; empty where there is.
    """

    n_repeats: int
    n_listeners: int
    agreement: Estimate | None
    kappa: Estimate | None
    because: str = ""
