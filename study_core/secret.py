"""The study's secret key: it names stimuli, signs cookies, and never leaves the data folder."""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path


def load_secret(folder: Path, name: str = "key", *, n_bytes: int = 32) -> str:
    """Return the secret of that name in hex, made on first use in a file that only its owner can read."""
    path = folder / name
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return _make_secret(path, n_bytes)


def opaque_id(key: str, *parts: str) -> str:
    """Return 32 hex digits that stand for the parts and tell nothing to those without the key.

    HMAC-SHA256 cut to 128 bits: stable from run to run, so a rerun names the same things alike.
    """
    message = "/".join(parts).encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:32]


def _make_secret(path: Path, n_bytes: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    value = secrets.token_hex(n_bytes)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())  # a power failure must not leave an empty key under the name
        os.link(draft, path)
    except FileExistsError:  # another process was first: its secret counts
        value = path.read_text(encoding="ascii").strip()
    finally:
        Path(draft).unlink()
    return value
