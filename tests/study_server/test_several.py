"""Two studies in one real server: nothing of one reaches the other, neither a visitor nor a researcher."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route
from sqlalchemy.exc import OperationalError

from study_core.config import Config, load_config
from study_core.errors import StudyError
from study_core.manifest import read_manifest, write_manifest
from study_core.types import Stimulus
from study_server.phases import begin_phase
from study_server.several import NamedStudy, SeveralStudies, choose_address, find_studies, mount
from study_server.store import find_store
from study_server.tables import StudySession
from tests.study_server.browsing import Visitor, require_no_overflow
from tests.study_server.made_study import make_config
from tests.study_server.served import STUDY, write_config

NAMES = ("first", "second")
PASSWORD = "correct horse"


def make_studies(folder: Path, stimuli: Path) -> Path:
    """Write two studies into a folder; the second has fewer of the stimuli."""
    for name, per_system in zip(NAMES, (8, 7), strict=True):
        data = folder / name / "data"
        shutil.copytree(stimuli, data / "stimuli")
        kept = [s for s in read_manifest(stimuli / "stimuli.csv", Stimulus) if s.seed < per_system]
        write_manifest(data / "stimuli/stimuli.csv", kept)
        config = make_config(data, title=f"The {name} study", clips={"per_system": per_system})
        write_config(config, folder / name / "config.yaml")
    return folder


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory, stimuli_folder: Path) -> Path:
    return make_studies(tmp_path_factory.mktemp("studies"), stimuli_folder)


@pytest.fixture(scope="module")
def address(studies: Path) -> Iterator[str]:
    """Serve both; yield the server's address."""
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment["STUDY_RESEARCHER_PASSWORD"] = PASSWORD
    command = [*STUDY, "serve", "--study", str(studies)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    url = re.search(r"http://\S+:\d+", lines[0])
    assert url, lines
    assert [f"{url[0]}/{name}" in line for name in NAMES for line in lines] == [1, 1, 0, 0, 0, 0, 1, 1]
    yield url[0]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def read_config(studies: Path, name: str) -> Config:
    return load_config(studies / name / "config.yaml")


def list_sessions(studies: Path, name: str) -> list[StudySession]:
    store = find_store(read_config(studies, name).folders.database)
    with store.read() as db:
        sessions = db.query(StudySession).all()
    store.close()
    return sessions


def test_one_browser_takes_both_studies_and_each_keeps_its_own(
    browser: Browser, address: str, studies: Path
) -> None:
    with Visitor(browser, address, read_config(studies, "first"), "/first/") as visitor:
        asked: list[str] = []
        visitor.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        visitor.begin()
        visitor.answer()
        first_trial = visitor.page.url
        visitor.page.goto(f"{address}/second/")
        assert "The second study" in visitor.page.inner_text("header")
        visitor.config = read_config(studies, "second")
        visitor.begin()
        visitor.page.goto(f"{address}/first/")
        assert visitor.page.url == first_trial
        visitor.finish()
        outside = [path for path in asked if not path.startswith(("/first/", "/second/", "blob"))]
        assert [path for path in outside if path.startswith("/")] == []
        cookies = {cookie["name"]: cookie["path"] for cookie in visitor.context.cookies()}
    assert cookies == {"study-first": "/first/", "study-second": "/second/"}
    assert [session.n_judged for session in list_sessions(studies, "first")] == [8]
    assert [session.n_judged for session in list_sessions(studies, "second")] == [0]


def test_every_redirect_address_and_sound_stays_below_the_studys_name(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        reply = client.get("/second?lang=es&PROLIFIC_PID=abc")
        assert (reply.status_code, reply.headers["location"]) == (308, "/second/?lang=es&PROLIFIC_PID=abc")
        page = client.get(reply.headers["location"])
        assert 'lang="es"' in page.text
        addresses = re.findall(r'(?:href|src|action|content)="(/[^"]*)"', page.text)
        assert len(addresses) > 3
        assert [one for one in addresses if not one.startswith("/second/")] == []
        assert client.get("/second/consent").headers["location"] == "/second/"
        assert client.get("/second/audio/00000000.mp3").status_code == 404
        assert "first" not in page.text.replace("first-", "")


def test_simulated_listeners_take_the_study_that_they_are_sent_to(address: str, studies: Path) -> None:
    for name, n in (("first", 2), ("second", 3)):
        command = [*STUDY, "--config", str(studies / name / "config.yaml"), "simulate"]
        subprocess.run(
            [*command, "--participants", str(n), "--url", f"{address}/{name}"],
            check=True,
            capture_output=True,
        )
        simulated = [session for session in list_sessions(studies, name) if session.is_simulated]
        assert len([session for session in simulated if session.finished_at]) == n


def test_listeners_of_one_study_are_no_listeners_of_the_other(address: str, studies: Path) -> None:
    command = [*STUDY, "--config", str(studies / "first/config.yaml"), "simulate"]
    done = subprocess.run(
        [*command, "--participants", "1", "--url", f"{address}/second"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "it runs on another data folder" in done.stderr


def log_in(client: httpx.Client, name: str) -> None:
    page = client.get(f"/{name}/researcher/login")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    reply = client.post(f"/{name}/researcher/login", data={"csrf_token": token[1], "password": PASSWORD})
    assert reply.headers["location"] == f"/{name}/researcher"


def test_a_login_opens_one_study_only_even_where_the_password_is_the_same(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        log_in(client, "first")
        assert client.get("/first/researcher").status_code == 200
        assert client.get("/second/researcher").headers["location"] == "/second/researcher/login"
        stolen = client.cookies.get("study-first")
        forged = client.get("/second/researcher", headers={"Cookie": f"study-second={stolen}"})
        assert forged.headers["location"] == "/second/researcher/login"


def test_each_study_has_a_protocol_of_its_own(studies: Path) -> None:
    several = SeveralStudies(find_studies([studies]))
    hashes = {app.extensions["study"].protocol.sha256 for app in several.apps.values()}
    several.close()
    assert len(hashes) == 2


def test_the_index_tells_nothing_and_the_servers_health_stands_beside_each_studys(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        index = client.get("/")
        assert (index.status_code, client.get("/researcher").status_code) == (200, 404)
        for told in (*NAMES, "study server", "Werkzeug"):
            assert told not in index.text + client.get("/third/").text + str(index.headers)
        assert index.headers["content-security-policy"].startswith("default-src 'none'")
        assert client.post("/").status_code == 405
        assert client.get("/healthz").json() == {"alive": True}
        assert client.get("/readyz").json() == {"ready": True}
        assert client.get("/first/readyz").json()["stimuli"] is True


def list_named(several: SeveralStudies, path: str = "/") -> tuple[str, set[str]]:
    """Return the server's first page, and which studies it names."""
    with httpx.Client(transport=httpx.WSGITransport(several), base_url="http://study") as client:
        reply = client.get(path)
    assert "set-cookie" not in reply.headers
    return reply.text, {name for name in NAMES if name in reply.text.replace("first-", "")}


def test_the_first_page_names_a_study_where_it_asks_to_be_listed_and_only_while_it_is_open(
    tmp_path: Path, stimuli_folder: Path, browser: Browser
) -> None:
    studies = find_studies([make_studies(tmp_path, stimuli_folder)])
    recruitment = studies[0].config.recruitment.model_copy(update={"listed": True, "reward": "a song"})
    listed = NamedStudy("first", studies[0].config.model_copy(update={"recruitment": recruitment}))
    several = SeveralStudies([listed, studies[1]])
    text, named = list_named(several)
    assert named == {"first"}
    assert all(told in text for told in ("The first study", "8 short clips", "About 10 minutes", "a song"))
    translated, _ = list_named(several, "/?lang=es")
    assert 'href="/first/?lang=es"' in translated
    assert "Participa en un estudio de escucha" in translated
    require_well_made(browser, text, several)
    store = several.apps["first"].extensions["study"].store
    for phase in ("paused", "closed"):
        with store.write() as db:
            begin_phase(db, "1", phase, "a test")
        nothing, named = list_named(several)
        assert named == set()
        assert "There is nothing to see here" in nothing
        assert list_named(several, "/nowhere") == (nothing, set())
    several.close()


@pytest.mark.parametrize("fault", [OperationalError("SELECT", {}, Exception("gone")), OSError(5, "gone")])
def test_a_study_whose_store_is_gone_is_not_named_and_the_others_are(
    tmp_path: Path, stimuli_folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    studies = []
    for named in find_studies([make_studies(tmp_path, stimuli_folder)]):
        recruitment = named.config.recruitment.model_copy(update={"listed": True})
        studies.append(NamedStudy(named.name, named.config.model_copy(update={"recruitment": recruitment})))
    several = SeveralStudies(studies)

    def fail() -> None:
        raise fault

    with monkeypatch.context() as broken:
        broken.setattr(several.apps["first"].extensions["study"].store, "read", fail)
        text, named = list_named(several)
        assert named == {"second"}
        assert "The second study" in text
    assert list_named(several)[1] == set(NAMES)
    several.close()


def require_well_made(browser: Browser, text: str, several: SeveralStudies) -> None:
    """Fail where the page is not accessible, or too wide for a phone; its static files come from the app."""
    with httpx.Client(transport=httpx.WSGITransport(several), base_url="http://study") as client:
        page = browser.new_page(viewport={"width": 390, "height": 844})

        def serve(route: Route) -> None:
            reply = client.get(urlsplit(route.request.url).path)
            assert reply.status_code == 200, route.request.url
            route.fulfill(status=200, headers=dict(reply.headers), body=reply.content)

        page.route("**/*", serve)
        page.goto("http://study/")
        assert page.inner_text("h1") in text
        results = Axe().run(page)
        assert not results.violations_count, results.generate_report()
        require_no_overflow(page)
        page.close()


def test_a_study_that_is_not_ready_makes_the_server_not_ready(tmp_path: Path, stimuli_folder: Path) -> None:
    several = SeveralStudies(find_studies([make_studies(tmp_path, stimuli_folder)]))
    lost = several.apps["second"].extensions["study"].protocol.stimuli[0].stimulus_file
    (tmp_path / "second/data/stimuli" / lost).unlink()
    with httpx.Client(transport=httpx.WSGITransport(several), base_url="http://study") as client:
        assert (client.get("/readyz").status_code, client.get("/first/readyz").status_code) == (503, 200)
    several.close()


def test_all_that_keeps_studies_from_being_served_together_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("a/pilot", "b/pilot", "c/Main Study", "d/healthz"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config.yaml").write_text(f"data_dir: {tmp_path / 'data'}\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@nowhere/study")
    with pytest.raises(StudyError) as caught:
        find_studies([tmp_path / name for name in "abcd"])
    message = str(caught.value)
    for named in (
        "2 folders are called pilot: rename all but one",
        "'Main Study' cannot be part of an address",
        "'healthz' cannot be part of an address",
        f"4 studies keep their data in {tmp_path / 'data'}",
        "2 studies keep their tables in the schema study_pilot",
    ):
        assert named in message


def test_a_folder_without_a_study_says_so(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="is no study and holds none"):
        find_studies([tmp_path])


def test_studies_that_want_different_addresses_are_refused(studies: Path, tmp_path: Path) -> None:
    named = find_studies([studies])
    other = make_config(tmp_path, server={"port": 9})
    with pytest.raises(StudyError, match="the section `server` of second differs from that of first"):
        choose_address([named[0], type(named[0])("second", other)])


def test_studies_that_cannot_be_opened_are_all_named(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text("title: x\n")
    with pytest.raises(StudyError, match="2 of 2 studies cannot be served") as caught:
        SeveralStudies(find_studies([tmp_path]))
    assert str(caught.value).count("stimuli.csv is missing") == 2


def test_with_tls_the_cookie_stays_bound_to_the_host(studies: Path) -> None:
    config = read_config(studies, "first")
    server = config.server.model_copy(update={"public_url": "https://study.example.org"})
    study = type(find_studies([studies])[0])("first", config.model_copy(update={"server": server}))
    several = SeveralStudies([study])
    app = mount(several.apps["first"], "")
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-study-first")
    assert app.config.get("SESSION_COOKIE_PATH") is None
    several.close()


def test_metrics_tell_the_studies_apart(tmp_path: Path, stimuli_folder: Path) -> None:
    from prometheus_client import generate_latest

    from study_server.hosting import host_several

    hosted = host_several([make_studies(tmp_path, stimuli_folder)])
    with httpx.Client(transport=httpx.WSGITransport(hosted.answer), base_url="http://study") as client:
        client.get("/first/")
    told = generate_latest(hosted.registry).decode()
    hosted.close()
    assert (
        'study_requests_total{method="GET",route="participant.welcome",status="200",study="first"} 1.0'
        in told
    )
    assert told.count("# TYPE study_requests_total counter") == 1
