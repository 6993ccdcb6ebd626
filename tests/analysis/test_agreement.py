"""Every number that R gave, ours beside it: `benchmarks/agreement.py` prints the same table."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
N_COMPUTED = 164


@pytest.fixture(scope="module")
def rows() -> list:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import agreement

        found = list(agreement.compare())
        for name in ("agreement", "agreement_ours"):
            sys.modules.pop(name)
    return found


def test_every_number_is_that_of_r(rows: list) -> None:
    away = [(row.path, row.ours, row.theirs) for row in rows if row.difference > row.tolerance]
    assert away == []


def test_what_r_computes_and_we_do_not_has_a_reason(rows: list) -> None:
    assert [row.path for row in rows if row.ours is None and not row.because] == []


def test_every_number_of_ours_has_one_of_r_beside_it(rows: list) -> None:
    """A key renamed on one side only would be explained away instead of compared."""
    assert sum(row.ours is not None for row in rows) == N_COMPUTED
