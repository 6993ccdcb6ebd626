"""The commands of the data set: write it, put it back into a store, and forget somebody."""

from pathlib import Path

import click

from study_core.cli import Options
from study_core.console import say, show_progress


@click.command()
@click.option("--simulated", is_flag=True, help="The simulated participants instead of the real ones.")
@click.option(
    "--unblind", "reason", default="", help="Why to look before the stop rule is met; it is logged."
)
@click.option(
    "--zip", "archive", type=click.Path(dir_okay=False, path_type=Path), help="Write it as one ZIP file too."
)
@click.pass_obj
def export(options: Options, *, simulated: bool, reason: str, archive: Path | None) -> None:
    """Write the data set.

    A Psych-DS folder in data/export: tables of trials (a row per judgment), participants, stimuli with their
    provenance, screening, practice, questions, events and exclusions, as CSV and as Parquet; a codebook, the
    frozen protocol, the account of who came how far, a README, and scripts that load it in pandas and R. It
    holds no address, code or recruitment id. The same store gives the same bytes.
    """
    from study_server.dataset.archive import write_zip
    from study_server.export import count_judgments, export_data_set
    from study_server.store import find_store

    config = options.load()
    store = find_store(config.folders.database)
    with store.read() as db:
        n = count_judgments(db, is_simulated=simulated)
    with show_progress("export", n) as progress:
        data_set = export_data_set(
            store,
            config,
            config.folders.export,
            is_simulated=simulated,
            reason=reason,
            advance=progress.advance,
        )
    store.close()
    who = "simulated" if simulated else "real"
    say(f"{data_set.n_judgments} judgments by {who} participants are in {data_set.folder}")
    if archive is not None:
        write_zip(data_set.folder, data_set.files, archive)
        say(f"The same as one file: {archive}")


@click.command("import")
@click.argument("data_set", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def import_(options: Options, data_set: Path) -> None:
    """Put a data set into an empty store.

    DATA_SET is a folder that `study export` wrote, or its ZIP file. What it does not hold is made anew
    (codes) or stays empty (recruitment ids). Exported again, it is the same bytes. Name an empty data folder:
    study --data-dir replication import data-set.zip
    """
    from study_server.imports import import_data_set
    from study_server.store import open_store

    config = options.load()
    store = open_store(config.folders.database)
    n_judgments = import_data_set(store, data_set)
    say(f"{n_judgments} judgments of {data_set} are in {store.place}")
    store.close()


@click.command()
@click.option("--code", default="", help="The withdrawal code of whoever asks.")
@click.option("--recruitment-id", default="", help="The id under which the recruitment platform sent them.")
@click.pass_obj
def forget(options: Options, code: str, recruitment_id: str) -> None:
    """Delete what is stored about a person who asks for it.

    By the withdrawal code or, until its day of deletion, by the recruitment id. It says what was removed;
    that somebody was forgotten is recorded, not who. Data sets and backups that were written before still
    hold their answers: export again, and delete the old files.
    """
    from study_server.records import name_account
    from study_server.store import find_store
    from study_server.withdrawal import forget as forget_session

    if bool(code) == bool(recruitment_id):
        raise click.UsageError("Give --code CODE or --recruitment-id ID, one of them.")
    store = find_store(options.load().folders.database)
    with store.write() as db:
        removed = forget_session(db, code=code, recruitment_id=recruitment_id, who=name_account())
    store.forget_deleted()
    say(
        f"Removed from {store.place}: {removed}. Earlier exports and backups still hold them; write them anew"
    )
    store.close()
