"""P values of many questions asked at once."""

from collections.abc import Sequence

import numpy as np


def adjust_benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted after Benjamini & Hochberg (1995), in the order given."""
    n = len(p_values)
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=float)[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return [float(p) for p in adjusted]
