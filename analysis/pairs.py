"""Two-alternative trials: which of two clips, one human and one generated, is the human one."""

from dataclasses import dataclass

from analysis.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """How well one generator was told from human clips in pairs.

    Attributes
    ----------
    correct
        Share of pairs in which the human clip was found; .5 is guessing, 1 minus it the fooling rate.
    d_prime
        sqrt(2) z(correct), freed of a lean to one side (Macmillan & Creelman 2005, eq. 7.2).
    first_bias
        Share of pairs in which the first (left) clip was chosen, whatever it held; .5 is none.
    """

    system: str
    n_trials: int
    n_listeners: int
    n_clips: int
    correct: Estimate
    d_prime: Estimate
    first_bias: Estimate
