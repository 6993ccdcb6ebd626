"""The nginx file of deploy/, before the real server over real TLS; skipped where nginx is not installed."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import numpy as np
import pytest

from study_core.config import Config
from tests.study_server.made_study import make_config
from tests.study_server.served import Server
from tests.study_server.watched import FIELD

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
HOST = "study.example.org"


def find_port() -> int:
    """Return a free port below those that the system gives out, so that nobody gets it meanwhile."""
    for port in np.random.default_rng().permutation(np.arange(20_000, 32_000)).tolist():
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return int(port)
    raise OSError("no port is free")


def make_certificate(folder: Path) -> None:
    """Write a certificate that vouches for itself."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    made += ["-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, stimuli_folder: Path, repository: Path
) -> Iterator[tuple[httpx.Client, Path]]:
    """Return a client of the study behind nginx, and nginx's log."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "stimuli").symlink_to(stimuli_folder)
    make_certificate(folder)
    config: Config = make_config(
        folder, server={"public_url": f"https://{HOST}", "trusted_proxy": "127.0.0.1"}
    )
    with BehindProxy(config, "--port", str(upstream := find_port())):
        tls, plain = find_port(), find_port()
        text = (repository / "deploy/nginx.conf").read_text()
        for old, new in {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
            "server study:8000 ": f"server 127.0.0.1:{upstream} ",
            "/etc/nginx/tls": str(folder),
            "/tmp/nginx.pid": str(folder / "nginx.pid"),  # noqa: S108 (the container's)
            "/dev/stdout": str(folder / "access.log"),
        }.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "nginx.conf").write_text(text)
        nginx = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
        trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        with httpx.Client(base_url=f"https://{HOST}", transport=Directed(trust, tls)) as client:
            wait_for(tls)
            yield client, folder / "access.log"
        nginx.terminate()
        nginx.wait()


class BehindProxy(Server):
    """`study serve`, which says only the address that participants open."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"Participants: https://{HOST}/\n"
        return self


class Directed(httpx.BaseTransport):
    """Sends what is for the study's name to a port of this machine, and checks the certificate's name."""

    def __init__(self, trust: ssl.SSLContext, port: int) -> None:
        self._inner = httpx.HTTPTransport(verify=trust)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        url = request.url.copy_with(host="127.0.0.1", port=self._port)
        extensions = {**request.extensions, "sni_hostname": HOST}
        return self._inner.handle_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def wait_for(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


def send_form(client: httpx.Client, place: str, path: str, **fields: str) -> httpx.Response:
    """Send a page's form."""
    return client.post(path, data=dict(FIELD.findall(client.get(place).text)) | fields)


def test_the_study_begins_over_tls_with_a_cookie_bound_to_it(site: tuple[httpx.Client, Path]) -> None:
    client, _ = site
    began = send_form(client, "/", "/")
    assert (began.status_code, began.headers["location"]) == (303, "/consent")
    assert re.match(r"__Host-study=.*; Secure; HttpOnly; Path=/; SameSite=Lax$", began.headers["set-cookie"])
    assert "max-age" in began.headers["strict-transport-security"]
    assert "nginx/" not in str(client.get("/nothing").headers)
    assert client.get("/consent").status_code == 200


def test_health_is_not_for_the_world(site: tuple[httpx.Client, Path]) -> None:
    assert [site[0].get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [404] * 3


def test_what_is_too_large_ends_at_the_proxy(site: tuple[httpx.Client, Path]) -> None:
    assert site[0].post("/", content=b"a" * 70_000).status_code == 413


def test_no_forwarding_header_from_outside_is_a_new_address(site: tuple[httpx.Client, Path]) -> None:
    client, _ = site
    statuses = []
    for index in range(6):
        client.headers["X-Forwarded-For"] = f"198.51.100.{index}"
        statuses.append(
            send_form(client, "/researcher/login", "/researcher/login", password="no").status_code
        )
    assert statuses == [403] * 5 + [429]


def test_the_proxys_log_names_nobody(site: tuple[httpx.Client, Path]) -> None:
    client, path = site
    client.get(f"/trial/{'0a' * 16}?code=ABCD-EFGH-JKLM", headers={"User-Agent": "Rare Browser"})
    lines = path.read_text().splitlines()
    assert len(lines) > 10
    for line in lines:
        assert re.fullmatch(
            r"\S+T\S+ (GET|POST) (other|static|audio|trial|researcher|welcome) \d{3} \d+ [\d.]+", line
        )
