"""Figures of more listeners or clips than they have rows or columns say that neighbors share a place."""

from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.figures import heatmap, scale
from tests.analysis.made import make_export


@pytest.mark.parametrize("name", ["MOST_ROWS", "MOST_COLUMNS"])
def test_a_cell_is_called_one_judgment_only_where_it_is_one(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    explored = show(make_export())
    assert heatmap.read(explored).startswith("Each cell is one judgment;")
    monkeypatch.setattr(heatmap, name, 6)
    assert heatmap.read(explored).startswith(
        "Each cell is the share \u201chuman\u201d of neighbors in the order, for there are more than fit;"
    )


def test_a_row_of_the_scale_is_called_a_listener_only_where_it_is_one() -> None:
    assert scale.describe_rows(scale.MOST_ROWS).startswith("a row is a listener,")
    assert scale.describe_rows(scale.MOST_ROWS + 1).startswith("a row is listeners of like means, for there")


def show(kept: pd.DataFrame) -> SimpleNamespace:
    """Return what the heatmap reads of an exploration."""
    clips = kept.groupby(["clip_id", "system"], as_index=False)["judged_human"].mean()
    return SimpleNamespace(study=SimpleNamespace(exclusions=SimpleNamespace(kept=kept)), clips=clips)
