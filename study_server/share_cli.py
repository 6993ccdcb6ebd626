"""The command that writes a page of a finished study's results for everybody."""

from pathlib import Path
from typing import Any

import click

from study_core.cli import Options
from study_core.console import say
from study_core.errors import StudyError


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Write here.  [default: data/share]"
)
@click.option("--simulated", is_flag=True, help="Share the results of simulated listeners; the page says so.")
@click.option(
    "--ended-early", default="", help="Why the study ended before its stop rule was met; the page tells it."
)
@click.option(
    "--consent-sentence", default="", help="Of consent documents of your own: that results may be published."
)
@click.option("--paper", default="", help="Address of the paper (https://...).")
@click.option("--data-set", default="", help="Address of the published data set.")
@click.option("--cite", default="", help="How to cite the study.")
@click.option("--clips/--no-clips", default=True, help="Put some of the generators' clips on the page.")
@click.option(
    "--human-clips", default="", metavar="LICENCE", help="Human clips too, under the licence they have."
)
@click.pass_obj
def share(options: Options, /, **given: Any) -> None:
    """Write a page of a study's results for everybody.

    A single file without scripts, for any web host or a mail: the question, how it was asked, the answer
    about each generator with its range, and some clips. Run `study export` and `study analyze` first. It
    holds sums over listeners only, is refused before the stop rule is met, and gives away no music but the
    generators'.

    \b
    study share --paper https://doi.org/10.1234/abc --cite "Author (2026). Who composed it?"
    """  # noqa: D301 (\b keeps the lines below it as they are)
    from study_server.phases import find_phase
    from study_server.sharing.page import Extras, write_shared
    from study_server.sharing.permission import Terms, require_permission
    from study_server.store import find_store

    links = {"The paper": given["paper"], "The data set": given["data_set"]}
    wrong = [address for address in links.values() if address and not address.startswith("https://")]
    if wrong:
        raise StudyError(f"{', '.join(wrong)}: no address of a page. Write it as https://...")
    config = options.load()
    terms = Terms(given["simulated"], given["ended_early"], given["consent_sentence"])
    extras = Extras(
        {name: address for name, address in links.items() if address},
        given["cite"],
        given["clips"],
        given["human_clips"],
    )
    store = find_store(config.folders.database)
    with store.read() as db:
        permitted = require_permission(db, config, terms)
        is_open = not terms.is_simulated and find_phase(db, config.version) == "open"
    store.close()
    page = write_shared(permitted, config, terms, extras, given["output"] or config.folders.root / "share")
    if is_open:
        say(
            "The study still takes participants: whoever reads the page first is no blind listener. Close it."
        )
    say(f"Page to share: {page}")
