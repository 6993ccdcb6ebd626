"""Measures what the README claims: `python benchmarks [NAME ...]`, or `make bench` for all of it.

Every benchmark is a script of its own; this runs them one after the other, several times where they are
short, and writes docs/benchmarks.md: the machine, a table of ratios with their spread, plots of how cost
grows with work, and what each script printed. benchmarks/claims.json keeps the table for the README.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from claims import CLAIMS_VARIABLE, Claim, Growth, read_claims
from ratios import CLAIMS_FILE, Kept, write_table

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
GROWTH_FIGURE = HERE.parent / "docs" / "images" / "growth.svg"
PARTS = (
    "tensorflow",
    "keras",
    "music21",
    "pretty_midi",
    "flask",
    "sqlalchemy",
    "numpy",
    "scipy",
    "statsmodels",
)


@dataclass(frozen=True, slots=True)
class Job:
    """A script, what it is given, and how often it is run."""

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    n_runs: int = 3


JOBS = (
    Job("startup", "Start-up of each command"),
    Job("midi_import", "Import of a corpus"),
    Job("article_tokens", "The article's tokens"),
    Job("generation", "Composing", n_runs=1),
    Job("article_lstm", "The article's LSTM and ours", n_runs=1),
    Job("rendering", "Clips to stimuli", ("--clips", "60", "--naive", "20")),
    Job("engine", "The study engine", n_runs=1),
    Job("load", "The study server under load", n_runs=1),
    Job("desk", "The researcher's live page", n_runs=1),
    Job("peer_server", "A peer's server", n_runs=1),
    Job("mixed_models", "Mixed models"),
    Job("agreement", "Agreement with R", n_runs=1),
    Job("export", "Export of a large store", n_runs=1),
)


def main() -> None:
    """Run the benchmarks that are named, or all, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(job.name for job in JOBS))
    parser.add_argument("--runs", type=int, help="run each so often")
    options = parser.parse_args()
    unknown = set(options.names) - {job.name for job in JOBS}
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    kept = json.loads(CLAIMS_FILE.read_text(encoding="utf-8")) if CLAIMS_FILE.exists() else {}
    for job in JOBS:
        if not options.names or job.name in options.names:
            kept[job.name] = run_job(job, options.runs or job.n_runs)
            CLAIMS_FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text("\n".join(write_page(kept)), encoding="utf-8")
    print(f"Wrote {PAGE}.")


def run_job(job: Job, n_runs: int) -> dict[str, Any]:
    """Return what a benchmark said in all its runs: ratios by claim, costs by size, the last run's words.

    Raises
    ------
    SystemExit
        If it fails: what was measured before is kept.
    """
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    growths: dict[str, Growth] = {}
    printed = ""
    for run in range(n_runs):
        print(f"{job.title}: run {run + 1} of {n_runs}", flush=True)
        printed, found = run_once(job)
        for claim in found:
            if isinstance(claim, Claim):
                ratios[claim.what, claim.meaning].append(claim.ratio)
            else:
                growths[claim.what] = claim
    return {
        "machine": describe_machine(),
        "printed": printed,
        "claims": [{"what": what, "meaning": meaning, "ratios": r} for (what, meaning), r in ratios.items()],
        "growths": [{"what": g.what, "unit": g.unit, "costs_s": g.costs_s} for g in growths.values()],
    }


def run_once(job: Job) -> tuple[str, list[Claim | Growth]]:
    """Return what one run printed and claimed."""
    with tempfile.TemporaryDirectory() as folder:
        collected = Path(folder, "claims")
        collected.touch()
        done = subprocess.run(
            [sys.executable, str(HERE / f"{job.name}.py"), *job.arguments],
            env={**os.environ, CLAIMS_VARIABLE: str(collected)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{job.name} ended with status {done.returncode}:\n{done.stdout}")
        return done.stdout, read_claims(collected)


def describe_machine() -> str:
    """Return processor, cores, system and Python."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = names[0] if names else cpu
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def write_page(kept: Kept) -> Iterable[str]:
    """Yield the lines of the page."""
    yield "# Benchmarks"
    yield ""
    yield "Written by `make bench`. Ratios are of figures measured side by side in one run."
    yield "Where a benchmark was run several times, the median stands with the lowest and the highest."
    yield ""
    yield "Versions: " + ", ".join(f"{part} {version(part)}" for part in PARTS) + "."
    yield ""
    yield from write_table(kept)
    growths = [growth for found in kept.values() for growth in found["growths"]]
    if growths:
        draw_growths(growths)
        yield ""
        yield f"![How cost grows with the work](images/{GROWTH_FIGURE.name})"
    for job in JOBS:
        if job.name in kept:
            command = " ".join(["python", f"benchmarks/{job.name}.py", *job.arguments])
            yield from ["", f"## {job.title}", "", f"`{command}`", "", str(kept[job.name]["machine"]), ""]
            yield from ["```text", str(kept[job.name]["printed"]).rstrip(), "```"]
    yield ""


def draw_growths(growths: Sequence[dict[str, Any]]) -> None:
    """Write one small plot per growth, both axes logarithmic, beside a line of growth in proportion."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"})
    n_rows = -(-len(growths) // 2)
    figure, axes = plt.subplots(n_rows, 2, figsize=(9, 2.9 * n_rows), squeeze=False, layout="constrained")
    for axis in axes.flat[len(growths) :]:
        axis.remove()
    for axis, growth in zip(axes.flat, growths, strict=False):
        sizes, costs = zip(*((int(n), s) for n, s in growth["costs_s"].items()), strict=True)
        axis.loglog(sizes, [costs[0] * n / sizes[0] for n in sizes], color="0.7", lw=1, label="in proportion")
        axis.loglog(sizes, costs, "o-", color="#0b5fa5", label="measured")
        axis.set(title=growth["what"], xlabel=str(growth["unit"]), ylabel="seconds")
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.set_yticks(costs, [f"{cost:.2g}" for cost in costs])
        axis.minorticks_off()
        axis.legend(frameon=False, fontsize="small")
    mpl.rcParams["svg.hashsalt"] = "growth"
    figure.savefig(GROWTH_FIGURE, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
