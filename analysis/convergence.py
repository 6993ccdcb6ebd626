"""Whether the chains of a sampler met: R-hat, effective numbers of draws, and divergences, with their limits.

Rank-normalized split R-hat compares chains with one another and their halves, 1 being perfect; the effective
number of draws is how many independent ones would say as much of the middle (bulk) and of the 5 % and 95 %
quantiles (tail) (Vehtari et al. 2021, Bayesian Analysis 16:667). A draw diverged where the sampler met a bend
of the posterior sharper than its steps, and may have missed what lies behind (Betancourt 2017).
"""

from dataclasses import dataclass

GOOD_R_HAT, BAD_R_HAT = 1.01, 1.05
ENOUGH_DRAWS, TOO_FEW_DRAWS = 400, 100
"""Effective ones; Vehtari et al. (2021) ask for 400."""
MANY_DIVERGENT = 0.01
"""Share of the draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How the sampler did: its worst figures over coefficients, SDs, the correlation and the shares."""

    n_chains: int
    n_warm_up: int
    """Draws of each chain that were thrown away."""
    n_draws: int
    """Draws of each chain that were kept."""
    n_divergent: int
    r_hat: float
    ess_bulk: float
    ess_tail: float

    @property
    def refusal(self) -> str:
        """Why nothing may be estimated from these draws; empty where it may."""
        reasons = []
        if not self.r_hat <= BAD_R_HAT:  # not a number neither
            reasons.append(f"R-hat is {self.r_hat:.3f}, above {BAD_R_HAT}")
        if not self._worth >= TOO_FEW_DRAWS:
            reasons.append(f"the draws are worth {self._worth:.0f} independent ones, below {TOO_FEW_DRAWS}")
        if self.n_divergent > MANY_DIVERGENT * self._total:
            reasons.append(f"{self.n_divergent} of {self._total} draws diverged")
        return f"the chains did not converge: {'; '.join(reasons)}" if reasons else ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know of draws that are good enough to estimate from, a sentence each."""
        found = []
        if self.r_hat > GOOD_R_HAT:
            found.append(f"R-hat is {self.r_hat:.3f}, above {GOOD_R_HAT}: take the last digits as uncertain.")
        if self._worth < ENOUGH_DRAWS:
            found.append(
                f"The draws are worth {self._worth:.0f} independent ones, fewer than {ENOUGH_DRAWS}: "
                "take the ends of the intervals as uncertain."
            )
        if self.n_divergent:
            found.append(
                f"{self.n_divergent} of {self._total} draws diverged: "
                "the intervals may be a little too narrow."
            )
        return tuple(found)

    @property
    def _total(self) -> int:
        return self.n_chains * self.n_draws

    @property
    def _worth(self) -> float:
        return min(self.ess_bulk, self.ess_tail)
