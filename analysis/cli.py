"""`study analyze`: from judgments to a report."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study_core.cli import Options
from study_core.console import say, show_progress
from study_core.errors import ResponsesError
from study_core.seeds import child_seed
from study_core.types import HUMAN

if TYPE_CHECKING:
    import pandas as pd

    from analysis.findings import Study
    from analysis.responses import Responses
    from study_core.config import Config


@click.command()
@click.argument("table", required=False, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write here.  [default: data/report]")
@click.option(
    "--columns",
    multiple=True,
    metavar="OURS=THEIRS,...",
    help="What the table calls our columns: participant_id, clip_id, system, and the answer as one of "
    "judged_human, judged_generated, graded_answer (1, surely computer, to --grades, surely human), "
    "signed_confidence (above 0: human) or, of pairs with second_clip_id and second_system, chose_first; "
    "where it has them rating, confidence, trial_index, knows_tune, heard_s, session_status, passed_checks, "
    "reason, is_simulated, and the moderators that the config names.",
)
@click.option(
    "--human-system", default=HUMAN, show_default=True, help="What the column `system` calls human clips."
)
@click.option(
    "--by",
    multiple=True,
    metavar="COLUMN",
    help="A factor, such as soundfont: every system's estimate at each of its values too. May be repeated.",
)
@click.option("--grades", type=click.IntRange(2), help="How many grades graded_answer has, or levels rating.")
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="CSV of measured features: clip_id and columns of numbers.  [default: data/evaluation/features.csv, "
    "where it is there]",
)
@click.option(
    "--bayes",
    is_flag=True,
    help="Add a Bayesian mixed model, for few clips: minutes, and wants `.tools/bin/uv sync --extra bayes`.",
)
@click.option("--pdf/--no-pdf", default=True, help="Write the report as PDF too.")
@click.pass_obj
def analyze(  # noqa: PLR0913 (an option each)
    options: Options,
    table: Path | None,
    output: Path | None,
    columns: tuple[str, ...],
    by: tuple[str, ...],
    *,
    human_system: str,
    grades: int | None,
    features: Path | None,
    bayes: bool,
    pdf: bool,
) -> None:
    """Turn judgments into a report.

    TABLE is a CSV file with a row per judgment; without it, the study's own export is read. A cell of the
    answer may say "not sure" or "I know it". Exclusions, confidence level and equivalence bound come from the
    section `analysis` of the config. An example with somebody else's table:

    \b
    study analyze trials.csv --human-system 0 --output report \\
      --columns participant_id=subject,clip_id=item,system=is_fake,judged_generated=said_fake
    """  # noqa: D301 (\b keeps the lines below it as they are)
    from analysis.cues import read_features
    from analysis.report import STEPS
    from analysis.responses import read_responses

    config = options.load()
    if bayes:
        from analysis.bayes import load_bambi

        load_bambi()  # it is missing, if at all, before minutes of work
    source = table or config.folders.responses
    moderators = config.analysis.moderators
    if grades is None and config.trials.paradigm == "rating":
        grades = config.trials.rating_levels
    names = parse_columns(columns, (*moderators, *by))
    measured = features or _find_features(config.folders.evaluation, is_own=table is None)
    with show_progress("report", STEPS + 2 + bayes) as progress:
        responses = read_responses(
            source, names, human_system, grades=grades, moderators=moderators, factors=by
        )
        known = None if measured is None else read_features(measured)
        progress.advance()
        folder, title = output or config.folders.report, config.title if table is None else table.stem
        page = _write(responses, config, folder, title, known, bayes=bayes, pdf=pdf, advance=progress.advance)
    say(f"Report: {page}")


def parse_columns(texts: tuple[str, ...], moderators: tuple[str, ...] = ()) -> dict[str, str]:
    """Return our column names with theirs, from texts such as ``participant_id=subject,clip_id=item``.

    Raises
    ------
    ResponsesError
        If a part is not `ours=theirs`, or names a column that the analysis does not know, or one twice.
    """
    from analysis.columns import COLUMNS

    known = (*COLUMNS, *moderators)
    names: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not (equals and theirs) or ours not in known or ours in names:
            raise ResponsesError(
                f"--columns: {part!r} is not OURS=THEIRS with OURS, once each, of {', '.join(known)}."
            )
        names[ours] = theirs
    return names


def _find_features(folder: Path, *, is_own: bool) -> Path | None:
    """Return the study's own features of its clips, where they were measured."""
    path = folder / "features.csv"
    return path if is_own and path.exists() else None


def _write(  # noqa: PLR0913 (what the options said)
    responses: "Responses",
    config: "Config",
    folder: Path,
    title: str,
    features: "pd.DataFrame | None",
    *,
    bayes: bool,
    pdf: bool,
    advance: Callable[[], None],
) -> Path:
    """Write the report that suits what listeners were asked; return its page's path."""
    from analysis.asked import write_asked
    from analysis.findings import study_responses
    from analysis.paradigms import study_pairs, study_ratings
    from analysis.report import write_report

    if responses.paradigm == "yes_no":
        study = study_responses(responses, config.analysis)
        advance()
        if bayes:
            study = _sample(study, config.seed)
            advance()
        return write_report(study, folder, title, features=features, pdf=pdf, advance=advance)
    if bayes:
        raise ResponsesError(
            f"{responses.source} has {responses.paradigm}: the Bayesian model of --bayes is for answers "
            "human or computer. Leave it out."
        )
    asked = study_pairs if responses.paradigm == "pairs" else study_ratings
    answers = asked(responses, config.analysis)
    advance()
    return write_asked(answers, folder, title, features=features, pdf=pdf, advance=advance)


def _sample(study: "Study", seed: int) -> "Study":
    """Return the study with what a Bayesian model says of it."""
    from analysis.bayes import find_posterior
    from analysis.findings import add_posterior

    declared, kept = study.config, study.exclusions.kept
    level, bound = declared.confidence_level, declared.equivalence_bound
    return add_posterior(study, find_posterior(kept, level, bound, child_seed(seed, "bayes")))
