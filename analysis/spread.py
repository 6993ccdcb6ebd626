"""How much listeners and clips differ, and what the average listener hears: the mixed models of a study."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import Rates
from analysis.detection import compute_d_prime
from analysis.estimates import MINIMUM_CLUSTERS, Estimate, estimate_by_t
from analysis.hierarchical import GENERATED, contrast_generated, fit_detection, fit_systems
from analysis.link import FloatArray, integrate_link
from analysis.mixed import INTERCEPT, LikelihoodRatio, MixedModel, compare_models, fit_mixed_model
from study_core.errors import ResponsesError
from study_core.types import HUMAN, HUMAN_SYSTEMS

MOST_JUDGMENTS = 200_000
"""A mixed model of more takes minutes and gigabytes, and a study of that size does not need it."""
NOISE_SD = float(np.pi / np.sqrt(3))
"""SD of the logistic distribution: of single judgments."""
LISTENERS_MEAN = "mean of listeners, clips as fixed, t"


@dataclass(frozen=True, slots=True)
class Hierarchical:
    """How well the average listener told one generator's clips from human ones, and how listeners differ.

    Attributes
    ----------
    d_prime, criterion
        Of the average listener and clip, from a probit mixed model.
    listeners_mean
        Mean of the listeners' own d', each with the log-linear correction.
    listeners_sd
        SD of d' over listeners in the model.
    because
        Why there is no model; empty where there is.
    """

    system: str
    d_prime: Estimate
    criterion: Estimate
    listeners_mean: Estimate
    listeners_sd: float | None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A likelihood-ratio test with what it asks, such as "do the systems differ?"."""

    question: str
    statistic: float
    degrees_of_freedom: int
    p: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How much listeners and clips differ, from the mixed model of all systems.

    Attributes
    ----------
    components
        `who` ("listeners' lean", "listeners' sensitivity", "clips", "single judgments"), `sd` on the logit
        scale, `share` of the variance of a judgment's tendency.
    tests
        Likelihood-ratio tests.
    clips
        `clip_id`, `rate`, `low`, `high`: each clip's share of "human" shrunk towards its system's, averaged
        over listeners.
    warnings
        Why not to trust the model, a sentence each.
    because
        Why there is no model; empty where there is.
    """

    components: pd.DataFrame | None = None
    tests: tuple[Test, ...] = ()
    clips: pd.DataFrame | None = None
    warnings: tuple[str, ...] = ()
    because: str = ""


def fit_study(responses: pd.DataFrame, rates: Rates) -> MixedModel | str:
    """Return the mixed model of all systems that had both answers, or why there is none."""
    if len(responses) > MOST_JUDGMENTS:
        return f"{len(responses)} judgments are more than the {MOST_JUDGMENTS} that it is fitted to"
    alike = [name for name, share in zip(rates.systems, rates.share, strict=True) if share in (0, 1)]
    kept = responses[~responses["system"].isin(alike)]
    if kept.empty:
        return "all answers about each system were alike"
    try:
        return fit_systems(kept)
    except ResponsesError as error:
        return explain(error)


def explain(error: ResponsesError) -> str:
    """Return the reasons in an error's message, in one line."""
    return "; ".join(line.strip() for line in str(error).splitlines()[1:]) or str(error)


def estimate_hierarchical(responses: pd.DataFrame, system: str, level: float) -> Hierarchical:
    """Return d' and c of the average listener for one generator, or why there is no such model."""
    chosen = responses[responses["system"].isin((HUMAN, system))]
    mean = _average_listeners(chosen, system, level)
    because = ""
    if len(chosen) > MOST_JUDGMENTS:
        because = f"{len(chosen)} judgments are more than the {MOST_JUDGMENTS} that a model is fitted to"
    elif chosen.groupby("system")["judged_human"].mean().isin((0, 1)).any():
        because = "all answers about one of the two systems were alike"
    if not because:
        try:
            found = fit_detection(chosen, level)
        except ResponsesError as error:
            because = explain(error)
        else:
            sd = float(found.model.listener_sd[1])
            return Hierarchical(system, found.d_prime, found.criterion, mean, sd)
    missing = Estimate(value=mean.value, method="mixed model, t", because=because)
    return Hierarchical(system, missing, missing, mean, None, because)


def describe_spread(responses: pd.DataFrame, model: MixedModel | str, level: float) -> Spread:
    """Return how much listeners and clips differ, with likelihood-ratio tests."""
    if isinstance(model, str):
        return Spread(because=model)
    kept = responses[responses["system"].isin(model.terms)]
    return Spread(
        _split_variance(model), tuple(_test(kept, model)), _shrink_clips(kept, model, level), model.warnings
    )


def _average_listeners(responses: pd.DataFrame, system: str, level: float) -> Estimate:
    """Return the mean of the listeners' own d'; its interval takes the clips for the only ones there are."""
    table = responses.groupby(["participant_id", "system"])["judged_human"].agg(["sum", "size"]).unstack()  # noqa: PD010 (two values)
    if not {("sum", HUMAN), ("sum", system)} <= set(table.columns) or table.dropna().empty:
        return Estimate(value=0.0, method=LISTENERS_MEAN, because="no listener judged both kinds of clips")
    both = table.dropna()
    hits, trials = (both[what][[HUMAN, system]].to_numpy(np.int64) for what in ("sum", "size"))
    z_human, z_generated = stats.norm.ppf((hits + 0.5) / (trials + 1)).T
    d_primes = z_human - z_generated
    if len(both) < MINIMUM_CLUSTERS:
        only = compute_d_prime(hits[0], trials[0], corrected=True)[0]
        return Estimate(value=only, method=LISTENERS_MEAN, because="only one listener judged both kinds")
    mean, error = float(d_primes.mean()), float(d_primes.std(ddof=1) / np.sqrt(len(both)))
    return estimate_by_t(mean, error, len(both) - 1.0, level, method=LISTENERS_MEAN)


def _split_variance(model: MixedModel) -> pd.DataFrame:
    """Return the components of the variance of eta plus noise, of human and generated clips on average."""
    sds = {"listeners' lean": float(model.listener_sd[0])}
    variances = {"listeners' lean": sds["listeners' lean"] ** 2}
    if GENERATED in model.by_listener:
        sds["listeners' sensitivity"] = float(model.listener_sd[1])
        variances["listeners' sensitivity"] = sds["listeners' sensitivity"] ** 2 / 4  # gen_c is +-1/2
    sds |= {"clips": model.clip_sd, "single judgments": NOISE_SD}
    variances |= {"clips": model.clip_sd**2, "single judgments": NOISE_SD**2}
    total = sum(variances.values())
    shares = [variances[who] / total for who in sds]
    return pd.DataFrame({"who": list(sds), "sd": list(sds.values()), "share": shares})


def _test(responses: pd.DataFrame, model: MixedModel) -> list[Test]:
    """Return the likelihood-ratio tests that the model's terms allow."""
    ids = responses["participant_id"], responses["clip_id"]
    terms, answers = contrast_generated(responses), responses["judged_human"]
    by_listener = terms[list(model.by_listener)]
    found: list[tuple[str, LikelihoodRatio]] = []
    if len(model.terms) > 1:
        same = fit_mixed_model(answers, terms[[INTERCEPT]], *ids, by_listener=by_listener)
        found.append(("Do the systems differ?", compare_models(same, model)))
    if len(model.by_listener) > 1:
        systems = pd.get_dummies(responses["system"], dtype=float)
        same = fit_mixed_model(answers, systems, *ids, by_listener=terms[[INTERCEPT]])
        question = "Do listeners differ in how well they tell human from generated?"
        found.append((question, compare_models(same, model)))
    return [Test(question, one.statistic, one.degrees_of_freedom, one.p) for question, one in found]


def _shrink_clips(responses: pd.DataFrame, model: MixedModel, level: float) -> pd.DataFrame:
    """Return each clip's share of "human", averaged over listeners, with the interval of its own effect."""
    system = responses.groupby("clip_id", sort=True)["system"].first()
    effects = model.clip_effects.set_index("clip").loc[system.index]
    middle = np.array([model.coefficients[model.terms.index(name)] for name in system]) + effects["effect"]
    reach = float(stats.norm.ppf((1 + level) / 2)) * effects["conditional_sd"].to_numpy()
    sd = {name: _spread_listeners(model, name) for name in model.terms}
    sds = np.array([sd[name] for name in system])
    low, rate, high = (_integrate(model, middle.to_numpy() + side * reach, sds) for side in (-1, 0, 1))
    return pd.DataFrame({"clip_id": system.index, "rate": rate, "low": low, "high": high})


def _spread_listeners(model: MixedModel, system: str) -> float:
    row = np.array([1.0, -0.5 if system in HUMAN_SYSTEMS else 0.5])[: len(model.by_listener)]
    return float(np.linalg.norm(row @ model.listener_root))


def _integrate(model: MixedModel, eta: FloatArray, sds: FloatArray) -> FloatArray:
    return np.array([integrate_link(model.link, *pair)[0] for pair in zip(eta, sds, strict=True)])
