"""`study compare`: two data sets of the same question, such as a study and its replication."""

from pathlib import Path

import click

from study_core.cli import Options
from study_core.console import say
from study_core.errors import ResponsesError
from study_core.folders import name_table

PATH = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("first", type=PATH)
@click.argument("second", type=PATH)
@click.option(
    "--same-clips",
    is_flag=True,
    help="A clip id stands for the same clip in both; else clips are others, whatever they are called.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write here.  [default: data/compare]")
@click.pass_obj
def compare(options: Options, first: Path, second: Path, *, same_clips: bool, output: Path | None) -> None:
    """Compare two studies: how far apart rates and d' are.

    FIRST (A) and SECOND (B) are folders that `study export` wrote, or CSV files with a row per judgment. Both
    asked about single clips, both about pairs, or both for ratings: different questions have no answer in
    common. Exclusions, confidence level and bound come from the section `analysis` of the config.
    Differences are B minus A; their intervals count listeners and clips as samples.
    """
    from analysis.replication_asked import compare_responses
    from analysis.replication_page import PAGE_FILE, write_replication
    from analysis.responses import read_responses

    config = options.load()
    a, b = (
        read_responses(find_table(path), moderators=config.analysis.moderators) for path in (first, second)
    )
    found, studies = compare_responses(a, b, config.analysis, same_clips=same_clips)
    folder = output or config.folders.root / "compare"
    for line in write_replication(found, studies, (name_study(first), name_study(second)), folder):
        say(line)
    say(f"Comparison: {folder / PAGE_FILE}")


def find_table(path: Path) -> Path:
    """Return the table of judgments that a path leads to.

    Raises
    ------
    ResponsesError
        If it is a folder without one.
    """
    if not path.is_dir():
        return path
    places = [path / name_table("trials"), path / "responses.csv"]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise ResponsesError(
            f"{path} holds no table of judgments: there is neither {places[0].relative_to(path)} nor "
            f"{places[1].name} in it. Name a folder that `study export` wrote, or a CSV file."
        )
    return found


def name_study(path: Path) -> str:
    """Return what to call the study of a path: its folder's name, past those that every study has."""
    parts = [part for part in path.resolve().with_suffix("").parts if part not in ("data", "export")]
    return parts[-1]
