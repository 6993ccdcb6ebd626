"""The cumulative mixed model against R's clmm and differences of its likelihood."""

import numpy as np
import pandas as pd
import pytest

from analysis.laplace import Judgments
from analysis.ordinal import OrdinalLikelihood, OrdinalModel, fit_ordinal_model
from analysis.ratings import estimate_ratings
from study_core.errors import ResponsesError


def make_ratings() -> pd.DataFrame:
    """Return 60 listeners' ratings, 1 to 5, of 15 of 40 clips; R was given the same."""
    rng = np.random.default_rng(3)
    listener = np.repeat(np.arange(60), 15)
    clip = np.concatenate([rng.permutation(40)[:15] for _ in range(60)])
    g = np.where(clip % 2, 0.5, -0.5)
    eta = -0.8 * g + rng.normal(0, 0.7, 60)[listener] + rng.normal(0, 0.5, 60)[listener] * g
    eta += rng.normal(0, 0.6, 40)[clip]
    cuts = np.array([-1.5, -0.3, 0.4, 1.6])
    rating = 1 + (eta + rng.logistic(size=900) > cuts[:, None]).sum(axis=0)
    return pd.DataFrame({"participant_id": listener, "clip_id": clip, "g": g, "rating": rating})


def fit(table: pd.DataFrame, link: str) -> OrdinalModel:
    ids = table["participant_id"], table["clip_id"]
    one = pd.DataFrame({"intercept": np.ones(len(table))})
    return fit_ordinal_model(table["rating"], table[["g"]], *ids, by_listener=one, link=link)  # type: ignore[arg-type]


def test_crossed_intercepts_agree_with_clmm() -> None:
    """R 4.2.2, ordinal 2022.11-16."""
    model = fit(make_ratings(), "logit")
    thresholds = [-1.468875399, -0.256370033, 0.457695940, 1.514655935]
    assert model.thresholds == pytest.approx(thresholds, abs=1e-4)
    assert model.coefficients == pytest.approx([-0.903176193], abs=1e-4)
    assert model.covariance[0, 0] ** 0.5 == pytest.approx(0.205307264, abs=1e-4)
    assert [*model.listener_sd, model.clip_sd] == pytest.approx([0.905590446, 0.505274574], abs=1e-4)
    assert model.log_likelihood == pytest.approx(-1355.71997475, abs=1e-4)
    probit = fit(make_ratings(), "probit")
    assert probit.coefficients == pytest.approx([-0.532463647], abs=1e-4)
    assert probit.log_likelihood == pytest.approx(-1354.8234805, abs=1e-4)


def test_the_gradient_is_that_of_finite_differences() -> None:
    table = make_ratings()
    rows = np.column_stack([np.ones(900), table["g"]])
    ids = table["participant_id"].to_numpy(), table["clip_id"].to_numpy()
    judgments = Judgments(table["rating"].to_numpy() - 1.0, rows[:, 1:], rows, *ids)
    likelihood = OrdinalLikelihood(judgments, "probit", 5)
    parameters = np.array([-1.2, 0.1, -0.3, 0.3, -0.5, 0.6, 0.1, 0.5, 0.4])
    _, gradient = likelihood.evaluate(parameters)
    for i, step in enumerate(1e-4 * np.eye(9)):
        values = [likelihood.evaluate(parameters + k * step)[0] for k in (-1, 1)]
        assert gradient[i] == pytest.approx((values[1] - values[0]) / 2e-4, abs=1e-3)


def test_generated_clips_rated_lower_come_out_lower() -> None:
    table = make_ratings().assign(system=lambda t: np.where(t["g"] < 0, "human", "gan"))
    human, gan = estimate_ratings(table, 0.95)
    assert (human.effect, human.superiority) == (None, None)
    assert gan.effect.high < 0
    assert gan.superiority.high < 0.5
    assert gan.shares["share"].sum() == pytest.approx(1)


def test_two_levels_are_refused() -> None:
    table = make_ratings().assign(rating=lambda t: t["rating"].clip(2, 3))
    with pytest.raises(ResponsesError, match="2 levels were used; there must be 3"):
        fit(table, "logit")
