"""`study demo`: everything once, from nothing to a report, in a minute or two."""

from pathlib import Path

import click

from study_core.console import say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"), required=False)
def demo(folder: Path) -> None:
    """Run a tiny study once through, with simulated listeners.

    Bach chorales against a Markov chain, in FOLDER (`demo` by default): nothing is downloaded, nobody takes
    part. Every command is shown before it runs, with what it says; all of them work on the folder later, too.
    """
    from study_core.demo import begin_demo, find_report, run_demo

    begin_demo(folder)
    for line in run_demo(folder):
        say(line)
    say(f"Report: {find_report(folder)}")
    say(f"Take part yourself: study --config {folder / 'config.yaml'} serve")
