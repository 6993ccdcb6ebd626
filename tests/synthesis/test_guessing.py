import numpy as np
import pytest

from synthesis.guessing import guess_system

SYSTEMS = ["human"] * 40 + ["lstm"] * 40 + ["gan"] * 40


def test_a_column_that_tells_the_system_is_found_and_named() -> None:
    table = np.random.default_rng(1).normal(size=(120, 5))
    table[:40, 3] += 1.5
    guess = guess_system(table, SYSTEMS)
    assert guess is not None
    assert guess.best_column == 3
    assert guess.p_value <= 0.001
    assert guess.share_right > guess.chance == pytest.approx(1 / 3)


def test_tables_that_tell_nothing_are_found_telling_no_more_often_than_the_p_value_says() -> None:
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(400):
        guess = guess_system(rng.normal(size=(24, 4)), SYSTEMS[::5], n_shuffles=99)
        assert guess is not None
        p_values.append(guess.p_value)
    # Three standard errors of a share of 400. Equal shares of right guesses make the p-value cautious.
    for alpha in (0.01, 0.05, 0.25):
        error = 3 * (alpha * (1 - alpha) / 400) ** 0.5
        assert 0.5 * alpha - error < np.mean(np.array(p_values) <= alpha) < alpha + error


def test_three_stimuli_of_a_system_are_enough_to_guess_from() -> None:
    guess = guess_system(np.arange(6.0)[:, None], ["human"] * 3 + ["lstm"] * 3, n_shuffles=9)
    assert guess is not None
    assert guess.share_right == 1


def test_each_stimulus_is_left_out_of_the_mean_it_is_compared_with() -> None:
    # Any two points are nearer to a mean that holds them than to the other's: without leaving out, noise in
    # many columns would be guessed right nearly always.
    guess = guess_system(np.random.default_rng(3).normal(size=(12, 200)), ["a", "b"] * 6, n_shuffles=9)
    assert guess is not None
    assert guess.share_right < 0.9


@pytest.mark.parametrize(
    ("table", "systems"),
    [
        (np.arange(6.0)[:, None], ["human"] * 6),
        (np.arange(6.0)[:, None], ["human"] * 4 + ["lstm"] * 2),
        (np.ones((6, 3)), ["human", "lstm"] * 3),
    ],
)
def test_one_system_few_stimuli_or_equal_ones_leave_nothing_to_guess(
    table: np.ndarray, systems: list[str]
) -> None:
    assert guess_system(table, systems) is None
