"""Raw bytes: too large, too slow, two requests in one, lines in headers, parts of parts."""

import socket
import time

import pytest
from flask import Flask

from study_server import server as study_server
from study_server.security import HEADERS, MOST_REQUEST_BYTES
from tests.study_server.attacks.conftest import Victim
from tests.study_server.attacks.wire import Wire

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HOST = b"Host: localhost\r\n"
SMUGGLED = b"GET /researcher/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 65537\r\n\r\n", [413], id="a body too large"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n",
            [413],
            id="a length beyond numbers",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", [400], id="a negative length"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1e3\r\n\r\n",
            [400],
            id="a length that is no number",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x10\r\n\r\n", [400], id="a length in hex"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello",
            [400],
            id="a length with a sign",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", [431], id="a header too large"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 5000 + b"\r\n", [431], id="headers too many"
        ),
        pytest.param(
            b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", [431], id="an address too long"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n"
            + HOST
            + b"Transfer-Encoding: chunked\r\n\r\n20000\r\n"
            + b"a" * 0x20000
            + b"\r\n0\r\n\r\n",
            [413],
            id="chunks too large",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
            [400],
            id="a chunk without a size",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
            [400],
            id="a chunk of negative size",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            [501],
            id="a coding that is not known",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
            [501],
            id="almost chunked",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X Y: z\r\n\r\n", [400], id="a space in a header's name"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\nhello",
            [400],
            id="a space before the colon",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n", [400], id="a bare newline in a header"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n", [400], id="a bare return in a header"
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", [400], id="a TLS greeting"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [404, 400], id="an HTTP/2 greeting"),
        pytest.param(b"\x00" * 1000 + b"\r\n\r\n", [400], id="null bytes"),
        pytest.param(b"GET  / HTTP/1.1 HTTP/1.1\r\n\r\n", [400], id="two versions"),
    ],
)
def test_refused(request_bytes: bytes, statuses: list[int], wire: Wire) -> None:
    answer = wire.send(request_bytes, wait_s=3)
    assert answer.status in statuses, answer.raw[:300]
    assert b"Traceback" not in answer.raw
    assert not [name for name in (*HEADERS, "Cache-Control") if f"{name}: ".encode() not in answer.raw]
    assert wire.get("/healthz").status == 200


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param(b"Content-Length: 5\r\nContent-Length: 60\r\n\r\nhello", id="two lengths"),
        pytest.param(b"Content-Length: 5, 60\r\n\r\nhello", id="two lengths in one header"),
        pytest.param(
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="a length and chunks"
        ),
        pytest.param(
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", id="chunks and a length"
        ),
        pytest.param(
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", id="two codings"
        ),
        pytest.param(b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", id="a coding behind a tab"),
        pytest.param(b" Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="a folded coding"),
        pytest.param(b"Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", id="a coding with an underscore"),
    ],
)
def test_what_follows_a_doubtful_length_is_not_answered_as_the_next_request(
    lengths: bytes, wire: Wire
) -> None:
    """Where front and back may disagree on where a request ends, the connection must end with it."""
    answer = wire.send(b"POST /leave HTTP/1.1\r\n" + HOST + FORM + lengths + SMUGGLED, wait_s=2)
    assert 404 not in answer.statuses or answer.statuses == [400, 404], answer.statuses
    assert 200 not in answer.statuses


@pytest.mark.parametrize(
    "value",
    [
        "bytes=0-0,1-1,2-2",
        "bytes=" + ",".join(f"{n}-" for n in range(500)),
        "bytes=0-,0-,0-,0-",
        "bytes=5-2",
        "bytes=-0",
        "bytes=-99999999999",
        "bytes=99999999999-",
        "bytes=0-99999999999999999999",
        "bytes=a-b",
        "octets=0-5",
        "bytes=",
        "bytes",
        "bytes=--5",
        "bytes=0x0-0x5",
        "bytes= 0 - 5 ,",
    ],
)
def test_no_range_makes_the_server_send_more_than_the_clip(value: str, victim: Victim) -> None:
    sound = victim.participant.open("/").sound
    whole = victim.participant.client.get(sound).data
    reply = victim.participant.client.get(sound, headers={"Range": value})
    assert reply.status_code in {200, 206, 416}
    assert "multipart" not in (reply.content_type or "")
    assert len(reply.data) <= max(len(whole), 5000)


@pytest.mark.parametrize(
    "text", ["a\r\nSet-Cookie: planted=1", "a\nX: 1", "a\rX: 1", "%0d%0aSet-Cookie:planted=1", "a\u2028b"]
)
def test_no_field_becomes_a_header(text: str, victim: Victim, wire: Wire) -> None:
    victim.participant.open("/withdraw").send({"code": text, "participants": text})
    assert "planted" not in str(victim.participant.reply.headers)
    quoted = text.encode("utf-8").replace(b"\r", b"%0d").replace(b"\n", b"%0a").replace(b" ", b"%20")
    assert "planted" not in wire.get(b"/" + quoted).head
    assert "planted" not in wire.get(b"/researcher/login?a=" + quoted).head


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"]
)
def test_parts_without_end_are_never_read(kind: str, wire: Wire) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    body = (part * 2000)[: MOST_REQUEST_BYTES - 100]
    answer = wire.post("/", body, f"Content-Type: {kind}")
    assert answer.status == 415


def test_deep_json_is_never_read(wire: Wire) -> None:
    answer = wire.post("/", b"[" * 60_000, "Content-Type: application/json")
    assert answer.status == 415


def test_a_compressed_body_is_never_unpacked(wire: Wire) -> None:
    import gzip

    bomb = gzip.compress(b"\0" * 30_000_000)
    answer = wire.post("/", bomb, "Content-Encoding: gzip", "Content-Type: application/x-www-form-urlencoded")
    assert answer.status == 400


def test_thousands_of_fields_break_nothing(wire: Wire) -> None:
    assert wire.post("/", b"&".join(b"a%d=1" % n for n in range(8000))).status == 400


def test_a_request_that_drips_is_dropped(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_server, "RECEIVING_S", 1.5)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", wire.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        while not is_closed(slow) and time.monotonic() - began < 20:
            slow.send(b"X-A: b\r\n")
    assert time.monotonic() - began < 10


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the other side has closed a connection on which it owes nothing."""
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_slow_visitors_do_not_keep_others_waiting(wire: Wire) -> None:
    slow = [socket.create_connection(("127.0.0.1", wire.port)) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nhalf")
    assert wire.get("/healthz").status == 200
    assert not any(map(is_closed, slow[:5])), "they were dropped first"
    for connection in slow:
        connection.close()


def test_replies_name_neither_the_server_nor_its_version(wire: Wire, attacked: Flask) -> None:
    for path in ("/", "/nothing", "/healthz", attacked.static_url_path + "/study.css"):  # type: ignore[operator]
        head = wire.get(path).head
        assert {name.lower() for name in HEADERS} <= {
            line.split(":")[0].lower() for line in head.split("\r\n")
        }
        assert not [
            word
            for word in ("waitress", "werkzeug", "python", "flask", "x-powered-by")
            if word in head.lower()
        ]
