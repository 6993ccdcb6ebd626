"""Our numbers under the names that `agreement.json` has for R's."""

import gzip
import io
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from analysis.clusters import Rates, measure_rates
from analysis.detection import compute_d_prime, count_correct, estimate_accuracy, estimate_detection
from analysis.estimates import Estimate, clopper_pearson_interval, wilson_interval
from analysis.fooling import adjust_holm, estimate_fooling
from analysis.hierarchical import GENERATED, contrast_generated, estimate_probability
from analysis.link import Link, integrate_link
from analysis.mixed import INTERCEPT, MixedModel, fit_mixed_model
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.pairs import estimate_pairs
from analysis.spread import estimate_hierarchical

TRIALS = Path(__file__).parents[1] / "tests" / "analysis" / "gengap2024" / "trials.csv.gz"
LEVEL = 0.95
P_VALUES = [0.01, 0.03, 0.04, 0.005, 0.2]
"""Those that R adjusted."""
Number = float | list[float]


def compute_single() -> dict[str, Number]:
    """Return our numbers beside R's single ones, by path."""
    values: dict[str, Number] = {
        "wilson_533_1462": list(wilson_interval(533, 1462, LEVEL)),
        "clopper_533_1462": list(clopper_pearson_interval(533, 1462, LEVEL)),
        "edge_wilson_0_10": list(wilson_interval(0, 10, LEVEL)),
        "edge_clopper_0_10": list(clopper_pearson_interval(0, 10, LEVEL)),
        "edge_clopper_10_10": list(clopper_pearson_interval(10, 10, LEVEL)),
        "holm": adjust_holm(P_VALUES),
        "bh": adjust_benjamini_hochberg(P_VALUES),
    }
    for share in ("0.55", "0.6", "0.75", "0.9"):
        d_prime = detect_pairs(float(share))
        values |= {f"dprime_from_pc_2afc/{share}/{name}": d_prime for name in ("sqrt2z", "psyphy")}
    for i, (eta, variance) in enumerate([(0, 1), (0.599244, 0.7127), (-2, 1.5)]):
        share_of = integrate_link("logit", eta, variance**0.5)[0]
        values |= {f"logit_normal_mean/{i}/{name}": x for name, x in (("eta", eta), ("var", variance))}
        values[f"logit_normal_mean/{i}/p"] = share_of
    values |= name_counts("sdt_20_5_8_17", 20, 5, 8, 17) | {"sdt_20_5_8_17/raw/se_dprime": find_error()}
    values |= name_detection("sdt_20_5_8_17/raw", 20, 25, 8, 25, corrected=False)
    values |= name_detection("sdt_20_5_8_17/loglinear", 20, 25, 8, 25, corrected=True)
    values |= name_detection("sdt_perfect_loglinear", 10, 10, 0, 10, corrected=True)
    return {f"single/{path}": value for path, value in values.items()}


def name_counts(path: str, hit: int, miss: int, fa: int, cr: int) -> dict[str, Number]:
    """Return the four counts of signal detection under R's names."""
    return {f"{path}/{name}": n for name, n in (("hit", hit), ("miss", miss), ("fa", fa), ("cr", cr))}


def name_detection(
    path: str, hits: int, signals: int, alarms: int, others: int, *, corrected: bool
) -> dict[str, Number]:
    """Return rates, d' and c under R's names."""
    judged_human, trials = np.array([others - alarms, signals - hits]), np.array([others, signals])
    d_prime, c = compute_d_prime(judged_human, trials, corrected=corrected)
    rates = [(n + 0.5 * corrected) / (of + corrected) for n, of in ((hits, signals), (alarms, others))]
    return {f"{path}/dprime": d_prime, f"{path}/c": c} | dict(
        zip((f"{path}/hit_rate", f"{path}/fa_rate"), rates, strict=True)
    )


def detect_pairs(correct: float, n: int = 20) -> float:
    """Return d' of listeners without a lean to one side, half of whose human clips came first."""
    right = np.tile(np.arange(n) < round(correct * n), 2)
    human_first = np.repeat([True, False], n)
    table = pd.DataFrame({"participant_id": np.arange(2 * n) % 5, "clip_id": np.arange(2 * n) % 8})
    table = table.assign(system="gan", human_clip_id=np.arange(2 * n) % 7, judged_human=1 - right.astype(int))
    rows = table.assign(chose_first=(right == human_first).astype(int))
    return estimate_pairs(rows, LEVEL)[0].d_prime.value


def find_error() -> float:
    """Return the error of d' of 20 hits, 5 misses, 8 false alarms, 17 correct rejections, all independent."""
    said = np.repeat([1, 0, 1, 0], [17, 8, 5, 20])
    system = np.repeat(["human", "gan"], 25)
    table = pd.DataFrame({"participant_id": range(50), "clip_id": range(50), "system": system})
    return naive_error(
        estimate_detection(measure_rates(table.assign(judged_human=said)), "gan", LEVEL).d_prime
    )


def naive_error(estimate: Estimate) -> float:
    """Return the standard error behind the interval of independent judgments."""
    high = estimate.naive_high
    return float("nan") if high is None else (high - estimate.value) / float(stats.norm.ppf((1 + LEVEL) / 2))


@cache
def read_trials() -> pd.DataFrame:
    """Return the public judgments in our columns, with `attentive`."""
    table = pd.read_csv(io.BytesIO(gzip.decompress(TRIALS.read_bytes())))
    names = {"participant": "participant_id", "item": "clip_id"}
    return table.rename(columns=names).assign(
        system=np.where(table["is_generated"] == 0, "human", "gan"),
        judged_human=1 - table["said_generated"],
        attentive=table["attention_ok"] == 1,
    )


def compute_public() -> dict[str, Number]:
    """Return our numbers of the public judgments, by path."""
    everybody = read_trials()
    table = everybody[everybody["attentive"]].reset_index(drop=True)
    n_raw, n_kept = (rows["participant_id"].nunique() for rows in (everybody, table))
    values: dict[str, Number] = {
        "exclusion/n_raw": n_raw,
        "exclusion/n_kept": n_kept,
        "exclusion/n_failed_attention": n_raw - n_kept,
    }
    values |= {f"base/{path}": value for path, value in describe_shares(table).items()}
    values |= describe_errors(table) | describe_models(table)
    return {f"gengap2024/{path}": value for path, value in values.items()}


def is_correct(table: pd.DataFrame) -> "pd.Series[int]":
    """Return 1 for a right answer, 0 for a wrong one."""
    return ((table["judged_human"] == 1) == (table["system"] == "human")).astype("int64")


def describe_shares(table: pd.DataFrame) -> dict[str, Number]:
    """Return counts, shares, d' and c, by R's names below "base"."""
    rates, correct = measure_rates(table), is_correct(table)
    human, gan = estimate_fooling(rates, LEVEL)
    found = estimate_detection(rates, "gan", LEVEL)
    hit, fa = (int((1 - table["judged_human"])[table["system"] == name].sum()) for name in ("gan", "human"))
    values: dict[str, Number] = {
        "n_participants": table["participant_id"].nunique(),
        "n_items": table["clip_id"].nunique(),
        "n_trials": len(table),
        "balanced_accuracy": found.balanced_accuracy.value,
        "sdt_pooled/raw/hit_rate": 1 - gan.rate.value,
        "sdt_pooled/raw/fa_rate": 1 - human.rate.value,
        "sdt_pooled/raw/dprime": found.d_prime.value,
        "sdt_pooled/raw/c": found.criterion.value,
        "sdt_pooled/raw/se_dprime": naive_error(found.d_prime),
    }
    values |= name_counts("sdt_pooled", hit, gan.n_trials - hit, fa, human.n_trials - fa)
    said = table["judged_human"]
    for name, answers in (
        ("accuracy", correct),
        ("fooling_rate", said[table["system"] == "gan"]),
        ("human_called_human", said[table["system"] == "human"]),
        ("prop_said_human", said),
        ("by_system/dreambooth/said_human", said[table["system"] == "gan"]),
        ("by_system/real/said_human", said[table["system"] == "human"]),
    ):
        values |= name_share(name, int(answers.sum()), len(answers))
    values |= {"by_system/dreambooth/n_items": gan.n_clips, "by_system/real/n_items": human.n_clips}
    by_item = correct.groupby(table["clip_id"]).mean()
    people, average = count_correct(table), estimate_hierarchical(table, "gan", LEVEL)
    by_person = people["n_correct"] / people["n_trials"]
    return values | {
        "accuracy/p": estimate_accuracy(table, LEVEL).correct.value,
        "participant_level/mean_acc": float(by_person.mean()),
        "participant_level/sd_acc": float(by_person.std()),
        "participant_level/mean_dprime_loglinear": average.listeners_mean.value,
        "item_level/mean_acc": float(by_item.mean()),
        "item_level/sd_acc": float(by_item.std()),
    }


def name_share(path: str, k: int, n: int) -> dict[str, Number]:
    """Return a share with its intervals of independent judgments under R's names."""
    return {
        f"{path}/k": k,
        f"{path}/n": n,
        f"{path}/p": k / n,
        f"{path}/wilson95": list(wilson_interval(k, n, LEVEL)),
        f"{path}/clopper95": list(clopper_pearson_interval(k, n, LEVEL)),
    }


def describe_errors(table: pd.DataFrame) -> dict[str, Number]:
    """Return logits of shares with their errors by cluster, by R's names: delta method on our covariance."""
    pooled = measure_rates(table.assign(judged_human=is_correct(table), system="human"))
    rates = measure_rates(table)  # of "human", where R's models are of "generated"
    slopes = 1 / (rates.share * (1 - rates.share))
    logit = np.log(rates.share / (1 - rates.share))
    share = float(pooled.share[0])
    answers = {"(Intercept)": -slopes / 2, GENERATED: slopes * [1, -1]}
    coefficients = {"(Intercept)": -logit.sum() / 2, GENERATED: logit[0] - logit[1]}
    values: dict[str, Number] = {"twoway_correct/coef/(Intercept)": float(np.log(share / (1 - share)))}
    values |= name_errors("twoway_correct", pooled, {"(Intercept)": np.array([1 / (share * (1 - share))])})
    values |= name_errors("twoway_gen", rates, answers)
    for name, value in coefficients.items():
        values |= {f"{model}/coef/{name}": float(value) for model in ("twoway_gen", "gee_gen")}
        values[f"gee_gen/se_robust/{name}"] = values[f"twoway_gen/se_cluster_participant_HC0/{name}"]
    return values


def name_errors(path: str, rates: Rates, gradients: Mapping[str, np.ndarray]) -> dict[str, Number]:
    """Return the errors of functions of shares under R's names of the ways to cluster."""
    parts = {
        "se_naive": rates.by_pair,
        "se_cluster_participant_HC0": rates.by_listener,
        "se_cluster_item_HC0": rates.by_clip,
        "se_twoway_HC0_nocadjust": rates.by_listener + rates.by_clip - rates.by_pair,
    }
    return {
        f"{path}/{way}/{name}": float(np.sqrt(gradient @ part @ gradient))
        for way, part in parts.items()
        for name, gradient in gradients.items()
    }


def describe_models(table: pd.DataFrame) -> dict[str, Number]:
    """Return the mixed models under R's names."""
    terms, one = contrast_generated(table), contrast_generated(table)[[INTERCEPT]]
    systems = pd.get_dummies(table["system"], dtype=float).rename(
        columns={"gan": "systemdreambooth", "human": "systemreal"}
    )
    said = 1 - table["judged_human"]
    ids = table["participant_id"], table["clip_id"]

    def fit(answers: pd.Series, fixed: pd.DataFrame, slopes: pd.DataFrame, link: Link) -> MixedModel:
        return fit_mixed_model(answers, fixed, *ids, by_listener=slopes, link=link)

    models = {
        "m_correct": fit(is_correct(table), one, one, "logit"),
        "m_sdt_probit": fit(said, terms, one, "probit"),
        "m_sdt_logit": fit(said, terms, one, "logit"),
        "m_sdt_probit_slope": fit(said, terms, terms, "probit"),
        "m_system": fit(table["judged_human"], systems, one, "logit"),
    }
    values = {path: value for name, model in models.items() for path, value in name_model(name, model)}
    for term in systems:
        share = estimate_probability(models["m_system"], {str(term): 1}, LEVEL).value
        values[f"m_system/glmer/marginal_p/{term}"] = share
    return values


def name_model(path: str, model: MixedModel) -> Iterator[tuple[str, Number]]:
    """Yield a model's numbers beside glmmTMB's and glmer's."""
    errors = np.sqrt(model.covariance.diagonal())
    for i, term in enumerate(model.terms):
        name = "(Intercept)" if term == INTERCEPT else term
        yield f"{path}/glmmTMB/coef/{name}/est", float(model.coefficients[i])
        yield f"{path}/glmmTMB/coef/{name}/se", float(errors[i])
        yield f"{path}/glmer/coef/{name}", float(model.coefficients[i])
    for i, term in enumerate(model.by_listener):
        name = "(Intercept)" if term == INTERCEPT else term
        yield f"{path}/glmmTMB/re_sd/participant/{name}", float(model.listener_sd[i])
    yield f"{path}/glmmTMB/re_sd/item/(Intercept)", model.clip_sd
    if len(model.by_listener) > 1:
        yield f"{path}/glmmTMB/re_cor/participant", float(model.listener_correlation[1, 0])
    for program in ("glmmTMB", "glmer"):
        yield f"{path}/{program}/logLik", model.log_likelihood
