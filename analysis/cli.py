"""`study analyze`: from judgments to a report."""

from pathlib import Path

import click

from study_core.cli import Options
from study_core.console import say
from study_core.errors import ResponsesError
from study_core.types import HUMAN


@click.command()
@click.argument("table", required=False, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write here.  [default: data/report]")
@click.option(
    "--columns",
    multiple=True,
    metavar="OURS=THEIRS,...",
    help="What the table calls our columns: participant_id, clip_id, system, judged_human (or "
    "judged_generated), and where it has them confidence, trial_index, knows_tune, heard_s, session_status, "
    "is_simulated.",
)
@click.option(
    "--human-system", default=HUMAN, show_default=True, help="What the column `system` calls human clips."
)
@click.pass_obj
def analyze(
    options: Options, table: Path | None, output: Path | None, columns: tuple[str, ...], human_system: str
) -> None:
    r"""Turn judgments into a report.

    TABLE is a CSV file with a row per judgment; without it, the study's own export is read. Exclusions,
    confidence level and equivalence bound come from the section `analysis` of the config. An example with
    somebody else's table:

    \b
    study analyze trials.csv --human-system 0 --output report \
      --columns participant_id=subject,clip_id=item,system=is_fake,judged_generated=said_fake
    """
    from analysis.findings import study_responses
    from analysis.report import write_report
    from analysis.responses import read_responses

    config = options.load()
    source = table or config.folders.export / "responses.csv"
    responses = read_responses(source, parse_columns(columns), human_system)
    study = study_responses(responses, config.analysis)
    title = config.title if table is None else table.stem
    say(f"Report: {write_report(study, output or config.folders.report, title)}")


def parse_columns(texts: tuple[str, ...]) -> dict[str, str]:
    """Return our column names with theirs, from texts such as ``participant_id=subject,clip_id=item``.

    Raises
    ------
    ResponsesError
        If a part is not `ours=theirs`, or names a column that the analysis does not know, or one twice.
    """
    from analysis.columns import COLUMNS

    names: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not (equals and theirs) or ours not in COLUMNS or ours in names:
            raise ResponsesError(
                f"--columns: {part!r} is not OURS=THEIRS with OURS, once each, of {', '.join(COLUMNS)}."
            )
        names[ours] = theirs
    return names
