"""The area below the ROC curve and agreement with oneself, by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.confidence import estimate_area, estimate_confidence
from analysis.figures.confidence import read
from analysis.reliability import estimate_reliability


def make_rated(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "participant_id": np.arange(n),
            "clip_id": np.arange(n),
            "system": ["human", "gan"] * (n // 2),
            "judged_human": rng.integers(0, 2, n),
            "confidence": rng.integers(1, 5, n),
        }
    )


def test_the_area_counts_pairs_and_its_error_is_delongs_where_judgments_are_independent() -> None:
    table = make_rated()
    x, y = (table.loc[table["system"] == name, "confidence"].to_numpy() for name in ("human", "gan"))
    wins = (y[:, None] > x) + 0.5 * (y[:, None] == x)
    area = estimate_area(table, table["confidence"], table["system"], ("human", "gan"), 0.95)
    assert area.value == pytest.approx(wins.mean())
    delong = wins.mean(axis=1).var(ddof=1) / 40 + wins.mean(axis=0).var(ddof=1) / 40
    assert area.standard_error == pytest.approx(delong**0.5)


def test_the_figure_says_how_often_the_correct_were_surer() -> None:
    confidence = estimate_confidence(make_rated(), ("gan",), 0.95)
    told = read(SimpleNamespace(study=SimpleNamespace(findings=SimpleNamespace(confidence=confidence))))
    area = confidence.type_2_auc
    share, low, high = (f"{100 * one:.0f}" for one in (area.value, area.low, area.high))
    assert told.endswith(
        "A correct judgment was given with more confidence than a wrong one, ties half, "
        f"{share}% ({low} to {high}) of the time; 50% is no insight."
    )


def test_without_confidence_the_reason_is_given() -> None:
    bare = make_rated().drop(columns="confidence")
    assert estimate_confidence(bare, ("gan",), 0.95).because == "listeners were not asked how sure they were"


def test_repeats_are_compared_with_the_first_hearing() -> None:
    table = make_rated()
    again = table.assign(
        judged_human=table["judged_human"].where(table.index % 4 != 0, 1 - table["judged_human"])
    )
    found = estimate_reliability(pd.concat([table, again], ignore_index=True), 0.95)
    assert (found.n_repeats, found.n_listeners) == (80, 80)
    assert found.agreement.value == pytest.approx(0.75)
    assert estimate_reliability(table, 0.95).because == "nobody heard a clip twice"
