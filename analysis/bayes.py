"""The mixed model of yes-no judgments with priors, sampled with Bambi: for studies of few clips.

The model is that of `analysis.hierarchical.fit_systems`: a coefficient per system, listeners who differ in
their lean to "human" and in how well they tell human from generated clips, correlated, and clips. Where
maximum likelihood puts an SD at 0 or a correlation at 1 because six clips cannot tell, a posterior keeps what
is possible.

Bambi has no correlation between effects of a group (as of version 0.21), so its model gets one: its
standardized effects a and b are independent standard normal, and multiplying their density by

    N2(a, b; r) / (N(a) N(b)) = exp((2 r a b - r^2 (a^2 + b^2)) / (2 (1 - r^2))) / sqrt(1 - r^2)

makes each listener's pair bivariate normal with correlation r.

Bambi is an optional extra and takes half a minute to be imported, so only functions here import it.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from analysis.clusters import order_systems
from analysis.convergence import Convergence
from analysis.hierarchical import GENERATED, contrast_generated
from analysis.link import FloatArray, Link
from analysis.posterior import (
    Draws,
    Posterior,
    summarize_components,
    summarize_contrasts,
    summarize_systems,
)
from study_core.errors import ToolMissingError

MOST_JUDGMENTS = 10_000
"""More take the better part of an hour, and do not need priors."""
CHAINS, WARM_UP, KEPT = 4, 1000, 2000
CAUTIONS = 0.95, 0.995
"""Acceptance that the sampler aims at; the second, with smaller steps, where the first leaves doubts."""
COEFFICIENT_SD: Mapping[Link, float] = {"logit": 1.5, "probit": 0.9}
"""Of the normal prior: with the others, a system's share is between 13 and 87 % with probability 90 %."""
EFFECT_SD: Mapping[Link, float] = {"logit": 1.0, "probit": 0.6}
"""Scale of the half-normal prior: in five published tests clips had SDs of .4 to .9 logits."""
TAILS = (0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Sample:
    """Draws, and how the sampler did."""

    draws: Draws
    convergence: Convergence


def load_bambi() -> Any:
    """Return the library; raise ToolMissingError, saying how to install it, where it is missing."""
    with _keep_quiet():
        try:
            _mend_matplotlib()
            import bambi
        except ImportError:
            raise ToolMissingError(
                "Bambi, which samples the Bayesian model, is not installed. Run "
                "`.tools/bin/uv sync --extra bayes`, or leave out --bayes."
            ) from None
    return bambi


def find_posterior(responses: pd.DataFrame, level: float, bound: float, seed: int) -> Posterior:
    """Return what the logit model says of judgments: the same seed and libraries give the same numbers.

    Where the chains leave doubts, they are drawn once more with smaller steps. Where they did not converge
    even so, or the judgments are more than `MOST_JUDGMENTS`, `because` says so instead of estimates.
    """
    priors = describe_priors("logit")
    if len(responses) > MOST_JUDGMENTS:
        because = (
            f"{len(responses)} judgments are more than the {MOST_JUDGMENTS} that it is drawn for; "
            "with so many, priors change nothing"
        )
        return Posterior(priors=priors, software={}, convergence=None, because=because)
    for caution in CAUTIONS:
        sample = draw(responses, "logit", seed, caution=caution)
        how, draws = sample.convergence, sample.draws
        if not (how.refusal or how.warnings):
            break
    plain = Posterior(priors=priors, software=_list_software(), convergence=how, because=how.refusal)
    if plain.because:
        return plain
    return replace(
        plain,
        systems=summarize_systems(draws, level, bound),
        contrasts=summarize_contrasts(draws, level),
        components=summarize_components(draws, level),
    )


def describe_priors(link: Link) -> dict[str, str]:
    """Return the priors in words, by parameter."""
    return {
        "each system": f"normal, mean 0, SD {COEFFICIENT_SD[link]} on the {link} scale",
        "each SD of listeners and clips": f"half-normal, scale {EFFECT_SD[link]:g} on the {link} scale",
        "correlation of lean and sensitivity": "LKJ with shape 2: density in proportion to 1 \u2212 r\u00b2",
    }


def draw(
    responses: pd.DataFrame, link: Link, seed: int, *, caution: float = CAUTIONS[0], kept: int = KEPT
) -> Sample:
    """Return draws from the posterior of judgments of several systems, `kept` of each of `CHAINS` chains."""
    bambi, systems = load_bambi(), list(order_systems(responses["system"].unique()))
    data = _lay_out(responses, systems)
    has_slope = bool(np.ptp(data[GENERATED].to_numpy()) > 0)
    with _keep_quiet():
        model = _build(bambi, data, link, has_slope=has_slope)
        result = model.fit(
            draws=kept,
            tune=WARM_UP,
            chains=CHAINS,
            random_seed=seed % 2**31,
            target_accept=caution,
            progressbar=False,
        )
        drawn = _read(result, systems, has_slope=has_slope)
    sds = [drawn[f"{term}|listener_sigma"] for term in ("1", GENERATED)[: 1 + has_slope]]
    draws = Draws(
        link=link,
        systems=tuple(systems),
        coefficients=drawn["system"],
        listener_sd=np.stack(sds, axis=-1),
        correlation=drawn.get("correlation", np.zeros_like(sds[0])),
        clip_sd=drawn["1|clip_sigma"],
    )
    n_divergent = int(np.asarray(result.sample_stats["diverging"]).sum())
    return Sample(draws, _measure([*drawn.values(), draws.average()], n_divergent))


def _lay_out(responses: pd.DataFrame, systems: list[str]) -> pd.DataFrame:
    """Return judgments in the columns of the formula; the first system is the first coefficient."""
    return pd.DataFrame(
        {
            "judged_human": responses["judged_human"].to_numpy(np.int64),
            "system": pd.Categorical(responses["system"].to_numpy(), categories=systems),
            "listener": pd.Categorical(pd.factorize(responses["participant_id"])[0]),
            "clip": pd.Categorical(pd.factorize(responses["clip_id"])[0]),
            GENERATED: contrast_generated(responses)[GENERATED].to_numpy(),
        }
    )


def _build(bambi: Any, data: pd.DataFrame, link: Link, *, has_slope: bool) -> Any:
    """Return Bambi's model, ready to be sampled."""
    effect = bambi.Prior("Normal", mu=0, sigma=bambi.Prior("HalfNormal", sigma=EFFECT_SD[link]))
    by_listener = ["1", GENERATED][: 1 + has_slope]
    priors = {f"{term}|listener": effect for term in by_listener} | {
        "1|clip": effect,
        "system": bambi.Prior("Normal", mu=0, sigma=COEFFICIENT_SD[link]),
    }
    formula = f"judged_human ~ 0 + system + ({' + '.join(by_listener)} | listener) + (1 | clip)"
    model = bambi.Model(formula, data, family="bernoulli", link=link, priors=priors)
    model.build()
    if has_slope:
        _correlate(model.backend.model)
    return model


def _correlate(model: Any) -> None:
    """Give a PyMC model of Bambi's the correlation of the module's docstring, with an LKJ(2) prior."""
    import pymc

    with model:
        r = pymc.Deterministic("correlation", 2 * pymc.Beta("correlation_share", 2, 2) - 1)
        a, b = model["1|listener_offset"], model[f"{GENERATED}|listener_offset"]
        rest = 1 - r**2
        log_ratio = (2 * r * a * b - r**2 * (a**2 + b**2)) / (2 * rest) - pymc.math.log(rest) / 2
        pymc.Potential("correlated", pymc.math.sum(log_ratio))


def _read(result: Any, systems: list[str], *, has_slope: bool) -> dict[str, FloatArray]:
    """Return draws of the model's parameters, chains and draws first; of the systems in the order given."""
    names = ["system", "1|listener_sigma", "1|clip_sigma"]
    names += [f"{GENERATED}|listener_sigma", "correlation"] if has_slope else []
    found = {name: result.posterior[name] for name in names}
    found["system"] = found["system"].sel(system_dim=systems)  # Bambi has them in an order of its own
    return {name: np.asarray(one.transpose("chain", "draw", ...), np.float64) for name, one in found.items()}


def _list_software() -> dict[str, str]:
    return {name: version(name) for name in ("bambi", "pymc")}


def _measure(parameters: list[FloatArray], n_divergent: int) -> Convergence:
    """Return the worst figures over parameters of shape (chains, draws, ...)."""
    from arviz_stats.base import array_stats

    flat = np.concatenate([one.reshape(*one.shape[:2], -1) for one in parameters], axis=-1)
    axes = {"chain_axis": 0, "draw_axis": 1}
    return Convergence(
        n_chains=flat.shape[0],
        n_warm_up=WARM_UP,
        n_draws=flat.shape[1],
        n_divergent=n_divergent,
        r_hat=float(np.max(array_stats.rhat(flat, **axes))),
        ess_bulk=float(np.min(array_stats.ess(flat, method="bulk", **axes))),
        ess_tail=float(np.min(array_stats.ess(flat, method="tail", prob=TAILS, **axes))),
    )


def _mend_matplotlib() -> None:
    """Give Matplotlib back a name that 3.11 dropped and the last ArviZ for Python 3.11 looks up."""
    import matplotlib.style

    if not hasattr(matplotlib.style, "core"):
        vars(matplotlib.style)["core"] = matplotlib.style


@contextmanager
def _keep_quiet() -> Iterator[None]:
    """Silence the libraries: what they say of their chains the report says, the rest is for developers."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
