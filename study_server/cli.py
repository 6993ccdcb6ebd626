"""The commands of this folder: serve the study, fill it, and get out what it holds."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from study_core.cli import Options
from study_core.console import say, show_progress

if TYPE_CHECKING:
    from study_core.config import Config


@click.command()
@click.option(
    "--study",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Serve that folder's study below the folder's name instead, or every study in it; repeat for more.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen here instead of server.port; 0: any free one."
)
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Serve Prometheus metrics there, such as 127.0.0.1:9100; port 0 is any free one.",
)
@click.option("--json-logs", is_flag=True, help="Log every request as a line of JSON, without anybody's ids.")
@click.pass_obj
def serve(
    options: Options,
    *,
    folders: tuple[Path, ...],
    port: int | None,
    metrics: str | None,
    json_logs: bool,
) -> None:
    """Run the study server.

    It checks the stimuli and the frozen protocol first, then prints two addresses of each study: the
    participants' and the researcher's. Stop it with Ctrl-C: requests in progress are ended first, and every
    answer that was acknowledged is kept.
    """
    from study_server.hosting import host_one, host_several
    from study_server.logs import set_up_server_log
    from study_server.metrics import serving_metrics
    from study_server.server import describe_address, noting_signals, open_server, run
    from study_server.upkeep import keeping_up
    from study_server.webhooks import watching

    set_up_server_log(as_json=json_logs)
    hosted = host_several(folders) if folders else host_one(options.load())
    server = open_server(hosted.answer, hosted.listening, port)
    address = describe_address(server, hosted.listening)
    with (
        noting_signals() as stop,
        serving_metrics(hosted.registry, metrics) as measured,
        ExitStack() as watches,
    ):
        for path, app in hosted.studies.items():
            place = app.extensions["study"].password.place
            say(f"Participants: {address}{path}/")
            say(f"Researcher:   {address}{path}/researcher  (password: {place})")
            watches.enter_context(watching(app))
            watches.enter_context(keeping_up(app.extensions["study"].store))
        if measured:
            say(f"Metrics:      {measured}")
        run(server, stop)
    hosted.close()


@click.command()
@click.option("--participants", type=click.IntRange(1), default=40, show_default=True, help="How many.")
@click.option("--dprime", type=float, default=0.6, show_default=True, help="The population's d'.")
@click.option("--criterion", type=float, default=0.0, show_default=True, help="The population's criterion c.")
@click.option(
    "--bias-sd", type=click.FloatRange(0), default=0.3, show_default=True, help="Of listeners' criteria."
)
@click.option(
    "--sensitivity-sd", type=click.FloatRange(0), default=0.2, show_default=True, help="Of listeners' d'."
)
@click.option(
    "--clip-sd", type=click.FloatRange(0), default=0.3, show_default=True, help="Of clips' effects."
)
@click.option("--url", help="Of the server; by default server.host and server.port of config.yaml.")
@click.option("--seed", type=click.IntRange(0), help="Of the listeners; by default the study's.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="At a time.")
@click.option(
    "--loss",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of answers sent twice, as if the acknowledgment were lost.",
)
@click.pass_obj
def simulate(options: Options, /, **given: Any) -> None:
    """Send listeners of known skill through the server.

    They take the whole study over HTTP, know a clip by its audio, and answer by signal detection
    (--dprime and --criterion are the population's, over listeners and clips). They are stored as simulated.
    """
    from study_server import bots
    from study_server.listeners import Skill

    config = options.load()
    n, url = given["participants"], find_url(config, given["url"])
    skill = Skill(
        **{key: given[key] for key in ("dprime", "criterion", "bias_sd", "sensitivity_sd", "clip_sd")}
    )
    seed = config.seed if given["seed"] is None else given["seed"]
    crowd = bots.Crowd(n, skill, seed, given["concurrency"], given["loss"])
    n_finished = 0
    with show_progress("Listening", n) as progress:
        for n_finished in bots.simulate(config, crowd, url):  # noqa: B007 (the last count is said below)
            progress.advance()
    say(f"{n_finished} of {n} simulated listeners finished the study at {url}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(options: Options, file: Path) -> None:
    """Copy the store into one new file, also while the study runs.

    Every answer that was acknowledged before is in it, from SQLite and from PostgreSQL alike. It holds codes
    and recruitment ids: only its owner may read it; keep it as safe as the store.
    """
    from study_server.backup import back_up
    from study_server.store import find_store

    store = find_store(options.load().folders.database)
    n_judgments = back_up(store, file)
    store.close()
    say(f"{n_judgments} judgments and all that belongs to them are in {file}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(options: Options, file: Path) -> None:
    """Fill an empty store from a backup.

    All of it or nothing, into SQLite or the database of DATABASE_URL, whichever it came from. Who withdrew
    after the backup was taken is in it: withdraw them again.
    """
    from study_server.backup import restore as put_back
    from study_server.store import open_store

    store = open_store(options.load().folders.database)
    n_judgments = put_back(store, file)
    say(f"{n_judgments} judgments of {file} are restored into {store.place}")
    store.close()


def find_url(config: "Config", url: str | None) -> str:
    """Return the server's address."""
    host = "127.0.0.1" if config.server.host == "0.0.0.0" else config.server.host  # noqa: S104
    return (url or f"http://{host}:{config.server.port}").rstrip("/")
