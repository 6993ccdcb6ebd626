"""Boundaries for looking at a study before it is complete, so that all looks together keep alpha.

Estimates at successive looks behave as a Brownian motion over information, 1 / variance (Jennison & Turnbull
2000, ch. 11); that the clips stay the same only makes the first look more informative than its share of the
listeners. A spending function (Lan & DeMets 1983) says how much of alpha may be used up to a share t of the
information, and each look's boundary follows from those before it by numerical integration (Armitage,
McPherson & Rowe 1969). Two-sided; nothing is spent on stopping for want of effect.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats
from scipy.integrate import simpson
from scipy.optimize import brentq

from analysis.link import FloatArray
from study_core.errors import StudyError

NODES = 1201
"""Of the integration over where the motion is; an odd number, for Simpson's rule."""
SMALLEST_STEP = 1e-4
"""Of information between looks; less would need more nodes."""
FURTHEST = 10.0
"""The boundary, in standard errors, where nothing that counts is spent."""


def spend_obrien_fleming(share: float, alpha: float) -> float:
    """Return the alpha spent up to a share of the information: hardly any at first."""
    return float(4 * stats.norm.sf(stats.norm.isf(alpha / 4) / np.sqrt(share)))


def spend_pocock(share: float, alpha: float) -> float:
    """Return the alpha spent up to a share of the information: about as much at each look."""
    return float(alpha * np.log(1 + (np.e - 1) * share))


SPENDING: dict[str, Callable[[float, float], float]] = {
    "O'Brien-Fleming": spend_obrien_fleming,
    "Pocock": spend_pocock,
}


def find_boundaries(shares: Sequence[float], alpha: float, spending: str) -> FloatArray:
    """Return each look's two-sided boundary in standard errors, shape (looks,).

    Parameters
    ----------
    shares
        Information at each look as a share of that at the last, rising to 1.
    spending
        A name of `SPENDING`.

    Raises
    ------
    StudyError
        If the shares do not rise to 1 by steps large enough to compute with.
    """
    if not len(shares) or min(np.diff([0.0, *shares])) < SMALLEST_STEP or not np.isclose(shares[-1], 1):
        raise StudyError(
            f"Shares of information {', '.join(f'{share:.4f}' for share in shares)} do not rise to 1 by "
            f"{SMALLEST_STEP} or more each: later looks add nothing. Plan fewer looks, or more clips."
        )
    spent = [0.0, *(SPENDING[spending](share, alpha) for share in shares)]
    places, weights, boundaries = np.zeros(1), np.ones(1), []
    for step, share, spend in zip(np.diff([0.0, *shares]), shares, np.diff(spent), strict=True):
        edge = _find_edge(places, weights, float(step), float(spend), float(np.sqrt(share)))
        boundaries.append(edge / np.sqrt(share))
        new = np.linspace(-edge, edge, NODES)
        density = stats.norm.pdf(new[:, None], places, np.sqrt(step)) @ weights
        # Simpson's weights are the integrals of unit vectors.
        places, weights = new, density * simpson(np.eye(NODES), x=new)
    return np.array(boundaries)


def _find_edge(places: FloatArray, weights: FloatArray, step: float, spend: float, scale: float) -> float:
    """Return how far out the motion is with probability `spend` at this look, not having been before."""

    def miss(edge: float) -> float:
        out = stats.norm.sf(edge, places, np.sqrt(step)) + stats.norm.cdf(-edge, places, np.sqrt(step))
        return float(out @ weights) - spend

    furthest = FURTHEST * scale
    return furthest if miss(furthest) >= 0 else float(brentq(miss, 0, furthest, xtol=1e-10))
