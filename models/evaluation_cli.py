"""The command `study evaluate`."""

import click

from study_core.cli import Options
from study_core.console import say


@click.command()
@click.pass_obj
def evaluate(options: Options) -> None:
    """Measure how close clips are to real music.

    Compares each system with held-out pieces, beside other real music (the ceiling) and a Markov chain (the
    floor). Writes evaluation.html, its figures (evaluation.json) and a row of features per clip
    (features.csv) for `study analyze`. The page names systems: keep it from listeners.
    """
    from models.evaluation import evaluate as measure
    from models.evaluation_page import write_evaluation

    config = options.load()
    evaluation = measure(config)
    say(f"The clips are evaluated: {write_evaluation(evaluation, config.folders.evaluation, config.seed)}")
