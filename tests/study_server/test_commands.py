"""`study serve`, `simulate` and `export` as a user runs them, against the real server."""

import csv
import re
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from study_core.cli import COMMANDS
from study_core.config import Config, ServerConfig
from study_core.errors import StudyError
from study_server import bots
from study_server.app import create_app
from study_server.listeners import Skill
from study_server.server import describe_address, open_server
from tests.study_server.made_study import make_config
from tests.study_server.served import Server


def test_a_study_is_served_simulated_and_exported(config: Config) -> None:
    with Server(config) as server:
        assert re.fullmatch(r"Participants: http://127\.0\.0\.1:\d+/\n", server.lines[0])
        assert re.fullmatch(
            r"Researcher: +http://127\.0\.0\.1:\d+/researcher .*password.*\n", server.lines[1]
        )
        assert httpx.get(server.url).status_code == 200
        options = ["--participants", "4", "--loss", "0.5", "--url", server.url]
        simulated = server.run("--quiet", "simulate", *options)
        assert f"4 of 4 simulated listeners finished the study at {server.url}" in simulated.stdout
        exported = server.run("export", "--simulated")
    folder = config.folders.export
    assert exported.stdout == f"32 judgments by simulated participants are in {folder}\n"
    rows = list(csv.DictReader(config.folders.responses.read_text().splitlines()))
    assert len(rows) == len({(row["participant_id"], row["trial_index"]) for row in rows}) == 32
    assert {row["session_status"] for row in rows} == {"finished"}


def test_a_server_loads_nothing_that_only_other_work_needs() -> None:
    unused = {"alembic", "matplotlib", "pandas", "pyarrow", "scipy.signal", "scipy.stats", "tensorflow"}
    code = "import sys, study_server.hosting, study_server.server, study_server.webhooks; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert unused & set(loaded.split()) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_in_order(config: Config, number: int) -> None:
    server = Server(config).__enter__()
    assert server.stop(number) == 0


def test_a_taken_port_is_named_with_what_to_do(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Server(config).run("serve", "--port", str(port))
    assert refused.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in refused.stderr
    assert "--port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_address_that_is_not_ours_is_refused(config: Config, data_folder: Path) -> None:
    app = create_app(config)
    with pytest.raises(StudyError, match=r"cannot listen on no\.such\.host\.invalid"):
        open_server(app, make_config(data_folder, server={"host": "no.such.host.invalid"}).server)
    app.extensions["study"].store.close()


def test_a_server_for_other_machines_names_an_address_they_can_open() -> None:
    class Listening:
        effective_port = 8000

    shown = describe_address(Listening(), ServerConfig(host="0.0.0.0"))  # noqa: S104 (the point)
    assert shown != "http://0.0.0.0:8000"
    assert describe_address(Listening(), ServerConfig(host="::1")) == "http://[::1]:8000"
    public = ServerConfig(public_url="https://study.example.org")
    assert describe_address(Listening(), public) == "https://study.example.org"


def test_without_a_server_simulate_says_so(config: Config) -> None:
    crowd = bots.Crowd(1, Skill(dprime=1), 1)
    with pytest.raises(StudyError, match=r"No study server answers at http://127\.0\.0\.1:9.*study serve"):
        list(bots.simulate(config, crowd, "http://127.0.0.1:9"))


def test_bots_wait_for_a_server_that_restarts_and_nothing_is_doubled(config: Config) -> None:
    crowd = bots.Crowd(3, Skill(dprime=1), 1, concurrency=3)
    with Server(config) as server:
        port = server.url.rsplit(":", 1)[1]
        run = bots.simulate(config, crowd, server.url)
        assert next(run) == 1
        server.stop(signal.SIGKILL)
        with Server(config, "--port", port):
            assert list(run)[-1] == 3
        exported = server.run("export", "--simulated")
        assert exported.stdout.startswith("24 judgments")


def test_bots_give_up_on_a_server_that_is_gone(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "PAUSES_S", (0.0, 0.0))
    crowd = bots.Crowd(1, Skill(dprime=1), 1)
    monkeypatch.setattr(bots, "_require_server", lambda _: None)
    with pytest.raises(StudyError, match="stopped answering for 0 seconds"):
        list(bots.simulate(config, crowd, "http://127.0.0.1:9"))


def test_bots_of_another_data_folder_are_told_so(
    config: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = config.model_copy(update={"data_dir": str(tmp_path_factory.mktemp("other"))})
    other.folders.stimuli.mkdir()
    manifest = (config.folders.stimuli / "stimuli.csv").read_text()
    (other.folders.stimuli / "stimuli.csv").write_text(manifest)
    crowd = bots.Crowd(1, Skill(dprime=1), 1)
    with Server(config) as server, pytest.raises(StudyError, match="another data folder"):
        list(bots.simulate(other, crowd, server.url))


def test_bots_that_do_not_know_the_audio_say_so(config: Config) -> None:
    crowd = bots.Crowd(1, Skill(dprime=1), 1)
    with Server(config) as server:
        manifest = config.folders.stimuli / "stimuli.csv"
        lines = manifest.read_text().splitlines(keepends=True)
        manifest.write_text("".join(lines[:2]))
        with pytest.raises(StudyError, match=r"does not stand in this data folder's stimuli\.csv"):
            list(bots.simulate(config, crowd, server.url))


def test_the_short_help_is_each_commands_first_line() -> None:
    for name in ("serve", "simulate", "export", "import", "forget"):
        module, attribute, text = COMMANDS[name]
        assert module.startswith("study_server.")
        command = getattr(import_module(module), attribute)
        assert command.help.splitlines()[0] == text
        assert CliRunner().invoke(command, ["--help"]).exit_code == 0
