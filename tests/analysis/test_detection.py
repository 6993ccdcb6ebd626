"""d', c and accuracy against R and by hand."""

import numpy as np
import pytest
from scipy import stats

from analysis.clusters import measure_rates
from analysis.detection import (
    LOG_LINEAR,
    compute_d_prime,
    count_correct,
    estimate_accuracy,
    estimate_detection,
)
from analysis.responses import Responses
from tests.analysis.made import make_judgments


def test_d_prime_and_c_of_public_data_are_those_of_r(gengap: Responses) -> None:
    detection = estimate_detection(measure_rates(gengap.table), "1", 0.95)
    assert detection.d_prime.value == pytest.approx(2.265512379)
    assert detection.criterion.value == pytest.approx(0.102684152063)
    naive_error = (detection.d_prime.naive_high - detection.d_prime.value) / 1.959963984540054
    assert naive_error == pytest.approx(0.0390596997412, rel=2e-4)  # R has no n / (n - 1)


def test_accuracy_of_public_data_is_that_of_r(gengap: Responses) -> None:
    accuracy = estimate_accuracy(gengap.table, 0.95)
    assert accuracy.correct.value == pytest.approx(5847 / 6720)
    assert accuracy.correct.naive_low == pytest.approx(0.861838994717)
    assert accuracy.base_rate == 0.5
    balanced = estimate_detection(measure_rates(gengap.table), "1", 0.95).balanced_accuracy
    assert balanced.value == pytest.approx(0.870089285714)


@pytest.mark.parametrize(
    ("judged_human", "corrected", "d_prime", "criterion"),
    [
        ((17, 5), False, 1.30932003269, -0.186961217229),
        ((17, 5), True, 1.24952001259, -0.176334522988),
    ],
)
def test_d_prime_of_counts_is_that_of_r(
    judged_human: tuple[int, int], corrected: object, d_prime: float, criterion: float
) -> None:
    """20 hits, 5 misses, 8 false alarms, 17 correct rejections."""
    values = compute_d_prime(np.array(judged_human), np.array([25, 25]), corrected=bool(corrected))
    assert values == pytest.approx((d_prime, criterion))


def test_d_prime_of_perfect_listeners_is_log_linear_and_says_why_it_has_no_interval() -> None:
    perfect = make_judgments({"human": [[1] * 5] * 2, "gan": [[0] * 5] * 2})
    d_prime = estimate_detection(measure_rates(perfect), "gan", 0.95).d_prime
    assert d_prime.value == pytest.approx(3.38124325917)
    assert d_prime.method == LOG_LINEAR
    assert d_prime.low is None
    assert d_prime.because == 'all 10 judgments of human clips were "human"'


@pytest.mark.parametrize("answer", [0, 1])
def test_where_all_answers_about_one_system_are_alike_both_rates_are_corrected(answer: int) -> None:
    rates = measure_rates(make_judgments({"human": [[1, 0, 1, 1, 0]] * 2, "gan": [[answer] * 5] * 2}))
    d_prime = estimate_detection(rates, "gan", 0.95).d_prime
    z = stats.norm.ppf([6.5 / 11, (10 * answer + 0.5) / 11])
    assert (d_prime.value, d_prime.method) == (pytest.approx(z[0] - z[1]), LOG_LINEAR)


def test_calling_everything_human_is_lean_and_not_skill() -> None:
    mostly_human = [[1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 1, 1]]
    detection = estimate_detection(
        measure_rates(make_judgments({"human": mostly_human, "gan": mostly_human})), "gan", 0.95
    )
    assert detection.d_prime.value == pytest.approx(0)
    assert detection.criterion.value == pytest.approx(0.6744897501960817)  # z(.75): leans to "human"
    assert detection.balanced_accuracy.value == pytest.approx(0.5)


def test_listeners_are_counted_with_their_correct_judgments() -> None:
    table = make_judgments({"human": [[1, 0], [1, 1]], "gan": [[0, 0, 1], [1, 1, 1]]})
    counts = count_correct(table)
    assert counts.to_dict("list") == {
        "participant_id": ["p0", "p1"],
        "n_trials": [5, 5],
        "n_correct": [3, 2],
    }
