"""Pairs: d' free of side bias, and three-way clustering."""

import numpy as np
import pandas as pd
import pytest

from analysis.pairs import contrast_pairs, estimate_pairs


def make_pairs(rng: np.random.Generator, bias: float) -> pd.DataFrame:
    listener = np.repeat(np.arange(60), 20)
    human_first = rng.random(1200) < 0.5
    chose_first = np.where(human_first, 1, -1) * 0.6 + bias + rng.normal(size=1200) > 0
    return pd.DataFrame(
        {
            "participant_id": listener,
            "clip_id": rng.integers(0, 30, 1200),
            "human_clip_id": rng.integers(100, 130, 1200),
            "system": "gan",
            "chose_first": chose_first.astype(int),
            "judged_human": (chose_first != human_first).astype(int),
        }
    )


@pytest.mark.parametrize("bias", [0.0, 0.8])
def test_d_prime_is_recovered_whatever_the_lean_to_one_side(bias: float) -> None:
    (pair,) = estimate_pairs(make_pairs(np.random.default_rng(1), bias), 0.95)
    assert pair.d_prime.low < 1.2 / np.sqrt(2) < pair.d_prime.high
    assert (pair.first_bias.low > 0.5) == (bias > 0)


def test_one_side_only_gives_no_d_prime() -> None:
    table = make_pairs(np.random.default_rng(2), 0.0)
    table = table[table["chose_first"] != table["judged_human"]]
    (pair,) = estimate_pairs(table, 0.95)
    assert pair.d_prime.because == "the human clip was always on the same side"


def test_generators_of_one_clip_each_are_not_contrasted_as_if_clips_were_a_sample() -> None:
    table = make_pairs(np.random.default_rng(3), 0.0)
    half = np.arange(len(table)) % 2
    table = table.assign(clip_id=half, system=np.where(half, "gan", "lstm"))
    (contrast,) = contrast_pairs(table, 0.95)
    assert contrast.difference.because == "there is only one generated clip"
    assert contrast.difference.low is contrast.p_holm is None
