"""`study power`: how many listeners and clips."""

from functools import partial
from pathlib import Path

import click

from study_core.cli import Options
from study_core.console import say, show_progress


class Counts(click.ParamType[tuple[int, ...]]):
    """Numbers such as 20,40,80, each at least 2."""

    name = "n,n,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the numbers, rising, each once."""
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdecimal() and int(part) > 1 for part in parts):
            self.fail(f"{value!r} is not numbers from 2 up, such as 20,40,80", param, ctx)
        return tuple(sorted({int(part) for part in parts}))


@click.command()
@click.option("--listeners", type=Counts(), default="20,40,80,160", show_default=True, help="Numbers to try.")
@click.option("--clips", type=Counts(), default="20,40,80", show_default=True, help="Of each system, to try.")
@click.option(
    "--effect",
    type=float,
    help="Difference to find: share of human clips taken for human, minus the generator's. Of pairs or "
    "ratings, .22 is 61 % for the human clip and 39 % for the other.  [default: .15, d' .40; of pairs and "
    "ratings .22, the same d']",
)
@click.option(
    "--studies", type=click.IntRange(2), default=400, show_default=True, help="To simulate for each design."
)
@click.option("--looks", type=click.IntRange(1), default=4, show_default=True, help="At the planned study.")
@click.option(
    "--pilot",
    type=click.Path(path_type=Path),
    help="A pilot's table of judgments to take share and SDs from, instead of the literature's.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes to simulate with; all cores by default."
)
@click.option("--cluster", help="Simulate on the Dask cluster of that scheduler, such as tcp://host:8786.")
@click.option("--output", type=click.Path(path_type=Path), help="Write here.  [default: data/power]")
@click.pass_obj
def power(  # noqa: PLR0913 (an option each)
    options: Options,
    listeners: tuple[int, ...],
    clips: tuple[int, ...],
    *,
    effect: float | None,
    studies: int,
    looks: int,
    pilot: Path | None,
    workers: int | None,
    cluster: str | None,
    output: Path | None,
) -> None:
    """Plan how many listeners and clips.

    Simulates the config's study, of single clips, pairs or ratings, with other numbers of listeners and
    clips, without and with a difference between human and generated clips, analyzes each as the report
    would, and says how often the difference is found; and when the planned study may be looked at before it
    is complete.
    """
    from analysis.planning import read_plan
    from analysis.power import list_batches, run_batches, simulate_grid, simulate_looks
    from analysis.power_page import PAGE_FILE, write_power

    config = options.load()
    plan, folder = read_plan(config, effect, pilot), output or config.folders.root / "power"
    total = (len(listeners) * len(clips) + 1) * len(list_batches(plan, studies))
    with show_progress("power", total) as progress:
        run = partial(run_batches, workers=workers, cluster=cluster, on_progress=progress.advance)
        sequential = simulate_looks(plan, looks, studies, run)
        grid = simulate_grid(plan, listeners, clips, studies, run)
    for line in write_power(plan, grid, sequential, studies, folder):
        say(line)
    say(f"Power: {folder / PAGE_FILE}")
