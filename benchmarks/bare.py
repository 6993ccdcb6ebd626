"""What no study server can beat: a committed insert without any server, and a server without any study."""

import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

ROW = (True, 3, False, 6.0, 1, 0, 0, 1.0, 0.1, 7.5, 0, "en", "2026-01-01T00:00:00.000Z")
"""As wide as a judgment, which has a text for a key beside it."""
TABLE = f"CREATE TABLE bare (id text PRIMARY KEY, {', '.join(f'v{i} text' for i in range(len(ROW)))})"
PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
Insert = Callable[[], object]


def open_bare(path: Path) -> Insert:
    """Return what inserts and commits a row by one connection, as durably as the study's store.

    Into the database that DATABASE_URL names, else into an SQLite file.
    """
    url = os.environ.get("DATABASE_URL")
    marks = ", ".join(["%s" if url else "?"] * (1 + len(ROW)))
    statement = f"INSERT INTO bare VALUES ({marks})"  # noqa: S608 (marks only)
    if url:
        there = psycopg.connect(url, autocommit=True)
        there.execute(TABLE.encode())
        row = [str(value) for value in ROW]
        return lambda: there.execute(statement.encode(), (secrets.token_hex(16), *row), prepare=True)
    bare = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in (*PRAGMAS, TABLE):
        bare.execute(pragma)
    return lambda: bare.execute(statement, (secrets.token_hex(16), *ROW))


def insert_for(duration_s: float, insert: Insert) -> float:
    """Return how often per second that can be done."""
    n, began = 0, time.perf_counter()
    while time.perf_counter() - began < duration_s:
        insert()
        n += 1
    return n / (time.perf_counter() - began)


def serve_hello() -> None:
    """Answer every form with a word, by Flask and by the server that the study runs on."""
    from flask import Flask, request

    from study_core.config import ServerConfig
    from study_server.server import noting_signals, open_server, run

    app = Flask(__name__)

    @app.post("/hello")
    def hello() -> str:
        return f"hello {len(request.form)}"

    server = open_server(app, ServerConfig(), 0)
    sys.stdout.write(f"http://127.0.0.1:{server.effective_port}/\n")
    sys.stdout.flush()
    with noting_signals() as stop:
        run(server, stop)


if __name__ == "__main__":
    serve_hello()
