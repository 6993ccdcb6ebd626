"""Raw bytes to a server and back, for what no proper client would send."""

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What came back: all bytes until the server closed or fell silent."""

    raw: bytes

    @property
    def status(self) -> int:
        """The first status line's number; 0 where there is none."""
        parts = self.raw.split(b" ", 2)
        return int(parts[1]) if self.raw.startswith(b"HTTP/") and len(parts) > 1 else 0

    @property
    def statuses(self) -> list[int]:
        """The numbers of all status lines."""
        return [int(part[2:5]) for part in (b"\n" + self.raw).split(b"\nHTTP/1.")[1:]]

    @property
    def head(self) -> str:
        """The first reply's headers."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        """What follows the first reply's headers."""
        return self.raw.partition(b"\r\n\r\n")[2]


@dataclass(frozen=True)
class Wire:
    """A server's port on this machine."""

    port: int

    def send(self, request: bytes, *, wait_s: float = 5.0) -> Answer:
        """Send bytes; return what came until the connection closed, or nothing came for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as connection:
            received = b""
            try:
                connection.sendall(request)
                while chunk := connection.recv(65536):
                    received += chunk
            except (TimeoutError, ConnectionError):
                pass
        return Answer(received)

    def get(self, path: str | bytes, *headers: str, method: str = "GET", host: str = "localhost") -> Answer:
        """Send a request without a body; the path goes out as it is."""
        target = path.encode() if isinstance(path, str) else path
        lines = [f"Host: {host}", "Connection: close", *headers]
        return self.send(
            method.encode() + b" " + target + b" HTTP/1.1\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n"
        )

    def post(self, path: str, body: bytes, *headers: str) -> Answer:
        """Send a form."""
        kind = "Content-Type: application/x-www-form-urlencoded"
        lines = ["Host: localhost", "Connection: close", f"Content-Length: {len(body)}", *(headers or [kind])]
        return self.send(
            f"POST {path} HTTP/1.1\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        )
