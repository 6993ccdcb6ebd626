"""The Laplace likelihood against a dense program, finite differences and quadrature."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit

from analysis.laplace import Judgments, LaplaceLikelihood
from analysis.link import Link
from analysis.pair_model import PairJudgments, PairLikelihood
from tests.analysis.models import LINKS, FloatArray, contrast, simulate

# A dense program, written from the definition alone.


@st.composite
def designs(draw: st.DrawFn) -> tuple[Judgments, FloatArray]:
    """Give random unbalanced designs, repeats included, with parameters."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    listeners, clips = draw(st.integers(2, 6)), draw(st.integers(2, 5))
    fixed, by_listener = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    listener = np.sort(np.concatenate([np.arange(listeners), rng.integers(0, listeners, 20)]))
    clip = np.concatenate([np.arange(clips), rng.integers(0, clips, listener.size)])[: listener.size]
    clip[-1] = clips - 1
    rows = rng.normal(size=(listener.size, fixed + by_listener))
    judgments = Judgments(
        rng.choice([-1.0, 1.0], listener.size), rows[:, :fixed], rows[:, fixed:], listener, clip
    )
    return judgments, rng.normal(0, 0.8, fixed + by_listener * (by_listener + 1) // 2 + 1)


def evaluate_densely(
    judgments: Judgments, link: Link, parameters: FloatArray, second: npt.NDArray[np.int64] | None = None
) -> float:
    """Return the Laplace log-likelihood; each judgment less that of its second clip where there are any."""
    listeners, clips, p, k = judgments.shape
    root = np.zeros((k, k))
    root[np.tril_indices(k)] = parameters[p:-1]
    n = judgments.answer.size
    rows = np.zeros((n, listeners * k + clips))
    for i in range(n):
        j = judgments.listener[i]
        rows[i, j * k : (j + 1) * k] = judgments.by_listener[i] @ root
        rows[i, listeners * k + judgments.clip[i]] = parameters[-1]
        if second is not None:
            rows[i, listeners * k + second[i]] = -parameters[-1]
    distribution = stats.logistic if link == "logit" else stats.norm

    def height(effects: FloatArray) -> float:
        eta = judgments.fixed @ parameters[:p] + rows @ effects
        return float(distribution.logcdf(judgments.answer * eta).sum() - effects @ effects / 2)

    mode = minimize(lambda u: -height(u), np.zeros(rows.shape[1]), method="BFGS", options={"gtol": 1e-7}).x
    x = judgments.answer * (judgments.fixed @ parameters[:p] + rows @ mode)
    score = distribution.pdf(x) / distribution.cdf(x)
    curvature = expit(x) * expit(-x) if link == "logit" else score * (score + x)
    hessian = np.eye(rows.shape[1]) + rows.T @ (curvature[:, None] * rows)
    return height(mode) - float(np.linalg.slogdet(hessian)[1]) / 2


@pytest.mark.parametrize("link", LINKS)
@settings(max_examples=15, deadline=None)
@given(design=designs())
def test_blocks_give_the_dense_likelihood(link: Link, design: tuple[Judgments, FloatArray]) -> None:
    judgments, parameters = design
    value, _ = LaplaceLikelihood(judgments, link).evaluate(parameters)
    assert value == pytest.approx(evaluate_densely(judgments, link, parameters), abs=1e-6)


@pytest.mark.parametrize("link", LINKS)
@settings(max_examples=40, deadline=None)
@given(design=designs())
def test_the_gradient_is_that_of_finite_differences(link: Link, design: tuple[Judgments, FloatArray]) -> None:
    judgments, parameters = design
    assert_gradient(LaplaceLikelihood(judgments, link), parameters)


def assert_gradient(likelihood: LaplaceLikelihood, parameters: FloatArray) -> None:
    _, gradient = likelihood.evaluate(parameters)
    for i, step in enumerate(1e-3 * np.eye(parameters.size)):
        # Fourth order: what is left of the differences is 1e-9, of the mode's tolerance 1e-6.
        value = [likelihood.evaluate(parameters + s * step)[0] for s in (-2, -1, 1, 2)]
        difference = (value[0] - 8 * value[1] + 8 * value[2] - value[3]) / 12e-3
        assert gradient[i] == pytest.approx(difference, abs=2e-6, rel=2e-6)


def make_pairs(design: tuple[Judgments, FloatArray]) -> tuple[PairLikelihood, Judgments, FloatArray]:
    """Return the likelihood of judgments whose second clip is the one after the first."""
    judgments, parameters = design
    second = (judgments.clip + 1) % (int(judgments.clip.max()) + 1)
    fields = [getattr(judgments, name) for name in Judgments.__slots__]
    return PairLikelihood(PairJudgments(*fields, second), second, "probit"), judgments, parameters


@settings(max_examples=15, deadline=None)
@given(design=designs())
def test_pairs_have_the_dense_likelihood_of_two_clips(design: tuple[Judgments, FloatArray]) -> None:
    likelihood, judgments, parameters = make_pairs(design)
    dense = evaluate_densely(judgments, "probit", parameters, likelihood._second)
    assert likelihood.evaluate(parameters)[0] == pytest.approx(dense, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(design=designs())
def test_the_gradient_of_pairs_is_that_of_finite_differences(design: tuple[Judgments, FloatArray]) -> None:
    likelihood, _, parameters = make_pairs(design)
    assert_gradient(likelihood, parameters)


@pytest.mark.parametrize("link", LINKS)
def test_one_factor_is_adaptive_quadrature_with_one_node_and_near_that_with_many(link: Link) -> None:
    table = simulate(3, (40, 8, 8), (0.3, 0.5), np.diag([0.8, 0.0]), sigma=0.0, link=link)
    terms, sd = contrast(table).to_numpy(), 0.8
    sign = np.where(table["judged_human"] == 1, 1.0, -1.0)
    judgments = Judgments(
        sign, terms, terms[:, :1], *(table[key].to_numpy() for key in ("participant_id", "clip_id"))
    )
    value, _ = LaplaceLikelihood(judgments, link).evaluate(np.array([-0.2, -0.4, sd, 0.0]))
    middle, distribution = terms @ [-0.2, -0.4], stats.logistic if link == "logit" else stats.norm

    def height(b: FloatArray) -> FloatArray:
        """Log density of each listener's answers and effect b, shape (40,)."""
        eta = sign * (middle + sd * b[judgments.listener])
        return distribution.logcdf(eta).reshape(40, 8).sum(axis=1) + stats.norm.logpdf(b)

    b, small = np.zeros(40), 1e-3
    for _ in range(20):
        curvature = (height(b + small) - 2 * height(b) + height(b - small)) / small**2
        b = b - (height(b + small) - height(b - small)) / (2 * small) / curvature
    scale = np.sqrt(-2 / curvature)

    def quadrature(nodes: int) -> float:
        """Adaptive Gauss-Hermite quadrature (Liu & Pierce 1994)."""
        points, weights = np.polynomial.hermite.hermgauss(nodes)
        summed = [height(b + scale * x) + x**2 + np.log(w) for x, w in zip(points, weights, strict=True)]
        return float((np.log(scale) + np.logaddexp.reduce(summed)).sum())

    assert value == pytest.approx(quadrature(1), abs=1e-4)
    assert quadrature(15) == pytest.approx(quadrature(25), abs=1e-4)
    assert value == pytest.approx(quadrature(25), abs=0.02 * 40)
