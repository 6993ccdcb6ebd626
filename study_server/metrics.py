"""What Prometheus may read: requests by route, their times, the process; nobody's answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server

from study_core.errors import StudyError

METHODS = ("GET", "HEAD", "POST")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics:
    """Counts and times the requests of one app in a registry of its own."""

    def __init__(self, app: Flask) -> None:
        """Begin to measure."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "study_requests", "Requests.", ["route", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "study_request_seconds", "Time to answer.", ["route"], buckets=SECONDS, registry=self.registry
        )
        app.after_request(self._count)

    def _count(self, response: Response) -> Response:
        # Never the path or whatever method a client makes up: each would be a series of its own.
        route = request.endpoint or "none"
        method = request.method if request.method in METHODS else "other"
        self._requests.labels(route, method, response.status_code).inc()
        self._seconds.labels(route).observe(time.perf_counter() - g.began_at)
        return response


@contextmanager
def serving_metrics(registry: CollectorRegistry, address: str | None) -> Iterator[str]:
    """Serve a registry at HOST:PORT while the block runs, beside the study and never through it.

    Gives the block their address, empty where none is wanted; port 0 is any free one.

    Raises
    ------
    StudyError
        If the address cannot be had.
    """
    if address is None:
        yield ""
        return
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), addr=host or "127.0.0.1", registry=registry)
    except (OSError, ValueError, OverflowError) as error:
        raise StudyError(
            f"Metrics cannot be served at {address} ({error}). Give --metrics as HOST:PORT, free and this "
            "machine's own, such as 127.0.0.1:9100."
        ) from None
    try:
        yield f"http://{host or '127.0.0.1'}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        _join(thread)


def _join(thread: threading.Thread) -> None:
    thread.join(timeout=5)
