"""The search for the maximum of a Laplace likelihood, and the covariance of the estimates there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import minimize

from analysis.laplace import FLAT, Judgments, LaplaceLikelihood
from analysis.link import FloatArray, Link, derive_log_density

CLOSE_GRADIENT = 1e-3
"""Where BFGS hands over to Newton's method."""
SMALL_GAIN = 1e-6
"""Newton's method takes its last step where that gains less: from within .002 standard errors."""
NEWTON_STEPS = 5
CURVED = 1e-3
"""A share of the largest curvature; a direction that curves upwards by more is a saddle's."""
HESSIAN_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the log-likelihood is largest, and the parameters' covariance there."""

    parameters: FloatArray
    log_likelihood: float
    covariance: FloatArray
    gain: float
    """What one more step of Newton's method would add to the log-likelihood; near 0 at a maximum."""
    is_maximum: bool
    """Whether no direction leads uphill."""


def maximize(
    judgments: Judgments,
    link: Link,
    make: Callable[[Judgments, Link], LaplaceLikelihood] = LaplaceLikelihood,
) -> Maximum:
    """Return the maximum: BFGS to come near, Newton's method with differences of the gradient to arrive."""
    scaled, sizes = judgments.scale()
    likelihood = make(scaled, link)
    best = climb(likelihood, *_start(likelihood), likelihood.n_fixed)
    covariance = best.covariance / np.outer(sizes, sizes)
    return replace(best, parameters=best.parameters / sizes, covariance=covariance)


def climb(
    likelihood: LaplaceLikelihood, start: FloatArray, guess: FloatArray, n_coefficients: int
) -> Maximum:
    """Return the maximum near a start, given a guess of the estimates' covariance.

    The first `n_coefficients` parameters are those whose standard errors must never be too small.
    """

    def descend(parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = likelihood.evaluate(parameters)
        return -value, -gradient

    options: Any = {"gtol": CLOSE_GRADIENT, "hess_inv0": guess}
    parameters: FloatArray = minimize(descend, start, jac=True, method="BFGS", options=options).x
    value, gradient = likelihood.evaluate(parameters)
    for _ in range(NEWTON_STEPS):
        covariance, is_maximum = _invert_information(likelihood, parameters, n_coefficients)
        step = covariance @ gradient
        gain = float(gradient @ step) / 2
        reached, reached_gradient = likelihood.evaluate(parameters + step)
        if not reached > value - FLAT * (1 + abs(value)):
            break
        parameters, value, gradient = parameters + step, reached, reached_gradient
        if gain < SMALL_GAIN:
            break
    gain = float(gradient @ covariance @ gradient) / 2
    return Maximum(parameters, value, covariance, gain, is_maximum)


def _start(likelihood: LaplaceLikelihood) -> tuple[FloatArray, FloatArray]:
    """Return coefficients without random effects, SDs of 1/2, and a guess of these estimates' covariance."""
    data, identity = likelihood.judgments, np.eye(likelihood.n_fixed)
    beta = np.zeros(likelihood.n_fixed)
    for _ in range(5):
        _, slope, weight, _ = derive_log_density(likelihood.link, data.answer, data.fixed @ beta)
        information = identity + data.fixed.T @ (data.fixed * weight[:, None])  # shrinks beta a little to 0
        beta = beta + np.linalg.solve(information, data.fixed.T @ slope - beta)
    root = np.eye(likelihood.n_by_listener)[np.tril_indices(likelihood.n_by_listener)] / 2
    spread = (1 / likelihood.listeners + 1 / likelihood.clips) / 4
    inverse = np.linalg.inv(information)
    of_sds = np.diag([*np.full(root.size, 1 / likelihood.listeners), 0.5 / likelihood.clips])
    return np.concatenate([beta, root, [0.5]]), block_diag(
        (inverse + inverse.T) / 2 + spread * identity, of_sds
    )


def _invert_information(
    likelihood: LaplaceLikelihood, parameters: FloatArray, n_coefficients: int
) -> tuple[FloatArray, bool]:
    """Return the inverse of minus the Hessian (differences of the gradient), and whether it is a maximum's.

    A flat direction among the SDs alone (a root of a singular covariance can be turned) is left out; one with
    coefficients in it keeps a tiny curvature, so that its standard errors are honestly huge.
    """
    rows = []
    for step in HESSIAN_STEP * np.eye(parameters.size):
        ahead, behind = likelihood.evaluate(parameters + step)[1], likelihood.evaluate(parameters - step)[1]
        rows.append((behind - ahead) / (2 * HESSIAN_STEP))
    values, vectors = np.linalg.eigh((np.array(rows) + np.array(rows).T) / 2)
    floor = FLAT * values[-1]
    of_coefficients = (vectors[:n_coefficients] ** 2).sum(axis=0)
    kept = (np.abs(values) > floor) | (of_coefficients > 1 / 2)
    inverse = (vectors[:, kept] / np.maximum(np.abs(values[kept]), floor)) @ vectors[:, kept].T
    return inverse, bool(values[0] > -CURVED * values[-1])
