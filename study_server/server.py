"""The production server: checks first, says its addresses once it listens, ends what it began."""

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import waitress.channel
import waitress.server
import waitress.task

from study_core.config import ServerConfig
from study_core.errors import StudyError
from study_server.security import HEADERS, MOST_REQUEST_BYTES

ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 (recognised here, never the default)
MOST_CONNECTIONS = 2000
MOST_HEADER_BYTES = 16 * 1024
IDLE_S = 60
RECEIVING_S = 20
"""A request that is not here whole after that long is dropped, however lively it drips."""
STOPPING_S = 20
TICK_S = 1.0
BACKLOG = 1024
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


class Refusal(waitress.task.ErrorTask):  # type: ignore[misc]  # waitress has no types
    """The answer to a request that no app sees, too large or not HTTP; guarded as every other answer is."""

    def execute(self) -> None:
        """Answer."""
        self.response_headers += [*HEADERS.items(), ("Cache-Control", "no-store")]
        super().execute()


class Channel(waitress.channel.HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection."""

    error_task_class = Refusal


def open_server(app: Callable[..., Any], server: ServerConfig, port: int | None = None) -> Any:
    """Return a server of a WSGI app that listens already; `run` makes it answer.

    Raises
    ------
    StudyError
        If the address cannot be had.
    """
    wanted = server.port if port is None else port
    proxy = {"trusted_proxy": server.trusted_proxy, "trusted_proxy_headers": PROXY_HEADERS}
    try:
        opened = waitress.server.create_server(
            app,
            sockets=[_listen(server.host, wanted)],
            threads=server.threads,
            ident="",
            max_request_body_size=MOST_REQUEST_BYTES,
            max_request_header_size=MOST_HEADER_BYTES,
            connection_limit=min(MOST_CONNECTIONS, _allow_open_files(MOST_CONNECTIONS + 500) - 500),
            channel_timeout=IDLE_S,
            cleanup_interval=IDLE_S // 4,
            asyncore_use_poll=True,
            **(proxy if server.trusted_proxy else {}),
        )
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else str(error)  # names are looked up under negative ones
        raise StudyError(
            f"The server cannot listen on {server.host}:{wanted} ({reason}). Stop what runs there, or choose "
            "another with server.host and server.port in config.yaml, or --port."
        ) from None
    opened.channel_class = Channel
    return opened


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def describe_address(server: Any, config: ServerConfig) -> str:
    """Return the address that a browser opens."""
    if config.public_url:
        return config.public_url
    shown = _find_own_address() if config.host in ANYWHERE else config.host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{server.effective_port}"


class Stop:
    """Notes the first Ctrl-C or SIGTERM; a second Ctrl-C ends the process at once."""

    def __init__(self) -> None:
        self.is_wanted = False

    def __call__(self, number: int, _frame: object) -> None:
        """Note a signal."""
        self.is_wanted = True
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def noting_signals() -> Iterator[Stop]:
    """Turn Ctrl-C and SIGTERM into a wish to stop while the block runs."""
    stop = Stop()
    numbers = (signal.SIGTERM, signal.SIGINT)  # a shell's background job begins with SIGINT ignored
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def run(server: Any, stop: Stop) -> None:
    """Answer until somebody wants to stop; then take no more, end what was begun, and return."""
    began: dict[Any, float] = {}
    look_at = 0.0
    while not stop.is_wanted:
        _turn(server)
        if time.monotonic() >= look_at:
            _drop_slow_requests(server, began)
            look_at = time.monotonic() + TICK_S
    server.accepting = False
    server.socket.close()  # whoever comes now is refused by the system and tries again elsewhere
    server.del_channel()
    until = time.monotonic() + STOPPING_S
    while _is_busy(server) and time.monotonic() < until:
        _turn(server)
    server.task_dispatcher.shutdown()
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.trigger.close()


def _turn(server: Any) -> None:
    server.asyncore.loop(timeout=TICK_S, use_poll=True, map=server._map, count=1)  # noqa: SLF001 (it has no other name)


def _is_busy(server: Any) -> bool:
    channels = list(server.active_channels.values())
    return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)


def _drop_slow_requests(server: Any, began: dict[Any, float]) -> None:
    """Close the connections whose request has been on its way for too long."""
    now = time.monotonic()
    receiving = [channel for channel in list(server.active_channels.values()) if channel.request is not None]
    for channel in began.keys() - set(receiving):
        del began[channel]
    for channel in receiving:
        if now - began.setdefault(channel, now) > RECEIVING_S:
            channel.will_close = True


def _allow_open_files(wanted: int) -> int:
    """Raise this process's limit of open files towards what is wanted; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return max(soft, most) if soft != resource.RLIM_INFINITY else wanted


def _find_own_address() -> str:
    """Return this machine's address in its network; asking for a route sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
