"""The production server: checks first, says its addresses once it listens, stops on a signal."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import waitress.server
from flask import Flask

from study_core.config import ServerConfig
from study_core.errors import StudyError
from study_server.security import MOST_REQUEST_BYTES

ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 (recognised here, never the default)


def open_server(app: Flask, server: ServerConfig, port: int | None = None) -> Any:
    """Return a server that listens already; its `run` answers.

    Raises
    ------
    StudyError
        If the address cannot be had.
    """
    wanted = server.port if port is None else port
    try:
        return waitress.server.create_server(
            app,
            host=server.host,
            port=wanted,
            threads=server.threads,
            ident="",
            max_request_body_size=MOST_REQUEST_BYTES,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StudyError(
            f"The server cannot listen on {server.host}:{wanted} ({reason}). Stop what runs there, or choose "
            "another with server.host and server.port in config.yaml, or --port."
        ) from None


def describe_address(server: Any, host: str) -> str:
    """Return the address that a browser opens."""
    shown = _find_own_address() if host in ANYWHERE else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{server.effective_port}"


@contextmanager
def stopping_in_order(server: Any) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the block without a traceback; requests in progress are finished."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job begins with SIGINT ignored
        signal.signal(number, _stop)
    try:
        yield
    finally:
        server.close()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # the server's loop takes it as the wish to shut down in order


def _find_own_address() -> str:
    """Return this machine's address in its network; asking for a route sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
