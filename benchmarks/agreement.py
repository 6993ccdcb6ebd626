"""Every number of R that there is to compare with, ours beside it: the agreement table.

    python benchmarks/agreement.py            # all values, some seconds
    python benchmarks/agreement.py --worst    # the largest difference of each kind only

`agreement.json` holds what R 4.2.2 and its packages said: single values ("single"), and the analysis of the
public judgments of `tests/analysis/gengap2024`. A value that this package does not compute says why. The
tests compare each with `TOLERANCES`, and fail where a value has neither.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

import numpy as np
from agreement_ours import Number, compute_public, compute_single

HERE = Path(__file__).parent
TOLERANCES = {
    "*/glmer/coef/*": 2e-2,
    "*/glmer/*": 4.0,
    "*/glmmTMB/*": 1e-4,
    "*/marginal_p/*": 1e-3,
    "single/*/psyphy": 3e-5,
    "*/twoway_*/se_naive/*": 2e-6,
    "*/twoway_*": 5e-9,
    "*": 1e-9,
}
"""Absolute; of patterns that fit, the first counts. glmer stops short of the likelihood's maximum (its
log-likelihood is up to 3.3 below glmmTMB's), psyphy inverts a function by search, and R's glm stops
a little before its maximum."""

NO_FUNCTION = {
    "single/agresti_coull*": "an interval of independent judgments; Wilson's stands for these",
    "single/jeffreys*": "an interval of independent judgments; Wilson's stands for these",
    "single/binom_*": "a test of independent judgments",
    "*/binom_p_two_sided_vs_half": "a test of independent judgments",
    "single/tost_*": "an exact test of independent judgments; ours is two-way clustered",
    "single/sensory_similarity*": "an exact test of independent judgments; ours is three-way clustered",
    "single/mcnemar_exact": "a test of independent pairs of judgments",
    "single/two_prop_chi2*": "a test of independent judgments",
    "single/fisher": "a test of independent judgments",
    "single/cohens_h": "differences are given in percentage points",
    "single/dprime_3afc*": "a task that the study does not set",
    "single/dprime_ABX*": "a task that the study does not set",
    "single/dprime_SD": "a task that the study does not set",
    "*/ln_beta": "c says the same and does not depend on d'",
    "*/Aprime": "the area below the curve, from confidence, says the same without a model",
    "single/sdt_*log*/se_dprime": "after a log-linear correction there is no interval",
    "*/sdt_pooled/loglinear/*": "the correction is made where a rate is 0 or 1, and here none is",
    "single/by": "Benjamini and Hochberg's stands for it",
    "single/delong*": "a test of two independent curves; the report gives each its clustered interval",
    "single/roc_partial": "the whole area has an interval",
    "*/participant_level/t_vs_half/*": "clips as fixed; shown only as a line that is too narrow",
    "*/participant_level/*_c_loglinear": "the model's c stands for it",
    "*/participant_level/sd_dprime_loglinear": "the model's SD stands for it: this one holds chance too",
    "*/item_level/t_vs_half_p": "listeners as fixed",
    "*/se_twoway_default_cadjust/*": "G / (G - 1) is replaced by the share of unrelated pairs",
    "*/gee_gen/alpha": "a working correlation, which marginal shares do not need",
    "gengap2024/by_age_accuracy/*": "ages are left out of the trials that are kept here",
    "*/formula": "no number",
    "*/link": "no number",
}
"""Values that this package does not compute, and why not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A value of the reference: by R, and by us or why not."""

    path: str
    theirs: Number
    ours: Number | None
    because: str = ""

    @property
    def difference(self) -> float:
        """Return the largest absolute difference."""
        return 0.0 if self.ours is None else float(np.abs(np.subtract(self.ours, self.theirs)).max())

    @property
    def tolerance(self) -> float:
        """Return how much they may differ."""
        return next(size for pattern, size in TOLERANCES.items() if fnmatchcase(self.path, pattern))


def compare() -> Iterator[Row]:
    """Yield every value of the reference; one that is neither computed nor explained has no `because`."""
    computed = compute_single() | compute_public()
    for path, theirs in list_values("", json.loads((HERE / "agreement.json").read_text(encoding="utf-8"))):
        because = next((why for pattern, why in NO_FUNCTION.items() if fnmatchcase(path, pattern)), "")
        yield Row(path, theirs, None, because) if path not in computed else Row(path, theirs, computed[path])


def list_values(path: str, value: object) -> Iterator[tuple[str, Number]]:
    """Yield every number, or list of numbers, of nested records, with its path."""
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list) and isinstance(value[0], Mapping):
        items = dict(enumerate(value)).items()
    else:
        if path != "programs" and value is not None:
            yield path, value
        return
    for key, item in items:
        yield from list_values(f"{path}/{key}".lstrip("/"), item)


def show(value: Number | None) -> str:
    """Return a number, or numbers, with as many digits as R's file has."""
    if value is None:
        return "-"
    return ", ".join(f"{x:.10g}" for x in np.atleast_1d(np.asarray(value, float)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worst", action="store_true", help="the largest difference of each tolerance only")
    options = parser.parse_args()
    rows = [row for row in compare() if not isinstance(row.theirs, str)]
    known = [row for row in rows if row.ours is not None]
    for row in [] if options.worst else rows:
        print(f"{row.path:62} {show(row.theirs):>42} {show(row.ours):>42} {row.because}")
    print(f"{len(known)} of {len(rows)} values of R are computed here; largest absolute differences:")
    for tolerance, group in groupby(sorted(known, key=lambda row: row.tolerance), lambda row: row.tolerance):
        worst = max(group, key=lambda row: row.difference)
        print(f"  {worst.difference:.1e} of {worst.path}; {tolerance:g} allowed")


if __name__ == "__main__":
    main()
