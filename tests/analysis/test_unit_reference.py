"""Single values from R and its packages, side by side with ours.

Values of the same reference for which this package has no function, and why: intervals of Agresti & Coull and
of Jeffreys, exact binomial, McNemar, Fisher, chi-squared and exact two-sided-binomial equivalence tests (all
treat judgments as independent); d' of 3-AFC, ABX and same-different and the 2-AFC similarity test (tasks the
study does not set); ln beta and A' (c and AUC stand for them); the error of d' after the log-linear
correction (then there is no interval); Benjamini & Yekutieli's p, Cohen's h, DeLong's test of two curves and
the partial AUC.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.clusters import measure_rates
from analysis.detection import compute_d_prime, estimate_detection
from analysis.estimates import clopper_pearson_interval, wilson_interval
from analysis.fooling import adjust_holm
from analysis.link import integrate_link
from analysis.multiplicity import adjust_benjamini_hochberg
from analysis.pairs import estimate_pairs
from tests.analysis.made import make_judgments

P_VALUES = [0.01, 0.03, 0.04, 0.005, 0.2]


def compute_pair_d_prime(correct: float, n: int = 20) -> float:
    """Return d' of listeners without a lean to one side, half of whose human clips came first."""
    right = np.tile(np.arange(n) < round(correct * n), 2)
    human_first = np.repeat([True, False], n)
    table = pd.DataFrame({"participant_id": np.arange(2 * n) % 5, "clip_id": np.arange(2 * n) % 8})
    table = table.assign(system="gan", human_clip_id=np.arange(2 * n) % 7, judged_human=1 - right.astype(int))
    rows = table.assign(chose_first=(right == human_first).astype(int))
    return estimate_pairs(rows, 0.95)[0].d_prime.value


def compute_independent_error() -> float:
    """Return the error of d' of 20 hits, 5 misses, 8 false alarms, 17 correct rejections."""
    counts = {"human": [[1]] * 17 + [[0]] * 8, "gan": [[1]] * 5 + [[0]] * 20}
    found = estimate_detection(measure_rates(make_judgments(counts).assign(clip_id=range(50))), "gan", 0.95)
    high = found.d_prime.naive_high
    return 0.0 if high is None else (high - found.d_prime.value) / float(stats.norm.ppf(0.975))


def detect(judged_human: tuple[int, int], n: int, *, corrected: bool) -> tuple[float, float]:
    return compute_d_prime(np.array(judged_human), np.array([n, n]), corrected=corrected)


AGREEMENT: dict[str, tuple[Callable[[], object], object]] = {
    "Wilson, 533 of 1462": (lambda: wilson_interval(533, 1462, 0.95), (0.340282126718, 0.389565874499)),
    "Wilson, 0 of 10": (lambda: wilson_interval(0, 10, 0.95), (0, 0.277532799863)),
    "Clopper-Pearson, 533 of 1462": (
        lambda: clopper_pearson_interval(533, 1462, 0.95),
        (0.339848380637, 0.389835259056),
    ),
    "Clopper-Pearson, 0 of 10": (lambda: clopper_pearson_interval(0, 10, 0.95), (0, 0.308497107819)),
    "Clopper-Pearson, 10 of 10": (lambda: clopper_pearson_interval(10, 10, 0.95), (0.691502892181, 1)),
    "Holm": (lambda: adjust_holm(P_VALUES), [0.04, 0.09, 0.09, 0.025, 0.2]),
    "Benjamini-Hochberg": (
        lambda: adjust_benjamini_hochberg(P_VALUES),
        [0.025, 0.05, 0.05, 0.025, 0.2],
    ),
    "d' and c": (lambda: detect((17, 5), 25, corrected=False), (1.30932003269, -0.186961217229)),
    "error of d', independent judgments": (compute_independent_error, 0.386931124953),
    "d' and c, log-linear": (lambda: detect((17, 5), 25, corrected=True), (1.24952001259, -0.176334522988)),
    "d' and c, perfect listeners": (lambda: detect((10, 0), 10, corrected=True), (3.38124325917, 0)),
    "d' of 2-AFC, .55 correct": (lambda: compute_pair_d_prime(0.55), 0.177711980989),
    "d' of 2-AFC, .6 correct": (lambda: compute_pair_d_prime(0.6), 0.358286909243),
    "d' of 2-AFC, .75 correct": (lambda: compute_pair_d_prime(0.75), 0.953872552409),
    "d' of 2-AFC, .9 correct": (lambda: compute_pair_d_prime(0.9), 1.81238760487),
    "logit averaged, 0 and 1": (lambda: integrate_link("logit", 0, 1)[0], 0.5),
    "logit averaged, .599 and .713": (
        lambda: integrate_link("logit", 0.599244, 0.7127**0.5)[0],
        0.627058642781,
    ),
    "logit averaged, -2 and 1.5": (lambda: integrate_link("logit", -2, 1.5**0.5)[0], 0.17057441076),
}


@pytest.mark.parametrize("name", AGREEMENT)
def test_the_value_is_that_of_r(name: str) -> None:
    compute, published = AGREEMENT[name]
    assert compute() == pytest.approx(published, rel=1e-9, abs=1e-10)
