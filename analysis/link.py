"""The links of the mixed models: log densities of a judgment, and shares averaged over normal effects."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, expit, ndtr

FloatArray = npt.NDArray[np.float64]
Link = Literal["logit", "probit"]
Derivatives = tuple[FloatArray, FloatArray, FloatArray, FloatArray]

CERTAIN = 30.0  # the normal distribution is 1 from here on, in double precision
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(99)
"""Of the Gauss-Hermite quadrature; 7 digits up to SDs of 3."""


def derive_log_density(link: Link, sign: FloatArray, eta: FloatArray) -> Derivatives:
    """Return log F(s eta), its slope, minus its second derivative (the weight), and the weight's slope."""
    x = sign * eta
    if link == "logit":
        decay = np.exp(-np.abs(x))
        miss = np.where(x > 0, decay, 1) / (1 + decay)
        weight = miss * (1 - miss)
        return np.minimum(x, 0) - np.log1p(decay), sign * miss, weight, sign * weight * (2 * miss - 1)
    x = np.minimum(x, CERTAIN)
    # phi / Phi, the inverse Mills ratio; erfcx keeps its digits where both vanish.
    ratio = np.sqrt(2 / np.pi) / erfcx(-x / np.sqrt(2))
    weight = np.clip(ratio * (x + ratio), 0, 1)
    log_density = -(x**2) / 2 - np.log(np.sqrt(2 * np.pi) * ratio)
    return log_density, sign * ratio, weight, sign * (ratio - weight * (x + 2 * ratio))


def integrate_link(link: Link, eta: float, sd: float) -> tuple[float, float, float]:
    """Return E F(eta + sd t) over standard normal t, and its derivatives with eta and sd."""
    if link == "probit":
        shrink = np.sqrt(1 + sd**2)
        density = np.exp(-((eta / shrink) ** 2) / 2) / np.sqrt(2 * np.pi)
        return float(ndtr(eta / shrink)), float(density / shrink), float(-density * eta * sd / shrink**3)
    weights = NODE_WEIGHTS / NODE_WEIGHTS.sum()
    share = expit(eta + sd * NODES)
    slope = share * (1 - share)
    return float(weights @ share), float(weights @ slope), float(weights @ (slope * NODES))
