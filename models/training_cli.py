"""The command `study train`."""

import click

from study_core.cli import Options
from study_core.systems import GENERATORS


@click.command()
@click.argument("system", type=click.Choice(GENERATORS))
@click.option(
    "--restart",
    is_flag=True,
    help="Train anew, even where weights are released, or a training was interrupted or is done.",
)
@click.pass_obj
def train(options: Options, system: str, restart: bool) -> None:  # noqa: FBT001 (a flag)
    """Train a generator.

    Weights that are released for the study's pieces and settings are used instead; their card.md says how
    they were trained. The gan starts from the lstm's weights, which are trained first where they are missing.
    A training that was interrupted goes on from its last checkpoint, to the same result.
    """
    from models.trainer import train_generator

    train_generator(system, options.load(), restart=restart)
