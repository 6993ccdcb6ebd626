"""Packs a trained generator's weights for release: `python -m models.release lstm` (for who maintains them).

Run it where `study train --restart`, `study generate` and `study evaluate` have just run, with 96 clips per
system.
"""

from pathlib import Path

import click

from models.corpus import load_pieces
from models.model_card import write_card
from models.released import CARD_FILE, RELEASED, released_inputs
from models.weights import WEIGHTS_FILE, training_inputs
from study_core.cli import Options
from study_core.config import Config
from study_core.console import say
from study_core.errors import StudyError
from study_core.manifest import is_current, stamp_stage, write_bytes
from study_core.systems import GENERATORS

MOST_BYTES = 4_000_000
RELEASABLE = tuple(system for system in GENERATORS if system != "markov")
"""A Markov chain is counted in seconds, and its counts are the pieces themselves."""


def pack(system: str, config: Config, root: Path = RELEASED) -> Path:
    """Put a trained generator's files and its card where `find_released` looks; return the folder.

    Raises
    ------
    StudyError
        If it is not trained with this config, too large, or not evaluated.
    """
    trained = config.folders.models / system
    if not is_current(trained, training_inputs(system, config)):
        raise StudyError(f"{trained} is not trained with this config. Run `study train {system}`.")
    n_bytes = (trained / WEIGHTS_FILE).stat().st_size
    if n_bytes > MOST_BYTES:
        raise StudyError(
            f"{trained / WEIGHTS_FILE} has {n_bytes:,} bytes, but released weights have at most "
            f"{MOST_BYTES:,}. Train a smaller network."
        )
    pieces = load_pieces(config.folders)
    folder = root / pieces[0].piece.corpus / system
    contents = {path.name: path.read_bytes() for path in _list_outputs(trained)}
    contents[CARD_FILE] = write_card(system, config).encode()
    for name, content in contents.items():
        write_bytes(folder / name, content)
    stamp_stage(folder, released_inputs(system, pieces, config), [folder / name for name in contents])
    return folder


def _list_outputs(trained: Path) -> list[Path]:
    return [path for path in trained.iterdir() if path.suffix in {".npz", ".csv", ".png"}]


@click.command()
@click.argument("systems", nargs=-1, required=True, type=click.Choice(RELEASABLE))
@click.option("--config", "config_path", type=click.Path(path_type=Path), default=Path("config.yaml"))
@click.option("--data-dir", type=click.Path(path_type=Path))
def main(systems: tuple[str, ...], config_path: Path, data_dir: Path | None) -> None:
    """Pack trained generators for release."""
    config = Options(config_path, data_dir, quiet=False).load()
    for system in systems:
        say(f"Released weights: {pack(system, config)}")


if __name__ == "__main__":
    main()
